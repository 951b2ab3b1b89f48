//! Why there is no code: what a stage finds wrong with a program, and what the door makes of it.

use std::fmt;

use prepyc_syntax::ast;
use prepyc_version::PyVersion;

use crate::codegen::Failure;
use crate::warning::Warning;

pub use prepyc_syntax::{ErrorKind, ErrorPlace};

/// A `SyntaxError` of the symbol table or the code generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// Which exception it is: a `SyntaxError`, or a `RecursionError`.
    pub kind: ErrorKind,
    /// The exception's `msg`.
    pub message: String,
    /// What it points at: CPython's `lineno` and `end_lineno`, and its `offset` and `end_offset` less one, in bytes.
    pub location: ast::Location,
}

impl SourceError {
    /// Boxed, as every result of the stages has it: a word to hand on where nothing is wrong.
    pub(crate) fn new(message: impl Into<String>, location: ast::Location) -> Box<SourceError> {
        Box::new(SourceError { kind: ErrorKind::Syntax, message: message.into(), location })
    }

    /// The tree is deeper than can be followed.
    pub(crate) fn too_deep(location: ast::Location) -> Box<SourceError> {
        let message = "maximum recursion depth exceeded during compilation".to_owned();
        Box::new(SourceError { kind: ErrorKind::Recursion, message, location })
    }
}

/// The compiler of that version is not written yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no native compiler for Python {0}")]
pub struct UnsupportedVersion(pub PyVersion);

/// Why nothing came of a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The source is wrong.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The compiler of that version is not written yet.
    #[error(transparent)]
    UnsupportedVersion(#[from] UnsupportedVersion),
}

/// The exception that CPython would raise for a source, and the warnings it would have issued before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Rejection {
    /// Which exception it is.
    pub kind: ErrorKind,
    /// Its message: `msg` of a `SyntaxError`, `str()` of another exception.
    pub message: String,
    /// `lineno`, `offset`, `end_lineno` and `end_offset` of the exception, where it has them. As in CPython, offsets
    /// count characters where the parser speaks and bytes of UTF-8 where a later stage does.
    pub place: Option<ErrorPlace>,
    /// The line it speaks of, decoded and without its end; none where CPython names no line, or one that there is not.
    pub source_line: Option<String>,
    /// What was warned of before, in CPython's order, each once.
    pub warnings: Vec<Warning>,
}

impl Rejection {
    pub(crate) fn new(failure: Failure, source: &[u8], warnings: Vec<Warning>) -> Rejection {
        let (kind, message, place) = match failure {
            Failure::Syntax(error) => (error.kind, error.message, error.place),
            Failure::Source(error) => {
                let place = (error.kind == ErrorKind::Syntax).then(|| place_of(error.location));
                (error.kind, error.message, place)
            }
            Failure::Limit(limit) => (limit.kind(), limit.to_string(), None),
        };
        let source_line = place.and_then(|place| prepyc_syntax::source_line(source, place.lineno));
        Rejection { kind, message, place, source_line, warnings }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{}: {} (line {})", self.kind.name(), self.message, place.lineno),
            None => write!(f, "{}: {}", self.kind.name(), self.message),
        }
    }
}

/// As `_PyCompile_Error` and `PyErr_RangedSyntaxLocationObject` have it.
fn place_of(location: ast::Location) -> ErrorPlace {
    ErrorPlace {
        lineno: location.lineno,
        offset: location.col_offset as i32 + 1,
        end_lineno: location.end_lineno as i32,
        end_offset: location.end_col_offset as i32 + 1,
    }
}
