//! Is this pyc the one we would write? Judged from its header, the wanted mode and the source.
//!
//! Stricter than an import: a pyc in another invalidation mode than the wanted one is stale, and so is one whose
//! unchecked hash is not its source's. Only hash modes read the source, and only if everything else agrees.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use prepyc_bytecode::{Invalidation, PycHeader, source_hash};
use prepyc_version::Magic;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::{Source, SourceError, SourceStat};

/// How CPython is to tell whether a pyc still belongs to its source (PEP 552).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvalidationMode {
    /// By modification time and size.
    Timestamp,
    /// By a hash of the source, compared at each import.
    CheckedHash,
    /// By a hash of the source, which no import compares.
    UncheckedHash,
}

/// What [`judge`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The header is the one we would write.
    Fresh,
    /// It is not.
    Stale(Reason),
}

/// Why a pyc is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// There is none.
    Missing,
    /// What stands at its path is a symbolic link or no regular file; publishing there will fail.
    NotRegular,
    /// It may not be read.
    Unreadable,
    /// It ends within the header or right after it.
    Truncated,
    /// It belongs to another Python, or is no pyc.
    WrongMagic,
    /// It has another invalidation mode than the wanted one, or flags that PEP 552 does not define.
    WrongMode,
    /// The source's modification time or size is another (timestamp mode).
    MtimeOrSizeChanged,
    /// The source's hash is another (both hash modes).
    HashChanged,
}

impl InvalidationMode {
    /// What the header of this source's pyc says in this mode.
    ///
    /// Modification time and size are cut off to 32 bits, as CPython does when it writes and when it compares.
    pub fn of(self, source: &Source, magic: Magic) -> Invalidation {
        match self {
            InvalidationMode::Timestamp => timestamp(&source.stat),
            InvalidationMode::CheckedHash => Invalidation::CheckedHash(source_hash(magic, &source.bytes)),
            InvalidationMode::UncheckedHash => Invalidation::UncheckedHash(source_hash(magic, &source.bytes)),
        }
    }

    fn is_of(self, invalidation: &Invalidation) -> bool {
        matches!(
            (self, invalidation),
            (InvalidationMode::Timestamp, Invalidation::Timestamp { .. })
                | (InvalidationMode::CheckedHash, Invalidation::CheckedHash(_))
                | (InvalidationMode::UncheckedHash, Invalidation::UncheckedHash(_))
        )
    }
}

/// Holds the pyc at a path against its source.
///
/// # Errors
/// Only if the source cannot be read; whatever is wrong with the pyc is a [`Reason`].
pub fn judge(
    pyc: &Path,
    source: &Path,
    mode: InvalidationMode,
    magic: Magic,
) -> Result<Freshness, SourceError> {
    match read_beginning(pyc) {
        Ok(beginning) => judge_beginning(&beginning, source, mode, magic),
        Err(reason) => Ok(Freshness::Stale(reason)),
    }
}

/// Holds the pyc at a path against a source that has been read already, in any mode.
pub fn judge_read(pyc: &Path, source: &Source, mode: InvalidationMode, magic: Magic) -> Freshness {
    let found = read_beginning(pyc).and_then(|beginning| header_in_mode(&beginning, mode, magic));
    match (found, mode) {
        (Ok(found), _) if found == mode.of(source, magic) => Freshness::Fresh,
        (Ok(_), InvalidationMode::Timestamp) => Freshness::Stale(Reason::MtimeOrSizeChanged),
        (Ok(_), InvalidationMode::CheckedHash | InvalidationMode::UncheckedHash) => {
            Freshness::Stale(Reason::HashChanged)
        }
        (Err(reason), _) => Freshness::Stale(reason),
    }
}

/// Holds a pyc's first 17 bytes (fewer if it has no more) against its source: the header, and whether a body follows.
///
/// # Errors
/// Only if the source cannot be read.
pub fn judge_beginning(
    pyc: &[u8],
    source: &Path,
    mode: InvalidationMode,
    magic: Magic,
) -> Result<Freshness, SourceError> {
    let found = match header_in_mode(pyc, mode, magic) {
        Ok(invalidation) => invalidation,
        Err(reason) => return Ok(Freshness::Stale(reason)),
    };
    let (expected, reason) = match mode {
        InvalidationMode::Timestamp => (timestamp(&SourceStat::of(source)?), Reason::MtimeOrSizeChanged),
        InvalidationMode::CheckedHash | InvalidationMode::UncheckedHash => {
            (mode.of(&Source::read(source)?, magic), Reason::HashChanged)
        }
    };
    Ok(if found == expected { Freshness::Fresh } else { Freshness::Stale(reason) })
}

/// What the header says, if it is whole, has a body after it and is of the wanted Python and mode.
fn header_in_mode(pyc: &[u8], mode: InvalidationMode, magic: Magic) -> Result<Invalidation, Reason> {
    let Some(start) = pyc.first_chunk::<4>() else {
        return Err(Reason::Truncated);
    };
    if *start != magic.to_bytes() {
        return Err(Reason::WrongMagic);
    }
    if pyc.len() <= PycHeader::LENGTH {
        return Err(Reason::Truncated);
    }
    match PycHeader::decode(pyc) {
        Ok(header) if mode.is_of(&header.invalidation) => Ok(header.invalidation),
        _ => Err(Reason::WrongMode),
    }
}

/// The header and one byte more, in as few calls as can be: most runs do nothing else.
fn read_beginning(pyc: &Path) -> Result<Vec<u8>, Reason> {
    // A link is not followed, and a FIFO not waited for.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let mut file = File::options().read(true).custom_flags(flags).open(pyc).map_err(|error| {
        match (error.kind(), Errno::from_io_error(&error)) {
            (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, _) => Reason::Missing,
            // A link; a socket.
            (_, Some(Errno::LOOP | Errno::NXIO)) => Reason::NotRegular,
            _ => Reason::Unreadable,
        }
    })?;
    let mut beginning = vec![0; PycHeader::LENGTH + 1];
    let mut length = 0;
    while length < beginning.len() {
        match file.read(&mut beginning[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
                return Err(if is_file { Reason::Unreadable } else { Reason::NotRegular });
            }
        }
    }
    if length < beginning.len() && !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(Reason::NotRegular);
    }
    beginning.truncate(length);
    Ok(beginning)
}

// CPython: Lib/importlib/_bootstrap_external.py _pack_uint32, 3.8 to 3.15.
fn timestamp(stat: &SourceStat) -> Invalidation {
    Invalidation::Timestamp { mtime: stat.mtime as u32, size: stat.size_bytes as u32 }
}

impl fmt::Display for InvalidationMode {
    /// As on the command line: `checked-hash`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidationMode::Timestamp => "timestamp",
            InvalidationMode::CheckedHash => "checked-hash",
            InvalidationMode::UncheckedHash => "unchecked-hash",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Missing => "there is no pyc",
            Reason::NotRegular => "the pyc is no regular file",
            Reason::Unreadable => "the pyc cannot be read",
            Reason::Truncated => "the pyc is truncated",
            Reason::WrongMagic => "the pyc is of another Python",
            Reason::WrongMode => "the pyc has another invalidation mode",
            Reason::MtimeOrSizeChanged => "the source's modification time or size has changed",
            Reason::HashChanged => "the source has changed",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use prepyc_version::PyRelease;
    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::{Target, pyc_bytes};

    const MODES: [InvalidationMode; 3] =
        [InvalidationMode::Timestamp, InvalidationMode::CheckedHash, InvalidationMode::UncheckedHash];

    /// A source and a pyc's path in a folder of their own.
    struct Files {
        folder: TempDir,
    }

    impl Files {
        fn new() -> Files {
            let files = Files { folder: tempdir().unwrap() };
            fs::write(files.source(), "x = 1\n").unwrap();
            files
        }

        fn source(&self) -> std::path::PathBuf {
            self.folder.path().join("m.py")
        }

        fn pyc(&self) -> std::path::PathBuf {
            self.folder.path().join("m.pyc")
        }

        fn write_pyc(&self, release: PyRelease, mode: InvalidationMode) {
            let source = Source::read(&self.source()).unwrap();
            fs::write(self.pyc(), pyc_bytes(&Target::from_release(release), mode, &source, b"N".to_vec()))
                .unwrap();
        }

        fn judge(&self, release: PyRelease, mode: InvalidationMode) -> Freshness {
            judge(&self.pyc(), &self.source(), mode, release.magic()).unwrap()
        }
    }

    #[test]
    fn each_mode_is_fresh_to_itself_alone_in_every_release() {
        for release in PyRelease::ALL {
            let files = Files::new();
            for written in MODES {
                files.write_pyc(release, written);
                for wanted in MODES {
                    let expected = match written == wanted {
                        true => Freshness::Fresh,
                        false => Freshness::Stale(Reason::WrongMode),
                    };
                    assert_eq!(files.judge(release, wanted), expected);
                }
            }
        }
    }

    #[test]
    fn another_releases_pyc_is_stale() {
        let files = Files::new();
        for mode in MODES {
            files.write_pyc(PyRelease::Py38, mode);
            assert_eq!(files.judge(PyRelease::Py39, mode), Freshness::Stale(Reason::WrongMagic));
        }
    }

    /// Size and time go into one mode, bytes into the others; neither looks at what the other does.
    #[test]
    fn each_mode_sees_its_own_changes() {
        let release = PyRelease::ALL[5];
        for mode in MODES {
            let by_time = mode == InvalidationMode::Timestamp;
            let files = Files::new();
            files.write_pyc(release, mode);
            let file = File::options().append(true).open(files.source()).unwrap();
            let time = fs::metadata(files.source()).unwrap().modified().unwrap();
            file.set_modified(time + std::time::Duration::from_secs(5)).unwrap();
            let touched =
                if by_time { Freshness::Stale(Reason::MtimeOrSizeChanged) } else { Freshness::Fresh };
            assert_eq!(files.judge(release, mode), touched);
            fs::write(files.source(), "x = 2\n").unwrap();
            file.set_modified(time).unwrap();
            let same_size = if by_time { Freshness::Fresh } else { Freshness::Stale(Reason::HashChanged) };
            assert_eq!(files.judge(release, mode), same_size);
            fs::write(files.source(), "x = 22\n").unwrap();
            file.set_modified(time).unwrap();
            let reason = if by_time { Reason::MtimeOrSizeChanged } else { Reason::HashChanged };
            assert_eq!(files.judge(release, mode), Freshness::Stale(reason));
        }
    }

    #[test]
    fn whatever_is_no_whole_pyc_is_stale() {
        let release = PyRelease::ALL[5];
        let files = Files::new();
        for mode in MODES {
            assert_eq!(files.judge(release, mode), Freshness::Stale(Reason::Missing));
            files.write_pyc(release, mode);
            let whole = fs::read(files.pyc()).unwrap();
            assert_eq!(whole.len(), 17);
            for length in 0..17 {
                fs::write(files.pyc(), &whole[..length]).unwrap();
                assert_eq!(files.judge(release, mode), Freshness::Stale(Reason::Truncated), "{length} bytes");
            }
            let mut flags = whole.clone();
            flags[4] = 2;
            fs::write(files.pyc(), &flags).unwrap();
            assert_eq!(files.judge(release, mode), Freshness::Stale(Reason::WrongMode));
            fs::write(files.pyc(), "#!/usr/bin/env python\n").unwrap();
            assert_eq!(files.judge(release, mode), Freshness::Stale(Reason::WrongMagic));
            fs::remove_file(files.pyc()).unwrap();
            symlink("elsewhere", files.pyc()).unwrap();
            assert_eq!(files.judge(release, mode), Freshness::Stale(Reason::NotRegular));
            fs::remove_file(files.pyc()).unwrap();
            fs::create_dir(files.pyc()).unwrap();
            assert_eq!(files.judge(release, mode), Freshness::Stale(Reason::NotRegular));
            fs::remove_dir(files.pyc()).unwrap();
        }
    }

    #[test]
    fn a_missing_source_is_an_error() {
        let release = PyRelease::ALL[5];
        let files = Files::new();
        for mode in MODES {
            files.write_pyc(release, mode);
            fs::rename(files.source(), files.folder.path().join("away.py")).unwrap();
            assert!(judge(&files.pyc(), &files.source(), mode, release.magic()).is_err());
            fs::rename(files.folder.path().join("away.py"), files.source()).unwrap();
        }
    }
}
