//! How large things may get. Whatever is larger is refused with a message; nothing overflows.

use std::fmt;

use prepyc_syntax::ErrorKind;

/// Offsets in the exception table have 30 bits.
///
/// CPython: `assemble_emit_exception_table_item` (`Python/assemble.c`, 3.13).
pub(crate) const MAX_CODE_UNITS: u32 = (1 << 30) - 1;

/// Instructions of one code object, before any pass makes them fewer.
///
/// CPython has no limit of its own, and takes memory until there is none: names captured by one pattern take as many as
/// the square of their number, and `finally` blocks that nest twice as many with each level. No source below a hundred
/// megabytes comes near it otherwise.
pub(crate) const MAX_INSTRUCTIONS: usize = 1 << 25;

/// Bytes of text that PEP 563 may make of the annotations of a program.
///
/// CPython has no limit of its own; text is about as long as its source, unless strings are nested in strings.
pub(crate) const MAX_ANNOTATION_TEXT: usize = 1 << 26;

/// Digits of an integer that is shown in decimal.
///
/// CPython: `sys.int_info.default_max_str_digits` (`_PY_LONG_DEFAULT_MAX_STR_DIGITS`, `Include/internal/pycore_long.h`).
pub(crate) const MAX_DECIMAL_DIGITS: usize = 4300;

/// How deep loops, `with` and `try` nest in one code object.
///
/// CPython: `CO_MAXBLOCKS` (`Include/internal/pycore_compile.h`, 3.13).
pub(crate) const MAX_FRAME_BLOCKS: usize = 21;

/// How deep nodes nest in a tree that is compiled on the caller's stack.
pub(crate) const NESTING: u32 = 150;

/// How deep constructs nest for the parser, beyond what it takes on the caller's stack.
///
/// CPython: `MAXSTACK` (`Parser/parser.c`), where most constructs are several rules deep.
pub(crate) const DEEP_PARSER_NESTING: u32 = 6000;

/// The stack for such a tree, in bytes. Only what is used of it is ever touched.
pub(crate) const DEEP_STACK: usize = 1 << 28;

/// What is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A code object of more instructions than the tables can speak of.
    CodeUnits,
    /// A code object that is made of more instructions than there should be memory for.
    Instructions,
    /// A tree so deep that it needs a stack of its own, for which there is no memory.
    Stack,
    /// The annotations that a future statement makes strings of.
    AnnotationText,
    /// An integer in an annotation that is made a string of.
    DecimalDigits,
}

impl Limit {
    /// The exception it is reported as.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Limit::CodeUnits | Limit::Instructions | Limit::Stack | Limit::AnnotationText => {
                ErrorKind::Memory
            }
            Limit::DecimalDigits => ErrorKind::Value,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::CodeUnits => {
                write!(f, "a function or module compiles to more than {MAX_CODE_UNITS} instructions")
            }
            Limit::Instructions => {
                write!(f, "a function or module takes more than {MAX_INSTRUCTIONS} instructions to compile")
            }
            Limit::Stack => {
                f.write_str("there is no memory for a stack that the nesting of the source needs")
            }
            Limit::AnnotationText => {
                write!(f, "annotations as strings are longer than {MAX_ANNOTATION_TEXT} bytes")
            }
            Limit::DecimalDigits => {
                write!(
                    f,
                    "Exceeds the limit ({MAX_DECIMAL_DIGITS} digits) for integer string conversion; \
                     use sys.set_int_max_str_digits() to increase the limit"
                )
            }
        }
    }
}
