//! How large things may get. Whatever is larger is refused with a message; nothing overflows.

use std::fmt;

use prepyc_syntax::ErrorKind;

/// Offsets in the exception table have 30 bits.
///
/// CPython: `assemble_emit_exception_table_item` (`Python/assemble.c`, 3.13).
pub(crate) const MAX_CODE_UNITS: u32 = (1 << 30) - 1;

/// What is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A code object of more instructions than the tables can speak of.
    CodeUnits,
}

impl Limit {
    /// The exception it is reported as.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Limit::CodeUnits => ErrorKind::Memory,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::CodeUnits => {
                write!(f, "a function or module compiles to more than {MAX_CODE_UNITS} instructions")
            }
        }
    }
}
