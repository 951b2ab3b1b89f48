//! The symbol table: what every name means in every scope (CPython: `Python/symtable.c`).
//!
//! Two passes. `build` walks the tree once and notes what each scope does with each name; `analyze` then decides
//! where every name lives. Code generation only reads the result: it never decides a scope itself.
//!
//! This stage knows the tree and the strings; it knows no instruction.

mod analyze;
mod build;
mod listing;
mod name_set;
mod scope;
mod set_order;
mod table;

pub(crate) use build::build_symtable;
pub(crate) use build::definition::has_annotations;
pub(crate) use scope::{
    ComprehensionKind, Meaning, NameScope, NodeKey, Scope, ScopeId, ScopeKind, SymbolFlags,
};
pub(crate) use table::Symtable;

use prepyc_bytecode::Strings;
use prepyc_syntax::ast::Module;
use prepyc_version::Features;

use crate::error::SourceError;
use crate::future::FutureFeatures;
use crate::limits::NESTING;

/// The symbol table of a module as text: a line a scope, a line a name.
///
/// # Errors
/// The first thing that CPython's symbol table would not have.
pub fn symtable_listing(
    module: &Module<'_>,
    features: &Features,
    future: FutureFeatures,
    strings: &mut Strings,
) -> Result<String, Box<SourceError>> {
    let mut table = Symtable::default();
    build::build_symtable(&mut table, module, features, future, strings, NESTING)?;
    Ok(listing::Listing { table: &table, strings }.to_string())
}
