//! The releases of CPython that prepyc knows, and how a pyc's magic number names one.

use std::fmt;
use std::str::FromStr;

use crate::opcode::OpcodeTable;
use crate::tables::{py311, py312, py313, py314, py315};

/// A CPython feature release whose pycs prepyc can name: header, magic number and cache tag.
///
/// Deliberately not `Ord`: behaviour that differs between releases is a fact to ask for, not a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PyRelease {
    /// CPython 3.8.
    Py38,
    /// CPython 3.9.
    Py39,
    /// CPython 3.10.
    Py310,
    /// CPython 3.11 or newer: one whose code objects prepyc reads and writes.
    Known(PyVersion),
}

/// A CPython feature release whose code objects prepyc reads, writes and (in time) compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PyVersion {
    /// CPython 3.11.
    Py311,
    /// CPython 3.12.
    Py312,
    /// CPython 3.13.
    Py313,
    /// CPython 3.14.
    Py314,
    /// CPython 3.15.
    Py315,
}

/// The 16-bit number at the start of a pyc that names its bytecode format.
///
/// In the file it stands little-endian and is followed by the bytes `\r\n`
/// (CPython: `Include/internal/pycore_magic_number.h`, before 3.14 `Lib/importlib/_bootstrap_external.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Magic(pub u16);

/// The hash function of `importlib.util.source_hash` (CPython: `Python/pyhash.c`, `_Py_KeyedHash`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceHash {
    /// SipHash with two compression and four finalisation rounds.
    SipHash24,
    /// SipHash with one compression and three finalisation rounds.
    SipHash13,
}

/// The text is not the name of a release that prepyc knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVersion(String);

impl PyRelease {
    /// All of them, oldest first.
    pub const ALL: [PyRelease; 8] = [
        PyRelease::Py38,
        PyRelease::Py39,
        PyRelease::Py310,
        PyRelease::Known(PyVersion::Py311),
        PyRelease::Known(PyVersion::Py312),
        PyRelease::Known(PyVersion::Py313),
        PyRelease::Known(PyVersion::Py314),
        PyRelease::Known(PyVersion::Py315),
    ];

    /// The minor number: 13 for CPython 3.13.
    pub const fn minor(self) -> u8 {
        match self {
            PyRelease::Py38 => 8,
            PyRelease::Py39 => 9,
            PyRelease::Py310 => 10,
            PyRelease::Known(version) => version.minor(),
        }
    }

    /// The magic number of the final release and its patch releases.
    pub const fn magic(self) -> Magic {
        match self {
            PyRelease::Py38 => Magic(3413),
            PyRelease::Py39 => Magic(3425),
            PyRelease::Py310 => Magic(3439),
            PyRelease::Known(version) => version.magic(),
        }
    }

    /// The cache tag, as in `__pycache__/STEM.cpython-313.pyc`.
    pub fn cache_tag(self) -> String {
        format!("cpython-3{}", self.minor())
    }

    /// The release whose final magic number this is, if there is one.
    pub fn from_magic(magic: Magic) -> Option<PyRelease> {
        PyRelease::ALL.into_iter().find(|release| release.magic() == magic)
    }

    /// The release of the given number, if prepyc knows it.
    pub fn from_number(major: u8, minor: u8) -> Option<PyRelease> {
        PyRelease::ALL.into_iter().find(|release| major == 3 && release.minor() == minor)
    }

    /// How `importlib.util.source_hash` hashes a source.
    pub const fn source_hash(self) -> SourceHash {
        match self {
            PyRelease::Py38 | PyRelease::Py39 | PyRelease::Py310 => SourceHash::SipHash24,
            PyRelease::Known(_) => SourceHash::SipHash13,
        }
    }

    /// The version whose code objects these are, where prepyc reads and writes them.
    pub const fn version(self) -> Option<PyVersion> {
        match self {
            PyRelease::Known(version) => Some(version),
            PyRelease::Py38 | PyRelease::Py39 | PyRelease::Py310 => None,
        }
    }
}

impl PyVersion {
    /// All of them, oldest first.
    pub const ALL: [PyVersion; 5] =
        [PyVersion::Py311, PyVersion::Py312, PyVersion::Py313, PyVersion::Py314, PyVersion::Py315];

    /// The release that prepyc's knowledge of this version is taken from, and held against: `3.13.18`. Code objects
    /// may differ a little from one patch release to the next.
    pub const fn reference(self) -> &'static str {
        match self {
            PyVersion::Py311 => py311::PYTHON,
            PyVersion::Py312 => py312::PYTHON,
            PyVersion::Py313 => py313::PYTHON,
            PyVersion::Py314 => py314::PYTHON,
            PyVersion::Py315 => py315::PYTHON,
        }
    }

    /// The minor number: 13 for CPython 3.13.
    pub const fn minor(self) -> u8 {
        match self {
            PyVersion::Py311 => 11,
            PyVersion::Py312 => 12,
            PyVersion::Py313 => 13,
            PyVersion::Py314 => 14,
            PyVersion::Py315 => 15,
        }
    }

    /// The magic number of the final release and its patch releases.
    pub const fn magic(self) -> Magic {
        match self {
            PyVersion::Py311 => Magic(py311::MAGIC),
            PyVersion::Py312 => Magic(py312::MAGIC),
            PyVersion::Py313 => Magic(py313::MAGIC),
            PyVersion::Py314 => Magic(py314::MAGIC),
            PyVersion::Py315 => Magic(py315::MAGIC),
        }
    }

    /// The instructions.
    pub const fn opcodes(self) -> &'static OpcodeTable {
        match self {
            PyVersion::Py311 => &py311::OPCODES,
            PyVersion::Py312 => &py312::OPCODES,
            PyVersion::Py313 => &py313::OPCODES,
            PyVersion::Py314 => &py314::OPCODES,
            PyVersion::Py315 => &py315::OPCODES,
        }
    }

    /// `marshal.version`: what the version's marshal can hold (4: references and short strings; 5: slices as
    /// well; 6: frozendicts as well).
    pub const fn marshal_version(self) -> u8 {
        match self {
            PyVersion::Py311 => py311::MARSHAL_VERSION,
            PyVersion::Py312 => py312::MARSHAL_VERSION,
            PyVersion::Py313 => py313::MARSHAL_VERSION,
            PyVersion::Py314 => py314::MARSHAL_VERSION,
            PyVersion::Py315 => py315::MARSHAL_VERSION,
        }
    }
}

impl Magic {
    /// The four bytes a pyc begins with.
    pub const fn to_bytes(self) -> [u8; 4] {
        let [low, high] = self.0.to_le_bytes();
        [low, high, b'\r', b'\n']
    }

    /// Reads the four bytes a pyc begins with; `None` where they do not end in `\r\n`.
    pub const fn from_bytes(bytes: [u8; 4]) -> Option<Magic> {
        match bytes {
            [low, high, b'\r', b'\n'] => Some(Magic(u16::from_le_bytes([low, high]))),
            _ => None,
        }
    }
}

impl From<PyVersion> for PyRelease {
    fn from(version: PyVersion) -> PyRelease {
        PyRelease::Known(version)
    }
}

impl fmt::Display for PyRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "3.{}", self.minor())
    }
}

impl fmt::Display for PyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "3.{}", self.minor())
    }
}

impl FromStr for PyRelease {
    type Err = UnknownVersion;

    /// Reads `3.13`; a patch number is allowed and ignored (`3.13.2`), since a pyc does not know it.
    fn from_str(text: &str) -> Result<PyRelease, UnknownVersion> {
        let unknown = || UnknownVersion(text.to_owned());
        let mut parts = text.trim().split('.');
        let major: u8 = parts.next().and_then(|part| part.parse().ok()).ok_or_else(unknown)?;
        let minor: u8 = parts.next().and_then(|part| part.parse().ok()).ok_or_else(unknown)?;
        if parts.next().is_some_and(|patch| patch.is_empty()) || parts.next().is_some() {
            return Err(unknown());
        }
        PyRelease::from_number(major, minor).ok_or_else(unknown)
    }
}

impl FromStr for PyVersion {
    type Err = UnknownVersion;

    /// As for [`PyRelease`], limited to the versions whose code objects prepyc knows.
    fn from_str(text: &str) -> Result<PyVersion, UnknownVersion> {
        text.parse::<PyRelease>()?.version().ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a Python version that prepyc knows (3.8 to 3.15)", self.0)
    }
}

impl std::error::Error for UnknownVersion {}
