//! What can be wrong with bytes that should be marshal data or a pyc.

use prepyc_version::{Magic, PyRelease};

/// Bytes that are not what they should be, and where the reader noticed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}, at byte {offset}")]
pub struct FormatError {
    /// What is wrong.
    pub kind: FormatErrorKind,
    /// Where in the bytes given, counted from zero.
    pub offset: usize,
}

/// What is wrong with the bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatErrorKind {
    /// The data ends inside an object or a header.
    #[error("the data ends too early")]
    Truncated,
    /// Bytes follow the object.
    #[error("there are bytes after the end of the object")]
    TrailingBytes,
    /// More bytes than marshal's 31-bit sizes can speak of.
    #[error("the data is too long")]
    TooLong,
    /// A byte that starts no object, or none that this version of marshal has.
    #[error("unknown type code {:?}", char::from(*.0))]
    UnknownType(u8),
    /// A negative size.
    #[error("a size is out of range")]
    Size,
    /// A reference to an object that does not exist or is not complete.
    #[error("a reference points to no complete object")]
    Reference,
    /// Objects nested deeper than CPython itself accepts.
    #[error("objects are nested too deeply")]
    TooDeep,
    /// Few bytes that stand, through references, for more objects than could be handled.
    #[error("references expand to too many objects")]
    TooMuchSharing,
    /// A string that is not UTF-8 (lone surrogates are allowed).
    #[error("a string is not UTF-8")]
    Utf8,
    /// A digit or the size of a big integer.
    #[error("an integer is malformed")]
    Integer,
    /// A floating-point number written as text.
    #[error("a floating-point number is malformed")]
    Float,
    /// Marshal's NULL where an object should be.
    #[error("NULL where an object should be")]
    Null,
    /// The outermost object is not a code object.
    #[error("not a code object")]
    NotCode,
    /// A field of a code object has the wrong type or an impossible value.
    #[error("{0} of a code object is malformed")]
    CodeField(&'static str),
    /// A location table that no entry-by-entry reading makes sense of.
    #[error("the location table is malformed")]
    LocationTable,
    /// An exception table that no entry-by-entry reading makes sense of.
    #[error("the exception table is malformed")]
    ExceptionTable,
    /// The first four bytes are no pyc's.
    #[error("not a pyc: it does not begin with a magic number")]
    NoMagic,
    /// A magic number that no release known has.
    #[error("magic number {} is of no release that is known", .0.0)]
    UnknownMagic(Magic),
    /// A release whose headers are known but not its code objects.
    #[error("code objects of Python {0} cannot be read")]
    UnreadableRelease(PyRelease),
    /// Flag bits that PEP 552 does not define.
    #[error("the header's flags {0:#x} are not defined")]
    HeaderFlags(u32),
}
