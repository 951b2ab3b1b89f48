//! Code generation: the tree and its scopes to instruction sequences, one for each code object.
//!
//! Mirrors `Python/compile.c` (3.13) and `Python/codegen.c` (3.14). Scopes are read from the symbol table and never
//! decided here; offsets, stack depths and numbers of instructions belong to the passes and to `assemble`.

mod annotation;
mod by_name;
mod call;
mod class;
mod comprehension;
mod condition;
mod display;
mod expr;
mod fold;
mod frame_block;
mod fstring;
mod function;
mod import;
mod name;
mod names;
mod pattern;
mod stmt;
mod suspicion;
mod try_stmt;
mod type_params;
mod unit;
mod with_stmt;

use std::sync::Arc;

use prepyc_bytecode::{CodeObject, Constant, StrId, Strings};
use prepyc_syntax::ast;
use prepyc_version::{CfgPipeline, Features};
use rustc_hash::FxHashMap;

use crate::backend::Backend;
use crate::constants::small_int;
use crate::error::{ErrorKind, SourceError};
use crate::future::FutureFeatures;
use crate::limits::Limit;
use crate::location::Location;
use crate::nan::NanObjects;
use crate::op::Op;
use crate::sequence::Label;
use crate::symtable::{Meaning, Symtable};
use crate::unparse::Unparser;
use crate::warning::Warnings;
use by_name::ByName;
use names::Names;
use unit::CompilerUnit;

/// How far `-O` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimize {
    /// Everything stays.
    Level0,
    /// `-O`: without assertions.
    Level1,
    /// `-OO`: without docstrings either.
    Level2,
}

impl Optimize {
    /// Whether `assert` runs, and `__debug__` is true.
    #[must_use]
    pub const fn keeps_assertions(self) -> bool {
        matches!(self, Optimize::Level0)
    }

    /// Whether docstrings are kept.
    #[must_use]
    pub const fn keeps_docstrings(self) -> bool {
        !matches!(self, Optimize::Level2)
    }
}

/// Why there is no code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The parser refuses it.
    Syntax(prepyc_syntax::SyntaxError),
    /// The program is wrong.
    Source(Box<SourceError>),
    /// The program is too large.
    Limit(Limit),
}

impl Failure {
    /// Whether a larger stack could help.
    pub(crate) fn is_too_deep(&self) -> bool {
        match self {
            Failure::Syntax(error) => error.kind == ErrorKind::Memory,
            Failure::Source(error) => error.kind == ErrorKind::Recursion,
            Failure::Limit(_) => false,
        }
    }
}

impl From<Limit> for Failure {
    fn from(limit: Limit) -> Failure {
        Failure::Limit(limit)
    }
}

impl From<Box<SourceError>> for Box<Failure> {
    fn from(error: Box<SourceError>) -> Box<Failure> {
        Box::new(Failure::Source(error))
    }
}

impl From<Limit> for Box<Failure> {
    fn from(limit: Limit) -> Box<Failure> {
        Box::new(limit.into())
    }
}

/// What every function of the generator returns: a word to look at where nothing is wrong.
pub(crate) type Generated<T = ()> = Result<T, Box<Failure>>;

/// The generator: the units from the module inwards, and what they share.
#[expect(clippy::vec_box, reason = "a unit is large, and goes to and fro as its address")]
pub(crate) struct Codegen<'a, 's> {
    strings: &'s mut Strings,
    table: &'s Symtable,
    features: &'static Features,
    future: FutureFeatures,
    optimize: Optimize,
    filename: StrId,
    backend: &'s mut Backend,
    warnings: &'s mut Warnings,
    names: Names,
    /// The unit at hand.
    unit: Box<CompilerUnit<'a>>,
    /// Those around it, innermost last.
    outer: Vec<Box<CompilerUnit<'a>>>,
    /// Those that have ended, for their memory.
    spare: Vec<Box<CompilerUnit<'a>>>,
    /// A text to be interned.
    text: Vec<u8>,
    /// The cells of a unit while they are listed, and its free variables; empty in between.
    cells: Vec<StrId>,
    free: Vec<StrId>,
    tables: &'s mut NameTables,
    /// By address of the node: what it folds to, for versions that fold the tree.
    folded: FxHashMap<usize, Option<Constant>>,
    /// The NaNs that folding made.
    nans: NanObjects,
    unparser: Unparser,
}

/// What is known of names, for the unit at hand and those around it. Kept from one program to the next.
#[derive(Debug, Default)]
pub(crate) struct NameTables {
    /// The names that the unit's scope mentions, and those of comprehensions that are inlined.
    variables: ByName<Variable>,
    /// What the module says of a name, or the comprehension that is being inlined there.
    in_module: Vec<Option<Meaning>>,
    /// The indices in `co_names`.
    names: ByName<u32>,
    /// The indices of strings in `co_consts`.
    constants: ByName<u32>,
}

impl NameTables {
    fn reset(&mut self, names: usize) {
        let NameTables { variables, in_module, names: indices, constants } = self;
        variables.reset();
        in_module.clear();
        in_module.resize(names, None);
        [indices, constants].into_iter().for_each(ByName::reset);
    }
}

/// A name that a unit mentions.
#[derive(Clone, Copy, Debug, Default)]
struct Variable {
    /// What the unit's scope says of it, or the comprehension that is being inlined.
    meaning: Meaning,
    /// Its index in `co_varnames`, if it has one yet.
    local: Option<u32>,
}

/// What stays the same for a whole program.
pub(crate) struct Settings<'s> {
    pub(crate) table: &'s Symtable,
    pub(crate) features: &'static Features,
    pub(crate) future: FutureFeatures,
    pub(crate) optimize: Optimize,
    pub(crate) filename: StrId,
}

/// Makes the module's code object.
pub(crate) fn generate<'a>(
    module: &'a ast::Module<'a>,
    settings: &Settings<'_>,
    backend: &mut Backend,
    tables: &mut NameTables,
    strings: &mut Strings,
    warnings: &mut Warnings,
) -> Generated<CodeObject> {
    let names = Names::intern(strings);
    tables.reset(strings.len());
    let mut codegen = Codegen {
        strings,
        table: settings.table,
        features: settings.features,
        future: settings.future,
        optimize: settings.optimize,
        filename: settings.filename,
        backend,
        warnings,
        names,
        unit: CompilerUnit::empty(names.empty),
        outer: Vec::new(),
        spare: Vec::new(),
        text: Vec::new(),
        cells: Vec::new(),
        free: Vec::new(),
        tables,
        folded: FxHashMap::default(),
        nans: NanObjects::default(),
        unparser: Unparser::default(),
    };
    let code = codegen.module(module)?;
    for unit in std::mem::take(&mut codegen.spare) {
        codegen.backend.give_back(unit.sequence, unit.metadata);
    }
    let mut code = Arc::into_inner(code).expect("nothing refers to the module's code");
    codegen.nans.forget(&mut code, codegen.strings);
    Ok(code)
}

/// The place of a node.
fn place(location: ast::Location) -> Location {
    Location::range(location.lineno, location.col_offset, location.end_lineno, location.end_col_offset)
}

impl<'a> Codegen<'a, '_> {
    fn emit(&mut self, op: Op, location: Location) {
        self.unit.sequence.emit(op, 0, location);
    }

    fn emit_with(&mut self, op: Op, oparg: u32, location: Location) {
        self.unit.sequence.emit(op, oparg, location);
    }

    fn emit_jump(&mut self, op: Op, target: Label, location: Location) {
        self.unit.sequence.emit_jump(op, target, location);
    }

    fn new_label(&mut self) -> Label {
        self.unit.sequence.new_label()
    }

    /// Places a label that nothing jumps back to.
    fn use_label(&mut self, label: Label) {
        self.unit.sequence.use_label(label);
    }

    /// Places a label that may be jumped back to.
    fn use_target(&mut self, label: Label) {
        self.unit.sequence.use_target(label);
    }

    /// Loads a constant. From 3.14 on CPython's passes turn loads of small integers into LOAD_SMALL_INT; nothing before
    /// that asks how they are loaded, so they are from the start.
    fn load_const(&mut self, constant: Constant, location: Location) {
        if self.features.cfg_pipeline == CfgPipeline::FoldedGraph
            && let Some(value) = small_int(&constant)
        {
            self.unit.metadata.consts.note_small_int(value);
            return self.emit_with(Op::LoadSmallInt, value, location);
        }
        let index = self.constant_index(constant);
        self.emit_with(Op::LoadConst, index, location);
    }

    /// The index of a constant, which is appended if it is new.
    fn constant_index(&mut self, constant: Constant) -> u32 {
        match constant {
            Constant::Str(text) => self.string_index(text),
            _ => self.unit.metadata.consts.add(constant),
        }
    }

    fn string_index(&mut self, text: StrId) -> u32 {
        if let Some(index) = self.tables.constants.get(text) {
            return index;
        }
        let index = self.unit.metadata.consts.append(Constant::Str(text));
        self.tables.constants.set(text, index);
        index
    }

    fn load_literal(&mut self, value: ast::Literal<'_>, location: Location) {
        match value {
            ast::Literal::Str(text) => self.load_str(text, location),
            ast::Literal::None => self.load_none(location),
            _ => self.load_const(fold::literal(value), location),
        }
    }

    fn load_none(&mut self, location: Location) {
        let index = self.unit.metadata.consts.add_none();
        self.emit_with(Op::LoadConst, index, location);
    }

    fn load_str(&mut self, text: StrId, location: Location) {
        let index = self.string_index(text);
        self.emit_with(Op::LoadConst, index, location);
    }

    /// The index in `co_names` of a mangled name, which is appended if it is new.
    fn name_index(&mut self, mangled: StrId) -> u32 {
        if let Some(index) = self.tables.names.get(mangled) {
            return index;
        }
        let index = self.unit.metadata.names.append(mangled);
        self.tables.names.set(mangled, index);
        index
    }

    /// The index in `co_varnames` of a mangled name that the unit mentions; it is appended if it is new.
    fn local_index(&mut self, mangled: StrId) -> u32 {
        let variable = self.tables.variables.get_mut(mangled).expect("a local variable is mentioned");
        let varnames = &mut self.unit.metadata.varnames;
        *variable.local.get_or_insert_with(|| varnames.append(mangled))
    }

    /// An instruction that names something: an attribute, a global, a module.
    fn emit_name(&mut self, op: Op, name: StrId, shift: u32, low: u32, location: Location) {
        let mangled = self.mangle(name);
        let index = self.name_index(mangled);
        self.emit_with(op, index << shift | low, location);
    }

    fn error<T>(&self, message: impl Into<String>, location: ast::Location) -> Generated<T> {
        Err(SourceError::new(message, location).into())
    }

    /// Issues a `SyntaxWarning`.
    fn warn(&mut self, message: impl Into<String>, location: Location) {
        self.warnings.issue(message, location.line().unwrap_or_default());
    }

    /// An error at the place of an instruction.
    fn error_at<T>(&self, message: impl Into<String>, location: Location) -> Generated<T> {
        let (col_offset, end_col_offset) = location.columns().unwrap_or_default();
        let (lineno, end_lineno) =
            (location.line().unwrap_or_default(), location.end_line().unwrap_or_default());
        self.error(message, ast::Location { lineno, end_lineno, col_offset, end_col_offset })
    }

    fn text(&self, name: StrId) -> String {
        self.strings.get(name).to_string()
    }
}
