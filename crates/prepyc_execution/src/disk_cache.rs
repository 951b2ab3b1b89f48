//! The disk cache: outputs by what they were made from, for any number of builds and checkouts at once.
//!
//! Laid out as Bazel's: `ac/` has a file for each action, by its key, which names its outputs' digests; `cas/` has the
//! bytes, by their digest; both in folders of the first two hex digits. Files are renamed into place and never changed, so
//! that whoever reads gets a whole one. What cannot be trusted (another digest, a cut file, garbage) is removed and missed.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::codec::{Reader, Writer, read_bounded};
use crate::digest::Digest;

/// The first line of an action's file.
const FORMAT: &str = "prepyc action result 1\n";
/// A larger file is no action's.
const ACTION_LIMIT_BYTES: u64 = 64 << 20;
/// The least that an output takes in an action's file, in bytes.
const MIN_OUTPUT_BYTES: usize = 8 + Digest::SIZE_BYTES + 8;

/// A disk cache.
#[derive(Debug)]
pub(crate) struct DiskCache {
    root: PathBuf,
}

/// What an action made, once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CachedResult {
    pub(crate) outputs: Vec<Vec<u8>>,
    pub(crate) text: String,
}

/// What the cache says of an action.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Hit(CachedResult),
    Miss,
    /// There was something that is of no use, and is gone now, if it could be removed: what, and why.
    Damaged(String),
}

impl DiskCache {
    pub(crate) fn new(root: PathBuf) -> DiskCache {
        DiskCache { root }
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What the action of that key made, if all of it is there and right. `names` are its outputs' exec paths.
    pub(crate) fn get(&self, key: Digest, names: &[&str]) -> Lookup {
        let action = self.action_path(key);
        let bytes = match read_bounded(&action, ACTION_LIMIT_BYTES) {
            Ok(bytes) => bytes,
            Err(error) => return unreadable(&action, &error),
        };
        let Some((recorded, text)) = decode(&bytes, key, names) else {
            return damaged(&action, "it is not what was written");
        };
        let mut outputs = Vec::with_capacity(recorded.len());
        for (digest, size_bytes) in recorded {
            let path = self.content_path(digest);
            match read_bounded(&path, size_bytes) {
                Ok(bytes) if Digest::of(&bytes) == digest => outputs.push(bytes),
                Ok(_) => return damaged(&path, "it is not what its name says"),
                // Gone, perhaps: somebody tidied up.
                Err(error) => return unreadable(&path, &error),
            }
        }
        Lookup::Hit(CachedResult { outputs, text })
    }

    /// Keeps what an action made: the bytes first, so that whoever finds the action finds them.
    pub(crate) fn put(&self, key: Digest, names: &[&str], outputs: &[Vec<u8>], text: &str) -> io::Result<()> {
        let mut writer = Writer::new(FORMAT);
        writer.digest(key);
        writer.bytes(text.as_bytes());
        writer.number(outputs.len() as u64);
        for (name, bytes) in names.iter().zip(outputs) {
            let digest = Digest::of(bytes);
            let path = self.content_path(digest);
            if fs::symlink_metadata(&path).map_or(true, |metadata| metadata.len() != bytes.len() as u64) {
                self.write(&path, bytes)?;
            }
            writer.bytes(name.as_bytes());
            writer.digest(digest);
            writer.number(bytes.len() as u64);
        }
        self.write(&self.action_path(key), &writer.finish())
    }

    fn action_path(&self, key: Digest) -> PathBuf {
        sharded(self.root.join("ac"), key)
    }

    fn content_path(&self, digest: Digest) -> PathBuf {
        sharded(self.root.join("cas"), digest)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = self.root.join("tmp");
        let mut builder = tempfile::Builder::new();
        // Less the umask: whoever may use the folder may use what is in it.
        builder.permissions(Permissions::from_mode(0o666));
        let mut file = match builder.tempfile_in(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&temporary)?;
                builder.tempfile_in(&temporary)?
            }
            result => result?,
        };
        file.write_all(bytes)?;
        match file.persist(path) {
            Err(failed) if failed.error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().unwrap_or(path))?;
                failed.file.persist(path).map_err(|failed| failed.error)?;
            }
            result => drop(result.map_err(|failed| failed.error)?),
        }
        Ok(())
    }
}

fn sharded(folder: PathBuf, digest: Digest) -> PathBuf {
    let name = digest.hex();
    folder.join(&name[..2]).join(name)
}

/// A file that is too large, a link or no file at all is of no use; else the next one who asks may have more luck.
fn unreadable(path: &Path, error: &io::Error) -> Lookup {
    let is_link = error.raw_os_error() == Some(Errno::LOOP.raw_os_error());
    if is_link || error.kind() == io::ErrorKind::InvalidData {
        return damaged(path, &error.to_string());
    }
    Lookup::Miss
}

/// Removes what is of no use, so that it is made anew.
fn damaged(path: &Path, why: &str) -> Lookup {
    let gone = match fs::remove_file(path) {
        Ok(()) => "removed; what it was for is built again".to_owned(),
        Err(error) => format!("which cannot be removed ({error}); what it is for is built again"),
    };
    Lookup::Damaged(format!("{}: damaged cache entry ({why}), {gone}", path.display()))
}

/// The outputs' digests and sizes in bytes, and what the tool said.
type Recorded = (Vec<(Digest, u64)>, String);

fn decode(bytes: &[u8], key: Digest, names: &[&str]) -> Option<Recorded> {
    let mut reader = Reader::open(FORMAT, bytes)?;
    if reader.digest()? != key {
        return None;
    }
    let text = String::from_utf8(reader.bytes()?.to_vec()).ok()?;
    if reader.count(MIN_OUTPUT_BYTES)? != names.len() {
        return None;
    }
    let mut outputs = Vec::with_capacity(names.len());
    for name in names {
        if reader.bytes()? != name.as_bytes() {
            return None;
        }
        outputs.push((reader.digest()?, reader.number()?));
    }
    reader.is_done().then_some((outputs, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (tempfile::TempDir, DiskCache, Digest) {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::new(folder.path().join("cache"));
        let key = Digest::of(b"key");
        assert_eq!(cache.get(key, &["a", "b"]), Lookup::Miss);
        cache.put(key, &["a", "b"], &[b"A".to_vec(), Vec::new()], "said").unwrap();
        (folder, cache, key)
    }

    fn is_damaged(lookup: &Lookup) -> bool {
        matches!(lookup, Lookup::Damaged(_))
    }

    #[test]
    fn what_was_put_is_got() {
        let (_folder, cache, key) = sample();
        let expected = CachedResult { outputs: vec![b"A".to_vec(), Vec::new()], text: "said".to_owned() };
        assert_eq!(cache.get(key, &["a", "b"]), Lookup::Hit(expected));
        assert_eq!(cache.get(Digest::of(b"other"), &["a", "b"]), Lookup::Miss);
        assert!(is_damaged(&cache.get(key, &["a", "c"])), "another action's names under this key");
        assert_eq!(cache.get(key, &["a", "b"]), Lookup::Miss, "the damaged one is gone");
    }

    #[test]
    fn a_damaged_action_is_removed_whatever_became_of_it() {
        let (_folder, cache, key) = sample();
        let path = cache.action_path(key);
        let whole = fs::read(&path).unwrap();
        for damage in [&b""[..], b"garbage", &whole[..whole.len() - 1], &[&whole[..], b"x"].concat()] {
            fs::write(&path, damage).unwrap();
            assert!(is_damaged(&cache.get(key, &["a", "b"])));
            assert!(!path.exists());
        }
    }

    #[test]
    fn damaged_bytes_are_removed_whatever_became_of_them() {
        let (_folder, cache, key) = sample();
        let path = cache.content_path(Digest::of(b"A"));
        for damage in [&b""[..], b"B", b"AA"] {
            fs::write(&path, damage).unwrap();
            assert!(is_damaged(&cache.get(key, &["a", "b"])));
            assert!(!path.exists());
            assert_eq!(cache.get(key, &["a", "b"]), Lookup::Miss);
            cache.put(key, &["a", "b"], &[b"A".to_vec(), Vec::new()], "said").unwrap();
        }
        std::os::unix::fs::symlink("/dev/zero", {
            fs::remove_file(&path).unwrap();
            &path
        })
        .unwrap();
        assert!(is_damaged(&cache.get(key, &["a", "b"])), "a link is never followed");
    }
}
