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

/// Reads one byte more than expected, so that a file that grew is seen.
fn read_whole(file: &mut File, size_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size_bytes as usize + 1).map_err(|_| io::ErrorKind::OutOfMemory)?;
    file.take(size_bytes + 1).read_to_end(&mut bytes)?;
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
