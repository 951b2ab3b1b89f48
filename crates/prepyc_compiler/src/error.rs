//! What a stage after the parser finds wrong with a program.

use prepyc_syntax::ast;

/// A `SyntaxError` of the symbol table or the code generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// The exception's `msg`.
    pub message: String,
    /// What it points at: CPython's `lineno` and `end_lineno`, and its `offset` and `end_offset` less one, in bytes.
    pub location: ast::Location,
}

impl SourceError {
    pub(crate) fn new(message: impl Into<String>, location: ast::Location) -> SourceError {
        SourceError { message: message.into(), location }
    }
}
