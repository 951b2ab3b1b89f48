//! What a code object's `co_filename` says.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A file name as it stands in `co_filename`: raw bytes, decoded the way `os.fsdecode` does under UTF-8
/// (bytes that are no UTF-8 become lone surrogates).
///
/// It need not name a file that exists. A null byte in it makes every compile a rejection, as in CPython.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Filename(Vec<u8>);

impl Filename {
    /// The name made of these bytes.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Filename {
        Filename(bytes.into())
    }

    /// The name of this path, as it is written.
    pub fn from_path(path: &Path) -> Filename {
        Filename(path.as_os_str().as_bytes().to_vec())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Filename {
    /// For people: what is no UTF-8 is replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}
