//! A pyc file: PEP 552's header of 16 bytes, then the marshalled module.

use std::hash::Hasher;

use prepyc_version::{Magic, PyRelease, SourceHash};
use siphasher::sip::{SipHasher13, SipHasher24};

use crate::error::{FormatError, FormatErrorKind};
use crate::{Program, PyStr};

/// How CPython tells whether a pyc still belongs to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invalidation {
    /// By the source's modification time and size.
    Timestamp {
        /// Seconds since 1970, the low 32 bits.
        mtime: u32,
        /// Bytes, the low 32 bits.
        size: u32,
    },
    /// By the source's hash ([`source_hash`]), compared at each import.
    CheckedHash([u8; 8]),
    /// By the source's hash, which no import looks at.
    UncheckedHash([u8; 8]),
}

/// The first 16 bytes of a pyc of any release from 3.8 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PycHeader {
    /// Names the bytecode format.
    pub magic: Magic,
    /// How the pyc is held against its source.
    pub invalidation: Invalidation,
}

/// A whole pyc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pyc {
    /// How the pyc is held against its source.
    pub invalidation: Invalidation,
    /// The module.
    pub program: Program,
}

impl PycHeader {
    /// Bytes of a header.
    pub const LENGTH: usize = 16;

    const HASH_BASED: u32 = 0b01;
    const CHECK_SOURCE: u32 = 0b10;

    /// The bytes a pyc begins with.
    pub fn encode(&self) -> [u8; PycHeader::LENGTH] {
        let (flags, key) = match self.invalidation {
            Invalidation::Timestamp { mtime, size } => {
                (0, (u64::from(size) << 32 | u64::from(mtime)).to_le_bytes())
            }
            Invalidation::CheckedHash(hash) => (Self::HASH_BASED | Self::CHECK_SOURCE, hash),
            Invalidation::UncheckedHash(hash) => (Self::HASH_BASED, hash),
        };
        let mut bytes = [0; PycHeader::LENGTH];
        bytes[..4].copy_from_slice(&self.magic.to_bytes());
        bytes[4..8].copy_from_slice(&flags.to_le_bytes());
        bytes[8..].copy_from_slice(&key);
        bytes
    }

    /// Reads the header of the pyc that begins with these bytes.
    ///
    /// # Errors
    /// If they are fewer than 16, have no magic number's form, or have flags that PEP 552 does not define.
    /// The magic number need not be known.
    pub fn decode(bytes: &[u8]) -> Result<PycHeader, FormatError> {
        let error = |kind, offset| Err(FormatError { kind, offset });
        let Some(&magic) = bytes.first_chunk::<4>() else {
            return error(FormatErrorKind::Truncated, bytes.len());
        };
        let Some(magic) = Magic::from_bytes(magic) else {
            return error(FormatErrorKind::NoMagic, 0);
        };
        let Some(&[_, _, _, _, f0, f1, f2, f3, a, b, c, d, e, f, g, h]) = bytes.first_chunk() else {
            return error(FormatErrorKind::Truncated, bytes.len());
        };
        let flags = u32::from_le_bytes([f0, f1, f2, f3]);
        let hash = [a, b, c, d, e, f, g, h];
        let invalidation = match flags {
            0 => Invalidation::Timestamp {
                mtime: u32::from_le_bytes([a, b, c, d]),
                size: u32::from_le_bytes([e, f, g, h]),
            },
            0b01 => Invalidation::UncheckedHash(hash),
            0b11 => Invalidation::CheckedHash(hash),
            _ => return error(FormatErrorKind::HeaderFlags(flags), 4),
        };
        Ok(PycHeader { magic, invalidation })
    }
}

impl Pyc {
    /// The header.
    pub const fn header(&self) -> PycHeader {
        PycHeader { magic: self.program.version.magic(), invalidation: self.invalidation }
    }

    /// The file's bytes; the body is canonical.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.header().encode().to_vec();
        self.program.to_marshal_into(&mut bytes);
        bytes
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// If the header is malformed, if it is of a release whose code objects cannot be read, or if no code
    /// object follows. Offsets count from the beginning of the file.
    pub fn decode(bytes: &[u8]) -> Result<Pyc, FormatError> {
        let PycHeader { magic, invalidation } = PycHeader::decode(bytes)?;
        let error = |kind| FormatError { kind, offset: 0 };
        let release =
            PyRelease::from_magic(magic).ok_or_else(|| error(FormatErrorKind::UnknownMagic(magic)))?;
        let version = release.version().ok_or_else(|| error(FormatErrorKind::UnreadableRelease(release)))?;
        let program = Program::from_marshal(&bytes[PycHeader::LENGTH..], version)
            .map_err(|error| FormatError { offset: error.offset + PycHeader::LENGTH, ..error })?;
        Ok(Pyc { invalidation, program })
    }

    /// The path of the source, as the module's code object has it.
    pub fn filename(&self) -> PyStr<'_> {
        self.program.str(self.program.code.filename)
    }
}

/// `importlib.util.source_hash` of the release with that magic number; a newer release's where none has it.
///
/// CPython: `Python/import.c`, `_imp_source_hash_impl`: SipHash keyed by the pyc's first four bytes.
pub fn source_hash(magic: Magic, source: &[u8]) -> [u8; 8] {
    let key = u64::from(u32::from_le_bytes(magic.to_bytes()));
    let algorithm = PyRelease::from_magic(magic).map_or(SourceHash::SipHash13, PyRelease::source_hash);
    let hash = match algorithm {
        SourceHash::SipHash24 => {
            let mut hasher = SipHasher24::new_with_keys(key, 0);
            hasher.write(source);
            hasher.finish()
        }
        SourceHash::SipHash13 => {
            let mut hasher = SipHasher13::new_with_keys(key, 0);
            hasher.write(source);
            hasher.finish()
        }
    };
    hash.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use prepyc_version::PyVersion;

    use super::*;

    /// What `importlib.util.source_hash` says in each release of `b"hello"`, `b""` and `bytes(range(64))`.
    const HASHES: [[&str; 3]; 8] = [
        ["608550514225d8bf", "81e4881b3643e8e9", "b04f5611cac3e109"],
        ["b70feb3c359861fa", "ac0bb7c83e5b1c5f", "9d2e9bc8eddc4a6c"],
        ["3c80f1191ea979cb", "8cc0cd2525e7fd27", "4d12293bdea7c14c"],
        ["7c360be58bb7a2aa", "738d9cd5d5e87f73", "21c86d58e2c53a01"],
        ["9bca4702dbaedbed", "baf18eedc9387a25", "97b52f513d2348d8"],
        ["aa4d9968b297cf0d", "27ec6d312f93b814", "8df0f44b7fd0b1f6"],
        ["84e397fdb7fb6d47", "61f5b7cb653a6aa4", "3e96ef318c125f17"],
        ["11bc1c344c4a5fb5", "4a3c34e72b7ffc07", "2e90ff9016b7140c"],
    ];

    #[test]
    fn source_hashes_are_cpythons() {
        let range: Vec<u8> = (0..64).collect();
        for (release, hashes) in PyRelease::ALL.into_iter().zip(HASHES) {
            for (source, expected) in [&b"hello"[..], b"", &range].into_iter().zip(hashes) {
                let hash = source_hash(release.magic(), source);
                assert_eq!(hash.map(|byte| format!("{byte:02x}")).concat(), expected, "{release}");
            }
        }
    }

    #[test]
    fn headers_survive_both_ways_for_every_release() {
        let hash = [1, 2, 3, 4, 5, 6, 7, 8];
        for release in PyRelease::ALL {
            for invalidation in [
                Invalidation::Timestamp { mtime: 0xFFFF_FFFE, size: 3 },
                Invalidation::CheckedHash(hash),
                Invalidation::UncheckedHash(hash),
            ] {
                let header = PycHeader { magic: release.magic(), invalidation };
                assert_eq!(PycHeader::decode(&header.encode()), Ok(header));
            }
        }
    }

    #[test]
    fn a_header_is_laid_out_as_pep_552_says() {
        let invalidation = Invalidation::Timestamp { mtime: 0x0403_0201, size: 0x0807_0605 };
        let bytes = PycHeader { magic: PyVersion::Py313.magic(), invalidation }.encode();
        assert_eq!(bytes, *b"\xf3\x0d\r\n\0\0\0\0\x01\x02\x03\x04\x05\x06\x07\x08");
        let invalidation = Invalidation::CheckedHash([9; 8]);
        let bytes = PycHeader { magic: PyVersion::Py313.magic(), invalidation }.encode();
        assert_eq!(bytes, *b"\xf3\x0d\r\n\x03\0\0\0\x09\x09\x09\x09\x09\x09\x09\x09");
    }

    #[test]
    fn malformed_headers_are_told_apart() {
        let kind = |bytes: &[u8]| PycHeader::decode(bytes).map_err(|error| error.kind);
        assert_eq!(kind(b"\xf3"), Err(FormatErrorKind::Truncated));
        assert_eq!(kind(b"#!/b"), Err(FormatErrorKind::NoMagic));
        assert_eq!(kind(b"\xf3\x0d\r\n\0\0\0\0\x01\x02\x03"), Err(FormatErrorKind::Truncated));
        let flags = b"\xf3\x0d\r\n\x02\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(kind(flags), Err(FormatErrorKind::HeaderFlags(2)));
        let old =
            PycHeader { magic: PyRelease::Py38.magic(), invalidation: Invalidation::CheckedHash([0; 8]) };
        let error = Pyc::decode(&old.encode()).unwrap_err();
        assert_eq!(error.kind, FormatErrorKind::UnreadableRelease(PyRelease::Py38));
        let unknown = PycHeader { magic: Magic(1), ..old };
        let error = Pyc::decode(&unknown.encode()).unwrap_err();
        assert_eq!(error.kind, FormatErrorKind::UnknownMagic(Magic(1)));
    }
}
