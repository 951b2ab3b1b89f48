//! Code objects and the bytes they live in: marshal, location and exception tables, pyc headers.
//!
//! Both directions of every format are peers: what is written can be read, and what CPython wrote can be
//! read and written again. Nothing here touches a file, a clock or a global; equal programs have equal
//! bytes, whatever order they were built in.

mod code;
mod constant;
pub mod diff;
mod error;
pub mod exception_table;
mod instruction;
mod interner;
mod listing;
mod location_table;
pub mod marshal;
mod pyc;
mod repr;
mod strings;

pub use code::{CodeObject, LocalKind, Program};
pub use constant::{Constant, FrozenSet, PyInt};
pub use error::{FormatError, FormatErrorKind};
pub use exception_table::ExceptionEntry;
pub use instruction::{Instruction, Instructions};
pub use location_table::{Location, LocationEntry, LocationTable, LocationTableWriter};
pub use pyc::{Invalidation, Pyc, PycHeader, source_hash};
pub use repr::float_text;
pub use strings::{BytesId, NamesId, NotWtf8, PyStr, StrId, Strings};
