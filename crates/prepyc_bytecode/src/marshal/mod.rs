//! Marshal, the format of a pyc's body: reading whatever CPython writes, writing it canonically.
//!
//! An object begins with a byte: its type code, and the bit [`FLAG_REF`] if later parts may refer to it. A
//! reference is the type code `r` and the index of the object among the flagged ones, counted by where
//! they begin.

mod read;
mod refs;
mod write;

use prepyc_version::PyVersion;

use crate::error::FormatError;
use crate::{Constant, Strings};

pub(crate) use read::read_program;
pub(crate) use write::{write_program, write_sort_key};

/// Objects nested deeper than this are refused, as CPython refuses them
/// (`Python/marshal.c`, `MAX_MARSHAL_STACK_DEPTH`).
pub const MAX_DEPTH: u32 = 2000;

/// Set in a type code if the object can be referred to.
pub const FLAG_REF: u8 = 0x80;

/// The type codes (CPython: `Python/marshal.c`, `TYPE_*`).
pub(crate) mod type_code {
    pub(crate) const NULL: u8 = b'0';
    pub(crate) const NONE: u8 = b'N';
    pub(crate) const FALSE: u8 = b'F';
    pub(crate) const TRUE: u8 = b'T';
    pub(crate) const STOP_ITERATION: u8 = b'S';
    pub(crate) const ELLIPSIS: u8 = b'.';
    pub(crate) const INT: u8 = b'i';
    /// No longer written.
    pub(crate) const INT64: u8 = b'I';
    pub(crate) const LONG: u8 = b'l';
    /// As text; no longer written.
    pub(crate) const FLOAT: u8 = b'f';
    pub(crate) const BINARY_FLOAT: u8 = b'g';
    /// As text; no longer written.
    pub(crate) const COMPLEX: u8 = b'x';
    pub(crate) const BINARY_COMPLEX: u8 = b'y';
    pub(crate) const BYTES: u8 = b's';
    pub(crate) const UNICODE: u8 = b'u';
    pub(crate) const INTERNED: u8 = b't';
    pub(crate) const ASCII: u8 = b'a';
    pub(crate) const ASCII_INTERNED: u8 = b'A';
    pub(crate) const SHORT_ASCII: u8 = b'z';
    pub(crate) const SHORT_ASCII_INTERNED: u8 = b'Z';
    pub(crate) const REF: u8 = b'r';
    pub(crate) const TUPLE: u8 = b'(';
    pub(crate) const SMALL_TUPLE: u8 = b')';
    pub(crate) const LIST: u8 = b'[';
    pub(crate) const DICT: u8 = b'{';
    /// Marshal version 6.
    pub(crate) const FROZEN_DICT: u8 = b'}';
    pub(crate) const SET: u8 = b'<';
    pub(crate) const FROZEN_SET: u8 = b'>';
    /// Marshal version 5.
    pub(crate) const SLICE: u8 = b':';
    pub(crate) const CODE: u8 = b'c';
}

/// Any value that marshal can hold, with the strings it uses.
///
/// Two are equal if their canonical bytes are: by type, value and sign.
#[derive(Clone, Debug)]
pub struct Value {
    /// The Python whose marshal it is.
    pub version: PyVersion,
    /// Every string of the value.
    pub strings: Strings,
    /// The outermost object.
    pub root: Constant,
}

/// Reads what `marshal.dumps` of that version made of any value.
///
/// # Errors
/// If the bytes are anything else; see [`crate::Program::from_marshal`] for what is promised of any input.
pub fn read_value(bytes: &[u8], version: PyVersion) -> Result<Value, FormatError> {
    read::read_value(bytes, version)
}

/// The canonical marshal bytes of a value.
pub fn write_value(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write::write_constant(&value.root, &value.strings, &mut bytes);
    bytes
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.version == other.version && write_value(self) == write_value(other)
    }
}

impl Eq for Value {}
