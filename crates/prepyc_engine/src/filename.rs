//! What a code object's `co_filename` says.

use std::borrow::Cow;
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

    /// What `co_filename` holds, as marshal has it: UTF-8 in which each byte `0xNN` that is none stands as the
    /// surrogate U+DCNN, in three bytes.
    pub fn decoded(&self) -> Cow<'_, [u8]> {
        if std::str::from_utf8(&self.0).is_ok() {
            return Cow::Borrowed(&self.0);
        }
        let mut decoded = Vec::with_capacity(self.0.len() + 8);
        for chunk in self.0.utf8_chunks() {
            decoded.extend_from_slice(chunk.valid().as_bytes());
            for &byte in chunk.invalid() {
                // U+DC80 to U+DCFF: the byte has its highest bit set.
                decoded.extend_from_slice(&[0xED, 0xB0 | byte >> 6, 0x80 | byte & 0x3F]);
            }
        }
        Cow::Owned(decoded)
    }

    /// As Python prints it where surrogates cannot be printed: bytes that are no UTF-8 as `\udcff`.
    pub fn shown(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        for chunk in self.0.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                text.push_str(&format!("\\udc{byte:02x}"));
            }
        }
        text
    }
}

impl fmt::Display for Filename {
    /// For people: what is no UTF-8 is replaced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `os.fsdecode` has it: also the bytes that would make a surrogate are escaped, one by one.
    #[test]
    fn bytes_that_are_no_utf8_become_surrogates() {
        for (bytes, decoded, shown) in [
            (&b"a.py"[..], &b"a.py"[..], "a.py"),
            ("größe.py".as_bytes(), "größe.py".as_bytes(), "größe.py"),
            (b"\x80\xff", b"\xed\xb2\x80\xed\xb3\xbf", "\\udc80\\udcff"),
            (b"\xed\xa0\x80", b"\xed\xb3\xad\xed\xb2\xa0\xed\xb2\x80", "\\udced\\udca0\\udc80"),
            (b"\xe2\x82.", b"\xed\xb3\xa2\xed\xb2\x82.", "\\udce2\\udc82."),
        ] {
            let filename = Filename::from_bytes(bytes);
            assert_eq!((&*filename.decoded(), filename.shown().as_str()), (decoded, shown));
        }
    }
}
