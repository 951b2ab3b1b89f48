//! What is known of a code object besides its instructions, while it is being compiled.
//!
//! Mirrors CPython's `_PyCompile_CodeUnitMetadata`. Code generation fills it in, the passes fold constants into it,
//! `assemble` turns it into a [`prepyc_bytecode::CodeObject`].

use prepyc_bytecode::StrId;

use crate::constants::{ConstantTable, NameTable};

/// Everything of a code object that code generation decides, bar the instructions.
#[derive(Clone, Debug)]
pub struct CodeUnitMetadata {
    /// `co_name`.
    pub name: StrId,
    /// `co_qualname`.
    pub qualname: StrId,
    /// `co_firstlineno`: a decorated definition begins at its first decorator.
    pub firstlineno: u32,
    /// `co_flags`, complete.
    pub flags: CodeFlags,
    /// Positional parameters that have keywords too (unlike `co_argcount`, without the positional-only ones).
    pub argcount: u32,
    /// Positional-only parameters.
    pub posonlyargcount: u32,
    /// Keyword-only parameters.
    pub kwonlyargcount: u32,
    /// The constants; number 0 stays even if nothing loads it: it may be the docstring.
    pub consts: ConstantTable,
    /// Names of globals, attributes and imports.
    pub names: NameTable,
    /// Fast locals, parameters first.
    pub varnames: NameTable,
    /// Variables that inner code objects use; a parameter stands both here and in `varnames`.
    pub cellvars: NameTable,
    /// Variables of outer code objects.
    pub freevars: NameTable,
    /// Those of `varnames` that belong to an inlined comprehension of a module or class.
    pub fasthidden: NameTable,
}

impl CodeUnitMetadata {
    /// A unit of that name without variables or constants.
    #[must_use]
    pub fn new(name: StrId, qualname: StrId, firstlineno: u32) -> CodeUnitMetadata {
        CodeUnitMetadata {
            name,
            qualname,
            firstlineno,
            flags: CodeFlags::NONE,
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            consts: ConstantTable::default(),
            names: NameTable::default(),
            varnames: NameTable::default(),
            cellvars: NameTable::default(),
            freevars: NameTable::default(),
            fasthidden: NameTable::default(),
        }
    }

    /// Makes it that of another unit without variables or constants, keeping its memory.
    pub(crate) fn reset(&mut self, name: StrId, qualname: StrId, firstlineno: u32) {
        let CodeUnitMetadata { consts, names, varnames, cellvars, freevars, fasthidden, .. } = self;
        consts.clear();
        [names, varnames, cellvars, freevars, fasthidden].into_iter().for_each(NameTable::clear);
        (self.name, self.qualname, self.firstlineno) = (name, qualname, firstlineno);
        self.flags = CodeFlags::NONE;
        (self.argcount, self.posonlyargcount, self.kwonlyargcount) = (0, 0, 0);
    }

    /// How many of `varnames` are parameters, `*args` and `**kwargs` among them.
    #[must_use]
    pub fn parameter_count(&self) -> u32 {
        let stars = u32::from(self.flags.contains(CodeFlags::VARARGS))
            + u32::from(self.flags.contains(CodeFlags::VARKEYWORDS));
        self.argcount + self.posonlyargcount + self.kwonlyargcount + stars
    }

    /// Whether calling it makes a generator or coroutine of some kind.
    #[must_use]
    pub fn is_generator(&self) -> bool {
        self.flags.0 & (CodeFlags::GENERATOR.0 | CodeFlags::COROUTINE.0 | CodeFlags::ASYNC_GENERATOR.0) != 0
    }
}

/// `co_flags` (CPython: `Include/cpython/code.h`, `CO_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeFlags(pub u32);

impl CodeFlags {
    /// No flag.
    pub const NONE: CodeFlags = CodeFlags(0);
    /// Locals are fast.
    pub const OPTIMIZED: CodeFlags = CodeFlags(0x1);
    /// A call makes a new namespace.
    pub const NEWLOCALS: CodeFlags = CodeFlags(0x2);
    /// There is a `*args`.
    pub const VARARGS: CodeFlags = CodeFlags(0x4);
    /// There is a `**kwargs`.
    pub const VARKEYWORDS: CodeFlags = CodeFlags(0x8);
    /// It stands within a function.
    pub const NESTED: CodeFlags = CodeFlags(0x10);
    /// A generator function.
    pub const GENERATOR: CodeFlags = CodeFlags(0x20);
    /// An `async def`.
    pub const COROUTINE: CodeFlags = CodeFlags(0x80);
    /// An `async def` that yields.
    pub const ASYNC_GENERATOR: CodeFlags = CodeFlags(0x200);
    /// The first constant is a docstring (3.14 on).
    pub const HAS_DOCSTRING: CodeFlags = CodeFlags(0x400_0000);
    /// Defined in a class (3.14 on).
    pub const METHOD: CodeFlags = CodeFlags(0x800_0000);

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: CodeFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: CodeFlags) -> CodeFlags {
        CodeFlags(self.0 | other.0)
    }
}
