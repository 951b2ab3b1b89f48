//! What is wrong with a source, in CPython's words and at CPython's place.

use std::fmt;

/// The exception that CPython would raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `SyntaxError`.
    Syntax,
    /// `IndentationError`.
    Indentation,
    /// `TabError`.
    Tab,
    /// `MemoryError`, which is what CPython's parser says to nesting deeper than it can follow.
    Memory,
    /// `RecursionError`, which later versions say to nesting deeper than they can follow.
    Recursion,
    /// `ValueError`.
    Value,
    /// `UnicodeEncodeError`, of surrogates where CPython wants UTF-8.
    UnicodeEncode,
    /// `UnicodeDecodeError`, of bytes in an f-string that are no UTF-8.
    UnicodeDecode,
    /// `SystemError`: CPython's own compiler fails.
    System,
}

impl ErrorKind {
    /// The exception's name.
    pub const fn name(self) -> &'static str {
        match self {
            ErrorKind::Syntax => "SyntaxError",
            ErrorKind::Indentation => "IndentationError",
            ErrorKind::Tab => "TabError",
            ErrorKind::Memory => "MemoryError",
            ErrorKind::Recursion => "RecursionError",
            ErrorKind::Value => "ValueError",
            ErrorKind::UnicodeEncode => "UnicodeEncodeError",
            ErrorKind::UnicodeDecode => "UnicodeDecodeError",
            ErrorKind::System => "SystemError",
        }
    }
}

/// A source that CPython's parser rejects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Which exception it is.
    pub kind: ErrorKind,
    /// The exception's `msg`.
    pub message: String,
    /// Where, if CPython says where.
    pub place: Option<ErrorPlace>,
}

/// The place of an error, as the attributes of CPython's `SyntaxError` say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorPlace {
    /// The line, from 1.
    pub lineno: u32,
    /// The character in that line, from 1; 0 where CPython points before it.
    pub offset: i32,
    /// The line of its end; 0 where CPython does not say.
    pub end_lineno: i32,
    /// The character after its end, from 1; 0 or -1 where CPython does not say.
    pub end_offset: i32,
}

impl SyntaxError {
    /// Without a place.
    pub(crate) fn unplaced(kind: ErrorKind, message: impl Into<String>) -> SyntaxError {
        SyntaxError { kind, message: message.into(), place: None }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{}: {} (line {})", self.kind.name(), self.message, place.lineno),
            None => write!(f, "{}: {}", self.kind.name(), self.message),
        }
    }
}

impl std::error::Error for SyntaxError {}

/// The category of a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WarningKind {
    /// `SyntaxWarning`: shown by default.
    Syntax,
    /// `DeprecationWarning`: not shown by default.
    Deprecation,
}

impl WarningKind {
    /// The category's name.
    pub const fn name(self) -> &'static str {
        match self {
            WarningKind::Syntax => "SyntaxWarning",
            WarningKind::Deprecation => "DeprecationWarning",
        }
    }
}

/// Something CPython's parser warns of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Its category.
    pub kind: WarningKind,
    /// Its text.
    pub message: String,
    /// The line it is reported at, from 1.
    pub lineno: u32,
}
