//! Code objects and the bytes they live in: marshal, location and exception tables, pyc headers.
//!
//! Both directions of every format are peers: what is written can be read, and what CPython wrote can be
//! read and written again. Nothing here touches a file, a clock or a global; equal programs have equal
//! bytes, whatever order they were built in.

mod code;
mod constant;
mod error;
pub mod marshal;
mod pyc;
mod strings;

pub use code::{CodeObject, LocalKind, Program};
pub use constant::{Constant, FrozenSet, PyInt};
pub use error::{FormatError, FormatErrorKind};
pub use pyc::{Invalidation, Pyc, PycHeader, source_hash};
pub use strings::{NotWtf8, PyStr, StrId, Strings};
