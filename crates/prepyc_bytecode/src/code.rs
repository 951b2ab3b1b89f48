//! Code objects, and the program whose outermost one stands for a module.

use std::fmt;
use std::sync::Arc;

use prepyc_version::PyVersion;

use crate::error::FormatError;
use crate::marshal;
use crate::repr::Repr;
use crate::{BytesId, Constant, NamesId, PyStr, StrId, Strings};

/// A compiled module: a version of Python, its strings and its code objects.
///
/// Two programs are equal if every field of every code object is, by type and value; the order in which
/// their strings were interned does not matter.
#[derive(Clone, Debug)]
pub struct Program {
    /// The Python that runs it.
    pub version: PyVersion,
    /// Every string of the program.
    pub strings: Strings,
    /// The module's code object.
    pub code: CodeObject,
}

/// A code object. Fields are named after Python's `co_*` attributes and mean the same.
///
/// Strings, byte strings and lists of names stand in the program's [`Strings`], each once, as CPython shares them between
/// code objects.
#[derive(Clone, Debug)]
pub struct CodeObject {
    /// Positional parameters, the positional-only ones included.
    pub argcount: u32,
    /// Positional-only parameters.
    pub posonlyargcount: u32,
    /// Keyword-only parameters.
    pub kwonlyargcount: u32,
    /// Slots of the value stack that the code needs.
    pub stacksize: u32,
    /// `CO_*` flag bits.
    pub flags: u32,
    /// The instructions, two bytes each, with zeroed inline caches.
    pub code: BytesId,
    /// Constants, in the order instructions refer to them.
    pub consts: Arc<[Constant]>,
    /// Names of globals, attributes and imports.
    pub names: NamesId,
    /// Names of all locals, cells and free variables, in slot order.
    pub localsplusnames: NamesId,
    /// What each of `localsplusnames` is, in the bits of [`LocalKind`].
    pub localspluskinds: BytesId,
    /// The source's path.
    pub filename: StrId,
    /// The name of the function or class, or `<module>` and the like.
    pub name: StrId,
    /// The dotted name from the module on.
    pub qualname: StrId,
    /// The first line, counted from 1.
    pub firstlineno: i32,
    /// The location table (see `location_table`).
    pub linetable: BytesId,
    /// The exception table (see `exception_table`).
    pub exceptiontable: BytesId,
}

/// The bits of a byte in `localspluskinds` (CPython: `Include/internal/pycore_code.h`, `CO_FAST_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalKind(pub u8);

impl LocalKind {
    /// A local of an inlined comprehension, which `locals()` leaves out.
    pub const HIDDEN: LocalKind = LocalKind(0x10);
    /// A local variable or parameter.
    pub const LOCAL: LocalKind = LocalKind(0x20);
    /// A variable that an inner function uses.
    pub const CELL: LocalKind = LocalKind(0x40);
    /// A variable of an outer function.
    pub const FREE: LocalKind = LocalKind(0x80);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: LocalKind) -> bool {
        self.0 & other.0 == other.0
    }
}

impl CodeObject {
    /// The code objects among the constants, in their order.
    pub fn inner(&self) -> Vec<&CodeObject> {
        let mut found = Vec::new();
        collect_code(&self.consts, &mut found);
        found
    }

    /// `co_varnames`: the locals, parameters first.
    pub fn varnames(&self, strings: &Strings) -> impl Iterator<Item = StrId> {
        self.locals_of_kind(strings, LocalKind::LOCAL)
    }

    /// `co_cellvars`: the variables that inner functions use, parameters among them.
    pub fn cellvars(&self, strings: &Strings) -> impl Iterator<Item = StrId> {
        self.locals_of_kind(strings, LocalKind::CELL)
    }

    /// `co_freevars`: the variables of outer functions.
    pub fn freevars(&self, strings: &Strings) -> impl Iterator<Item = StrId> {
        self.locals_of_kind(strings, LocalKind::FREE)
    }

    fn locals_of_kind(&self, strings: &Strings, kind: LocalKind) -> impl Iterator<Item = StrId> {
        let kinds = strings.bytes(self.localspluskinds).iter().map(|&bits| LocalKind(bits));
        let named = strings.names(self.localsplusnames).iter().copied().zip(kinds);
        named.filter(move |(_, bits)| bits.contains(kind)).map(|(name, _)| name)
    }
}

/// The code objects among constants; a compiler writes them nowhere but directly in `co_consts`.
fn collect_code<'a>(constants: &'a [Constant], found: &mut Vec<&'a CodeObject>) {
    for constant in constants {
        match constant {
            Constant::Code(code) => found.push(code),
            Constant::Tuple(elements) => collect_code(elements, found),
            _ => {}
        }
    }
}

impl Constant {
    /// As Python's `repr` shows it; code objects without an address.
    pub fn repr<'a>(&'a self, strings: &'a Strings) -> impl fmt::Display + 'a {
        Repr { constant: self, strings }
    }
}

impl Program {
    /// A constant as Python's `repr` shows it; code objects without an address.
    pub fn repr<'a>(&'a self, constant: &'a Constant) -> impl fmt::Display + 'a {
        Repr { constant, strings: &self.strings }
    }

    /// Reads what `marshal.dumps` of that version made of a code object.
    ///
    /// # Errors
    /// If the bytes are anything else; no input makes this panic, recurse without limit or allocate more
    /// than a small multiple of its length.
    pub fn from_marshal(bytes: &[u8], version: PyVersion) -> Result<Program, FormatError> {
        marshal::read_program(bytes, version)
    }

    /// The canonical marshal bytes: a function of the program's value alone.
    pub fn to_marshal(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.to_marshal_into(&mut bytes);
        bytes
    }

    /// Appends what [`Program::to_marshal`] returns.
    pub fn to_marshal_into(&self, bytes: &mut Vec<u8>) {
        marshal::write_program(self, bytes);
    }

    /// A byte string of this program.
    pub fn bytes(&self, id: BytesId) -> &[u8] {
        self.strings.bytes(id)
    }

    /// A list of names of this program.
    pub fn names(&self, id: NamesId) -> &[StrId] {
        self.strings.names(id)
    }

    /// The text of a string of this program.
    pub fn str(&self, id: StrId) -> PyStr<'_> {
        self.strings.get(id)
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Program) -> bool {
        self.version == other.version && self.to_marshal() == other.to_marshal()
    }
}

impl Eq for Program {}

/// The kinds by name; bits without one as a number.
impl fmt::Display for LocalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            [(Self::LOCAL, "local"), (Self::CELL, "cell"), (Self::FREE, "free"), (Self::HIDDEN, "hidden")];
        let mut unnamed = self.0;
        let mut space = "";
        for (kind, name) in names {
            if self.contains(kind) {
                write!(f, "{space}{name}")?;
                unnamed &= !kind.0;
                space = " ";
            }
        }
        if unnamed != 0 || self.0 == 0 { write!(f, "{space}{unnamed:#04x}") } else { Ok(()) }
    }
}
