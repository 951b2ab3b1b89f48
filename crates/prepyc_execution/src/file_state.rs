//! What the system says of a file without reading it, and the digests that were found to go with that.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::digest::Digest;

/// How long ago a file must have changed for its times to tell any further change: file systems stamp by clock ticks.
const TICK: Duration = Duration::from_millis(50);
/// The same where a file system stamps whole seconds, or pairs of them.
const COARSE_TICK: Duration = Duration::from_secs(2);

/// What changes whenever a file's bytes do, but for a change within one tick of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    pub(crate) mtime: Stamp,
    pub(crate) ctime: Stamp,
    pub(crate) size_bytes: u64,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) mode: u32,
}

/// A point in time, since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: u32,
}

impl FileState {
    pub(crate) fn of(metadata: &Metadata) -> FileState {
        let stamp = |seconds, nanoseconds: i64| Stamp {
            seconds,
            nanoseconds: u32::try_from(nanoseconds).unwrap_or_default(),
        };
        FileState {
            mtime: stamp(metadata.mtime(), metadata.mtime_nsec()),
            ctime: stamp(metadata.ctime(), metadata.ctime_nsec()),
            size_bytes: metadata.size(),
            device: metadata.dev(),
            inode: metadata.ino(),
            mode: metadata.mode(),
        }
    }

    /// Of the regular file that a path leads to.
    pub(crate) fn of_input(path: &Path) -> io::Result<FileState> {
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        Ok(FileState::of(&metadata))
    }

    /// Whether a change after `now` would show: not where the file was changed in the same tick.
    pub(crate) fn is_settled_at(&self, now: Stamp) -> bool {
        let last = self.mtime.max(self.ctime);
        let tick =
            if self.mtime.nanoseconds == 0 && self.ctime.nanoseconds == 0 { COARSE_TICK } else { TICK };
        now.nanoseconds_since(last) >= tick.as_nanos() as i128
    }
}

impl Stamp {
    pub(crate) fn now() -> Stamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Stamp {
            seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: since.subsec_nanos(),
        }
    }

    fn nanoseconds_since(self, earlier: Stamp) -> i128 {
        let nanoseconds =
            |stamp: Stamp| i128::from(stamp.seconds) * 1_000_000_000 + i128::from(stamp.nanoseconds);
        nanoseconds(self) - nanoseconds(earlier)
    }
}

/// The digests of files, each read once as long as nothing says that it changed.
#[derive(Debug, Default)]
pub(crate) struct FileDigests {
    known: Mutex<HashMap<PathBuf, Known>>,
    /// Whether there is anything new worth keeping.
    changed: AtomicBool,
}

/// A file's digest, and the state it goes with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) state: FileState,
    pub(crate) digest: Digest,
    /// Whether the state tells any further change. If not, it holds for this run only.
    pub(crate) settled: bool,
}

impl FileDigests {
    /// What is known from an earlier build.
    pub(crate) fn from_earlier(entries: HashMap<PathBuf, Known>) -> FileDigests {
        FileDigests { known: Mutex::new(entries), changed: AtomicBool::new(false) }
    }

    /// The digest of a regular file that `read` digests if its state is not a known one.
    pub(crate) fn get<E: From<io::Error>>(
        &self,
        path: &Path,
        read: impl FnOnce(&Path) -> Result<Digest, E>,
    ) -> Result<(FileState, Digest), E> {
        let state = FileState::of_input(path)?;
        if let Some(known) = self.lock().get(path)
            && known.state == state
        {
            return Ok((state, known.digest));
        }
        let now = Stamp::now();
        let digest = read(path)?;
        // A change between the two leaves a state that no file has any more.
        let settled = state.is_settled_at(now);
        self.lock().insert(path.to_owned(), Known { state, digest, settled });
        self.changed.fetch_or(settled, Ordering::Relaxed);
        Ok((state, digest))
    }

    /// Whether anything new has become known that is worth keeping, since this was last asked.
    pub(crate) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }

    /// Forgets files that turned out to be others than their states said.
    pub(crate) fn forget<'a>(&self, paths: impl IntoIterator<Item = &'a Path>) {
        let mut known = self.lock();
        for path in paths {
            known.remove(path);
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
