//! Reading a source once, with the mtime, size and mode that belong to the bytes read.
//!
//! Symbolic links are followed: sandboxes and package stores are made of them.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

/// The largest source that is read, in bytes (1 GiB). CPython's own compiler needs some hundred times as much memory.
pub const MAX_SOURCE_BYTES: u64 = 1 << 30;

/// How often a file is read again because it changed meanwhile.
const MAX_READS: u32 = 5;

/// A source file's bytes and what was true of the file while they were read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The whole file.
    pub bytes: Arc<[u8]>,
    /// What `stat` said of exactly these bytes.
    pub stat: SourceStat,
}

/// What a pyc records or inherits of its source's `stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceStat {
    /// Seconds since 1970, as CPython's `int(os.stat(path).st_mtime)` has it; may be negative or need more than 32 bits.
    pub mtime: i64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Permission bits (`st_mode & 0o7777`).
    pub mode: u32,
}

/// A source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system said no.
    #[error("{}: {error}", path.display())]
    Io {
        /// The source.
        path: PathBuf,
        /// What it said.
        #[source]
        error: io::Error,
    },
    /// A folder, a FIFO, a device, a socket.
    #[error("{}: not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// More than [`MAX_SOURCE_BYTES`].
    #[error("{}: {size_bytes} bytes are more than the {MAX_SOURCE_BYTES} that are read", path.display())]
    TooLarge {
        /// The source.
        path: PathBuf,
        /// Its size.
        size_bytes: u64,
    },
    /// Somebody kept writing to it.
    #[error("{}: it kept changing while it was read; try again when nothing writes to it", .0.display())]
    Changing(PathBuf),
}

impl SourceError {
    /// The source it is about.
    pub fn path(&self) -> &Path {
        match self {
            SourceError::Io { path, .. } | SourceError::TooLarge { path, .. } => path,
            SourceError::NotRegular(path) | SourceError::Changing(path) => path,
        }
    }
}

impl SourceStat {
    /// Asks for what can be known without reading the file.
    pub fn of(path: &Path) -> Result<SourceStat, SourceError> {
        let metadata = std::fs::metadata(path).map_err(|error| io_error(path, error))?;
        checked_stat(path, &metadata)
    }

    fn from_metadata(metadata: &Metadata) -> SourceStat {
        SourceStat {
            mtime: mtime_as_cpython(metadata.mtime(), metadata.mtime_nsec()),
            size_bytes: metadata.len(),
            mode: metadata.mode() & 0o7777,
        }
    }
}

impl Source {
    /// Reads a regular file, again if it changes meanwhile.
    pub fn read(path: &Path) -> Result<Source, SourceError> {
        // Asked before opening, since opening a device may do something.
        SourceStat::of(path)?;
        Source::read_found(path)
    }

    /// The same for a file that was found to be a regular one a moment ago, by listing its folder, say: that is not asked
    /// again before it is opened, only after.
    pub fn read_found(path: &Path) -> Result<Source, SourceError> {
        for _ in 0..MAX_READS {
            if let Some(source) = read_once(path)? {
                return Ok(source);
            }
        }
        Err(SourceError::Changing(path.to_owned()))
    }
}

/// `int(st_mtime)`: CPython makes a float of seconds and nanoseconds and cuts it off towards zero, both when it
/// writes the header and when it checks it. In the last 120 ns of a second the float is the next second already.
// CPython: Modules/posixmodule.c fill_time, Lib/importlib/_bootstrap_external.py _pack_uint32, 3.8 to 3.15.
fn mtime_as_cpython(seconds: i64, nanoseconds: i64) -> i64 {
    (seconds as f64 + 1e-9 * nanoseconds as f64) as i64
}

/// One attempt; `None` if the file changed under it.
fn read_once(path: &Path) -> Result<Option<Source>, SourceError> {
    // Without O_NONBLOCK, opening a FIFO that has just taken the file's place would wait for a writer.
    let nonblock = OFlags::NONBLOCK.bits() as i32;
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblock)
        .open(path)
        .map_err(|error| io_error(path, error))?;
    let before = file.metadata().map_err(|error| io_error(path, error))?;
    let stat = checked_stat(path, &before)?;
    let bytes = read_whole(&mut file, stat.size_bytes).map_err(|error| io_error(path, error))?;
    let after = file.metadata().map_err(|error| io_error(path, error))?;
    let unchanged = identity(&before) == identity(&after) && bytes.len() as u64 == stat.size_bytes;
    Ok(unchanged.then(|| Source { bytes: bytes.into(), stat }))
}

/// Tries to read one byte more than expected, so that a file that grew is seen; mostly by one call.
fn read_whole(file: &mut File, size_bytes: u64) -> io::Result<Vec<u8>> {
    let size = size_bytes as usize;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size + 1).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.resize(size + 1, 0);
    let mut length = 0;
    // At least once: what says that it is empty may fail.
    loop {
        match file.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if length >= size {
            break;
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// What changes whenever the bytes do.
fn identity(metadata: &Metadata) -> (i64, i64, i64, i64, u64) {
    (metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec(), metadata.len())
}

fn checked_stat(path: &Path, metadata: &Metadata) -> Result<SourceStat, SourceError> {
    if !metadata.is_file() {
        return Err(SourceError::NotRegular(path.to_owned()));
    }
    let stat = SourceStat::from_metadata(metadata);
    if stat.size_bytes > MAX_SOURCE_BYTES {
        return Err(SourceError::TooLarge { path: path.to_owned(), size_bytes: stat.size_bytes });
    }
    Ok(stat)
}

fn io_error(path: &Path, error: io::Error) -> SourceError {
    SourceError::Io { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use tempfile::tempdir;

    use super::*;

    #[test]
    fn bytes_and_stat_belong_together() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("m.py");
        fs::write(&path, "x = 1\r\n\0").unwrap();
        symlink(&path, folder.path().join("link.py")).unwrap();
        for path in [path, folder.path().join("link.py")] {
            let source = Source::read(&path).unwrap();
            assert_eq!(&*source.bytes, b"x = 1\r\n\0");
            assert_eq!(source.stat, SourceStat::of(&path).unwrap());
            assert_eq!(source.stat.size_bytes, 8);
        }
    }

    #[test]
    fn what_is_no_regular_file_is_refused_without_waiting() {
        let folder = tempdir().unwrap();
        let fifo = folder.path().join("fifo.py");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for path in [folder.path(), &fifo, Path::new("/dev/zero")] {
            let error = Source::read(path).unwrap_err();
            assert!(matches!(error, SourceError::NotRegular(_)), "{error}");
            assert_eq!(error.path(), path);
        }
        // The same if it takes the place of a file after the first look.
        assert!(matches!(read_once(&fifo), Err(SourceError::NotRegular(_))));
        let missing = Source::read(&folder.path().join("missing.py")).unwrap_err();
        assert!(
            missing.to_string().ends_with("missing.py: No such file or directory (os error 2)"),
            "{missing}"
        );
    }

    #[test]
    fn a_file_too_large_is_refused_without_reading_it() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("large.py");
        File::create(&path).unwrap().set_len(MAX_SOURCE_BYTES + 1).unwrap();
        let error = Source::read(&path).unwrap_err();
        assert!(
            matches!(error, SourceError::TooLarge { size_bytes, .. } if size_bytes == MAX_SOURCE_BYTES + 1)
        );
    }

    /// Rewritten in place all the time, it is read whole or given up, never mixed.
    #[test]
    fn a_file_that_changes_is_never_read_in_part() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("m.py");
        fs::write(&path, "").unwrap();
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut length = 0;
                while !ended.load(Ordering::Relaxed) {
                    length = (length + 7919) % 100_000;
                    fs::write(&path, "x".repeat(length)).unwrap();
                }
            });
            for _ in 0..200 {
                match Source::read(&path) {
                    Ok(source) => assert_eq!(source.bytes.len() as u64, source.stat.size_bytes),
                    Err(error) => assert!(matches!(error, SourceError::Changing(_)), "{error}"),
                }
            }
            ended.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn the_modification_time_is_cut_off_towards_zero_after_rounding_to_a_float() {
        assert_eq!(mtime_as_cpython(1_700_000_000, 0), 1_700_000_000);
        assert_eq!(mtime_as_cpython(1_700_000_000, 999_999_000), 1_700_000_000);
        assert_eq!(mtime_as_cpython(1_700_000_000, 999_999_999), 1_700_000_001);
        assert_eq!(mtime_as_cpython(-2, 500_000_000), -1);
        assert_eq!(mtime_as_cpython(-1, 1), 0);
    }
}
