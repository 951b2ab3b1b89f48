//! The unit being compiled: entering and leaving a code object.

use std::borrow::Cow;
use std::sync::Arc;

use prepyc_bytecode::{CodeObject, Constant, PyStr, StrId};
use prepyc_syntax::ast::{self, Stmt, StmtKind};
use prepyc_syntax::{ErrorKind, SyntaxError};
use prepyc_version::DroppedDocstring;

use super::by_name::ByName;
use super::frame_block::FrameBlock;
use super::{Codegen, Failure, Generated, NameTables, Variable, place};
use crate::docstring::docstring;
use crate::location::Location;
use crate::op::Op;
use crate::sequence::{InstructionSequence, Label};
use crate::symtable::{NameScope, NodeKey, Scope, ScopeId, ScopeKind, SymbolFlags, Symtable};
use crate::unit::{CodeFlags, CodeUnitMetadata};

/// What kind of code a unit is, as far as names of inner units and errors ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitKind {
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    Comprehension,
    TypeParameters,
    Annotations,
}

/// A code object in the making.
pub(super) struct CompilerUnit<'a> {
    pub(super) kind: UnitKind,
    pub(super) scope: ScopeId,
    /// Whether names in it are locals, cells or globals as they are written: no class is asked, nothing is mangled.
    pub(super) is_plain_function: bool,
    pub(super) sequence: InstructionSequence,
    pub(super) metadata: CodeUnitMetadata,
    /// The class whose private names are mangled.
    pub(super) private: Option<StrId>,
    pub(super) frame_blocks: Vec<FrameBlock<'a>>,
    /// Inside how many inlined comprehensions.
    pub(super) inlined_depth: u32,
    /// Names that are fast locals of an inlined comprehension at the moment, in a module or class.
    pub(super) hidden: Vec<StrId>,
    /// Attributes that methods give `self`, of a class.
    pub(super) static_attributes: Vec<StrId>,
    /// Annotated names and, where they may not run, their numbers.
    pub(super) deferred_annotations: Vec<(&'a Stmt<'a>, &'a ast::AnnAssign<'a>, Option<u32>)>,
    pub(super) conditional_annotations: u32,
    pub(super) in_conditional_block: bool,
}

impl CompilerUnit<'_> {
    fn new(sequence: InstructionSequence, metadata: CodeUnitMetadata) -> Self {
        CompilerUnit {
            kind: UnitKind::Module,
            scope: Symtable::MODULE,
            is_plain_function: false,
            sequence,
            metadata,
            private: None,
            frame_blocks: Vec::new(),
            inlined_depth: 0,
            hidden: Vec::new(),
            static_attributes: Vec::new(),
            deferred_annotations: Vec::new(),
            conditional_annotations: 0,
            in_conditional_block: false,
        }
    }

    /// An empty unit. One stands around the module's, for there is always a unit at hand: nothing is put there.
    pub(super) fn empty(name: StrId) -> Box<Self> {
        Box::new(CompilerUnit::new(InstructionSequence::new(), CodeUnitMetadata::new(name, name, 0)))
    }

    /// Makes it an empty unit, keeping its memory. What is left is in `metadata`.
    fn reset(&mut self, kind: UnitKind, scope: ScopeId, private: Option<StrId>) {
        (self.kind, self.scope, self.private) = (kind, scope, private);
        self.sequence.clear();
        self.frame_blocks.clear();
        self.hidden.clear();
        self.static_attributes.clear();
        self.deferred_annotations.clear();
        (self.inlined_depth, self.conditional_annotations) = (0, 0);
        self.in_conditional_block = false;
    }
}

/// How a unit is called with arguments.
#[derive(Clone, Copy, Default)]
pub(super) struct Parameters {
    pub(super) positional: u32,
    pub(super) positional_only: u32,
    pub(super) keyword_only: u32,
}

/// Where the `pass` stands that takes the place of a statement.
fn place_of_pass(statement: &Stmt<'_>) -> Location {
    let ast::Location { lineno, col_offset, .. } = statement.location;
    Location::range(lineno, col_offset, lineno, col_offset + "pass".len() as u32)
}

/// Whether falling off the end returns `None`, or what is on the stack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AtEnd {
    ReturnNone,
    ReturnTop,
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn module(&mut self, module: &'a ast::Module<'a>) -> Generated<Arc<CodeObject>> {
        let scope = Symtable::MODULE;
        self.enter(self.names.module, UnitKind::Module, scope, 1, None, Parameters::default());
        let start = self.start_of(module.body);
        if self.features.lazy_annotations {
            self.emit(Op::AnnotationsPlaceholder, Location::range(1, 0, 1, 0));
        }
        if self.table.scope(scope).has_conditional_annotations {
            self.emit_with(Op::BuildSet, 0, start);
            self.emit_name(Op::StoreName, self.names.conditional_annotations, 0, 0, start);
        }
        self.body(module.body, start)?;
        self.leave(AtEnd::ReturnNone)
    }

    /// The statements of a module or class, its docstring and its annotations.
    pub(super) fn body(&mut self, statements: &'a [Stmt<'a>], location: Location) -> Generated {
        if self.sets_up_annotations(statements) {
            self.emit(Op::SetupAnnotations, location);
        }
        let statements = match (docstring(statements), statements) {
            (Some(text), [first, rest @ ..]) if self.optimize.keeps_docstrings() => {
                let StmtKind::Expr { value } = first.kind else {
                    unreachable!("a docstring is an expression")
                };
                let clean = self.clean_docstring(text)?;
                self.load_str(clean, place(value.location));
                self.store_name(self.names.doc, Location::NONE)?;
                rest
            }
            _ => self.without_docstring(statements),
        };
        self.statements(statements)?;
        if self.features.lazy_annotations && !self.future.annotations {
            self.deferred_annotations(location)?;
        }
        Ok(())
    }

    /// Where the first statement stands that is left in the tree of a module.
    fn start_of(&self, statements: &[Stmt<'_>]) -> Location {
        let leaves_tree = self.features.dropped_docstring == DroppedDocstring::BecomesPassIfAlone
            && self.drops_docstring(statements);
        match statements {
            [] => Location::range(1, 0, 1, 0),
            [only] if leaves_tree => place_of_pass(only),
            [_, second, ..] if leaves_tree => place(second.location),
            [first, ..] => place(first.location),
        }
    }

    fn drops_docstring(&self, statements: &[Stmt<'_>]) -> bool {
        !self.optimize.keeps_docstrings() && docstring(statements).is_some()
    }

    /// What is left to be compiled of a body whose docstring, if it has one, is dropped.
    pub(super) fn without_docstring(&mut self, statements: &'a [Stmt<'a>]) -> &'a [Stmt<'a>] {
        if !self.drops_docstring(statements) {
            return self.without_late_string(statements);
        }
        let rest = &statements[1..];
        match self.features.dropped_docstring {
            DroppedDocstring::StaysAsStatement => statements,
            DroppedDocstring::Vanishes => rest,
            DroppedDocstring::BecomesPassIfAlone if rest.is_empty() => {
                self.emit(Op::Nop, place_of_pass(&statements[0]));
                rest
            }
            DroppedDocstring::BecomesPassIfAlone => self.without_late_string(rest),
        }
    }

    /// A first statement that is a string only after work on the tree is made an f-string, for it is no docstring
    /// (`astfold_body`, `Python/ast_opt.c`; from 3.14 on `Python/ast_preprocess.c`): it is loaded, and what it loads stays
    /// among the constants.
    fn without_late_string(&mut self, statements: &'a [Stmt<'a>]) -> &'a [Stmt<'a>] {
        let [Stmt { kind: StmtKind::Expr { value }, .. }, rest @ ..] = statements else { return statements };
        let Some(text @ Constant::Str(_)) = self.constant(value) else { return statements };
        self.load_const(text, place(value.location));
        self.emit(Op::PopTop, Location::NONE);
        rest
    }

    pub(super) fn scope(&self) -> &Scope {
        self.table.scope(self.unit.scope)
    }

    pub(super) fn scope_of(&self, key: NodeKey) -> ScopeId {
        self.table.of_node(key)
    }

    /// Opens a code object.
    pub(super) fn enter(
        &mut self,
        name: StrId,
        kind: UnitKind,
        scope: ScopeId,
        firstlineno: u32,
        class: Option<StrId>,
        parameters: Parameters,
    ) {
        let private = class.or(self.unit.private);
        let flags = self.flags(scope, kind);
        let qualname = self.qualified_name(name, kind);
        let mut unit = self.spare.pop().unwrap_or_else(|| match self.backend.take_spare() {
            Some((sequence, metadata)) => Box::new(CompilerUnit::new(sequence, metadata)),
            None => CompilerUnit::empty(name),
        });
        unit.reset(kind, scope, private);
        unit.is_plain_function = self.table.is_plain_function(scope);
        unit.metadata.reset(name, qualname, firstlineno);
        unit.metadata.flags = flags;
        unit.metadata.argcount = parameters.positional;
        unit.metadata.posonlyargcount = parameters.positional_only;
        unit.metadata.kwonlyargcount = parameters.keyword_only;
        let line = if kind == UnitKind::Module { 0 } else { firstlineno };
        unit.sequence.emit(Op::Resume, 0, Location::range(line, 0, firstlineno, 0));
        self.outer.push(std::mem::replace(&mut self.unit, unit));
        self.place_variables();
    }

    /// Makes the variables of the unit's scope known, and lists cells and free variables.
    fn place_variables(&mut self) {
        let (id, kind) = (self.unit.scope, self.unit.kind);
        let NameTables { variables, in_module, names, constants } = &mut *self.tables;
        variables.enter();
        [names, constants].into_iter().for_each(ByName::enter);
        let mut cells = std::mem::take(&mut self.cells);
        let mut free = std::mem::take(&mut self.free);
        for (_, symbol) in self.table.symbols(id) {
            let (name, meaning) = (symbol.name, symbol.meaning());
            if kind == UnitKind::Module {
                in_module[name.index()] = Some(meaning);
            }
            let is_parameter = meaning.flags.intersects(SymbolFlags::PARAM);
            let local = is_parameter.then(|| self.unit.metadata.varnames.append(name));
            variables.set(name, Variable { meaning, local });
            if symbol.scope == NameScope::Cell || symbol.flags.intersects(SymbolFlags::COMP_CELL) {
                cells.push(name);
            }
            if symbol.scope == NameScope::Free || symbol.flags.intersects(SymbolFlags::FREE_CLASS) {
                free.push(name);
            }
        }
        cells.sort_by_key(|&name| self.strings.get(name).as_bytes());
        free.sort_by_key(|&name| self.strings.get(name).as_bytes());
        self.add_cells_of_compiler(&mut cells);
        let CodeUnitMetadata { cellvars, freevars, .. } = &mut self.unit.metadata;
        for (table, names) in [(cellvars, &mut cells), (freevars, &mut free)] {
            names.drain(..).for_each(|name| _ = table.append(name));
            table.index();
        }
        (self.cells, self.free) = (cells, free);
    }

    /// Adds the cells that a class or module has for what the compiler keeps in them.
    fn add_cells_of_compiler(&self, cells: &mut Vec<StrId>) {
        let (scope, kind) = (self.scope(), self.unit.kind);
        let is_class = kind == UnitKind::Class;
        let is_body = is_class || kind == UnitKind::Module;
        for (is_needed, name) in [
            (is_class && scope.needs_class_closure, self.names.class),
            (is_class && scope.needs_classdict, self.names.classdict),
            (is_body && scope.has_conditional_annotations, self.names.conditional_annotations),
        ] {
            if is_needed && !cells.contains(&name) {
                cells.push(name);
            }
        }
    }

    fn flags(&self, id: ScopeId, kind: UnitKind) -> CodeFlags {
        let scope = self.table.scope(id);
        let mut flags = CodeFlags::NONE;
        let mut set = |is_set: bool, flag: CodeFlags| {
            if is_set {
                flags = flags.with(flag);
            }
        };
        if scope.kind.is_function_like() {
            set(true, CodeFlags::NEWLOCALS.with(CodeFlags::OPTIMIZED));
            set(scope.nested, CodeFlags::NESTED);
            set(scope.generator && !scope.coroutine, CodeFlags::GENERATOR);
            set(!scope.generator && scope.coroutine, CodeFlags::COROUTINE);
            set(scope.generator && scope.coroutine, CodeFlags::ASYNC_GENERATOR);
            set(scope.varargs, CodeFlags::VARARGS);
            set(scope.varkeywords, CodeFlags::VARKEYWORDS);
            if self.features.docstrings_and_methods_are_flagged {
                set(scope.has_docstring && self.optimize.keeps_docstrings(), CodeFlags::HAS_DOCSTRING);
                let in_class =
                    scope.parent.is_some_and(|parent| self.table.scope(parent).kind == ScopeKind::Class);
                // CPython: `ste_method` (`Python/symtable.c`, 3.14); generator expressions are functions there.
                let is_function = matches!(
                    kind,
                    UnitKind::Function | UnitKind::AsyncFunction | UnitKind::Lambda | UnitKind::Comprehension
                );
                set(is_function && in_class, CodeFlags::METHOD);
            }
        }
        set(self.future.annotations, CodeFlags(0x100_0000));
        set(self.future.barry_as_flufl, CodeFlags(0x40_0000));
        flags
    }

    /// The qualified name of a unit inside the one at hand.
    fn qualified_name(&mut self, name: StrId, kind: UnitKind) -> StrId {
        let mut parent = &self.unit;
        let mut named_there = None;
        if matches!(parent.kind, UnitKind::TypeParameters | UnitKind::Annotations) {
            parent = self.outer.last().expect("these stand in something");
            named_there = Some(parent.scope);
        }
        if parent.kind == UnitKind::Module {
            return name;
        }
        let (private, parent_kind, base) = (parent.private, parent.kind, parent.metadata.qualname);
        let is_definition = matches!(kind, UnitKind::Function | UnitKind::AsyncFunction | UnitKind::Class);
        if is_definition && self.table.has_directives() {
            let mangled = crate::mangle::mangle(self.strings, private, name);
            let scope = match named_there {
                None => self.name_scope(mangled),
                Some(parent) => self.table.name_scope(parent, mangled),
            };
            if scope == NameScope::GlobalExplicit {
                return name;
            }
        }
        let is_local = matches!(parent_kind, UnitKind::Function | UnitKind::AsyncFunction | UnitKind::Lambda);
        let infix: &[u8] = if is_local { b".<locals>." } else { b"." };
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        for part in [self.strings.get(base).as_bytes(), infix, self.strings.get(name).as_bytes()] {
            text.extend_from_slice(part);
        }
        let interned = self.intern_bytes(&text);
        self.text = text;
        interned
    }

    pub(super) fn intern_bytes(&mut self, text: &[u8]) -> StrId {
        let text = PyStr::from_bytes(text).expect("parts of strings are strings");
        self.strings.intern(text)
    }

    /// Ends the innermost unit and makes its code object.
    pub(super) fn leave(&mut self, at_end: AtEnd) -> Generated<Arc<CodeObject>> {
        // CPython's passes drop what control never reaches, and the constants that only it loads, bar the first.
        if !self.unit.sequence.ends_dead() {
            if at_end == AtEnd::ReturnNone {
                self.load_none(Location::NONE);
            }
            self.emit(Op::ReturnValue, Location::NONE);
        } else if at_end == AtEnd::ReturnNone && self.unit.metadata.consts.is_empty() {
            self.unit.metadata.consts.add_none();
        }
        let outer = self.outer.pop().expect("a unit that ends was entered");
        let mut unit = std::mem::replace(&mut self.unit, outer);
        let NameTables { variables, names, constants, .. } = &mut *self.tables;
        variables.leave();
        [names, constants].into_iter().for_each(ByName::leave);
        if !unit.metadata.cellvars.is_empty() {
            unit.metadata.varnames.index();
        }
        let CompilerUnit { sequence, metadata, .. } = &mut *unit;
        let code = self.backend.make_code(sequence, metadata, self.filename, self.strings)?;
        self.spare.push(unit);
        Ok(Arc::new(code))
    }

    /// A generator turns a `StopIteration` that escapes it into a `RuntimeError`.
    pub(super) fn wrap_in_stopiteration_handler(&mut self) {
        let handler: Label = self.new_label();
        self.unit.sequence.begin_with(Op::SetupCleanup, handler, Location::NONE);
        self.load_none(Location::NONE);
        self.emit(Op::ReturnValue, Location::NONE);
        self.use_label(handler);
        self.emit_with(Op::CallIntrinsic1, super::expr::INTRINSIC_STOPITERATION_ERROR, Location::NONE);
        self.emit_with(Op::Reraise, 1, Location::NONE);
    }

    /// The docstring without its indentation (CPython: `_PyCompile_CleanDoc`).
    ///
    /// # Errors
    /// There is a surrogate in it: CPython cleans UTF-8.
    pub(super) fn clean_docstring(&mut self, text: StrId) -> Generated<StrId> {
        let expanded = expand_tabs(self.strings.get(text).as_bytes());
        if let Some(message) = surrogates_error(&expanded) {
            return Err(Box::new(Failure::Syntax(SyntaxError {
                kind: ErrorKind::UnicodeEncode,
                message,
                place: None,
            })));
        }
        let mut cleaned = std::mem::take(&mut self.text);
        let id = match (clean(&expanded, &mut cleaned), &expanded) {
            (true, _) => self.intern_bytes(&cleaned),
            (false, Cow::Owned(expanded)) => self.intern_bytes(expanded),
            (false, Cow::Borrowed(_)) => text,
        };
        self.text = cleaned;
        Ok(id)
    }
}

/// What encoding a text as UTF-8 complains of.
fn surrogates_error(text: &[u8]) -> Option<String> {
    // The first byte of every surrogate, and of few other characters.
    memchr::memchr(0xED, text)?;
    if std::str::from_utf8(text).is_ok() {
        return None;
    }
    let text = PyStr::from_bytes(text).expect("spaces for tabs keep it a string");
    let is_surrogate = |code_point: &u32| (0xD800..0xE000).contains(code_point);
    let start = text.code_points().position(|code_point| is_surrogate(&code_point))?;
    let run: Vec<u32> = text.code_points().skip(start).take_while(is_surrogate).collect();
    let which = match run[..] {
        [lone] => format!("character '\\u{lone:04x}' in position {start}"),
        _ => format!("characters in position {start}-{}", start + run.len() - 1),
    };
    Some(format!("'utf-8' codec can't encode {which}: surrogates not allowed"))
}

/// Writes the text without its margin; says whether it has one.
fn clean(text: &[u8], cleaned: &mut Vec<u8>) -> bool {
    let indentation = |line: &[u8]| line.iter().take_while(|&&byte| byte == b' ').count();
    let first_indent = indentation(text);
    let mut margin = usize::MAX;
    for newline in memchr::memchr_iter(b'\n', text) {
        let line = &text[newline + 1..];
        let indent = indentation(line);
        if line.get(indent).is_some_and(|&byte| byte != b'\n') {
            margin = margin.min(indent);
        }
    }
    let margin = if margin == usize::MAX { 0 } else { margin };
    if first_indent == 0 && margin == 0 {
        return false;
    }
    cleaned.clear();
    let mut start = first_indent;
    for newline in memchr::memchr_iter(b'\n', text) {
        cleaned.extend_from_slice(&text[start..=newline]);
        let line = &text[newline + 1..];
        start = newline + 1 + indentation(&line[..margin.min(line.len())]);
    }
    cleaned.extend_from_slice(&text[start..]);
    true
}

fn expand_tabs(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\t', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut expanded = Vec::with_capacity(text.len());
    let mut column = 0;
    for &byte in text {
        match byte {
            b'\t' => {
                let width = 8 - column % 8;
                expanded.resize(expanded.len() + width, b' ');
                column += width;
                continue;
            }
            b'\n' | b'\r' => column = 0,
            // Bytes inside a character take no column.
            0x80..=0xBF => {}
            _ => column += 1,
        }
        expanded.push(byte);
    }
    Cow::Owned(expanded)
}
