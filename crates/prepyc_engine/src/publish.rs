//! Putting a pyc in its place: a temporary file in the same folder, then a rename.
//!
//! Whoever is killed when, the path holds the old bytes or the new ones. A writer killed between the two steps leaves
//! its temporary file behind, under a name that [`is_temporary_name`] knows.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

/// What stands between the pyc's name and the random part of a temporary file's.
const MARK: &[u8] = b".prepyc-";
/// What a temporary file's name ends in.
const TEMPORARY_SUFFIX: &[u8] = b".tmp";
/// How many letters and digits tell temporary files of one name apart.
const RANDOM_BYTES: usize = 8;
/// So much of the pyc's name is repeated, in bytes: with the rest it stays far below any file system's limit.
const MAX_NAME_PART: usize = 64;

/// A pyc could not be published; nothing has changed at its path.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The path is a symbolic link. Renaming over it would turn it into a file, writing through it would change another.
    #[error("{}: a symbolic link is not replaced; remove it, or exclude the source", .0.display())]
    Symlink(PathBuf),
    /// The path is a folder, a device, a FIFO.
    #[error("{}: what stands there is no regular file; remove it, or exclude the source", .0.display())]
    NotRegular(PathBuf),
    /// The system said no.
    #[error("{}: cannot {action}: {error}{}", path.display(), remedy(error))]
    Io {
        /// The pyc, or the folder that could not be made.
        path: PathBuf,
        /// What was tried: `write`, `create the folder`.
        action: &'static str,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

impl PublishError {
    /// The pyc or folder it is about.
    pub fn path(&self) -> &Path {
        match self {
            PublishError::Symlink(path) | PublishError::NotRegular(path) | PublishError::Io { path, .. } => {
                path
            }
        }
    }
}

/// Writes a pyc whole, or not at all. Missing folders are made.
///
/// Its mode is the source's plus owner-write, without execute bits and less the umask, as `py_compile` has it.
// CPython: Lib/importlib/_bootstrap_external.py _calc_mode and _write_atomic, 3.8 to 3.15.
pub fn publish(path: &Path, bytes: &[u8], source_mode: u32) -> Result<(), PublishError> {
    let folder = folder_of(path);
    let temporary = match write_temporary(path, folder, bytes, source_mode) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_folder(folder)?;
            write_temporary(path, folder, bytes, source_mode)
        }
        outcome => outcome,
    };
    // What may not be replaced is told of first, whatever else is wrong.
    check_destination(path)?;
    let temporary = temporary.map_err(|error| io_error(path, "write", error))?;
    temporary.persist(path).map_err(|failed| io_error(path, "write", failed.error))?;
    Ok(())
}

/// Publishes a pyc as a second name of one that is there already, with the same bytes.
///
/// Where that cannot be (another device, a file system without links, too many of them), it is written like any other.
pub fn publish_hardlink(
    existing: &Path,
    path: &Path,
    bytes: &[u8],
    source_mode: u32,
) -> Result<(), PublishError> {
    let folder = folder_of(path);
    check_destination(path)?;
    let linked = match link_temporary(existing, path, folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => {
            create_folder(folder)?;
            link_temporary(existing, path, folder)
        }
        outcome => outcome,
    };
    let Ok(temporary) = linked else {
        return publish(path, bytes, source_mode);
    };
    check_destination(path)?;
    // Renaming one name of a file over another of the same file does nothing, by POSIX: the temporary name stays and
    // is then removed by hand.
    let name = temporary.to_path_buf();
    temporary.persist(path).map_err(|failed| io_error(path, "write", failed.error))?;
    match fs::remove_file(&name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&name, "remove", error)),
        _ => Ok(()),
    }
}

/// Fails if something stands at the path that must not be replaced.
///
/// [`publish`] asks by itself, last thing before the rename; asking earlier saves compiling in vain.
pub fn check_destination(path: &Path) -> Result<(), PublishError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(PublishError::Symlink(path.to_owned())),
        Ok(metadata) if !metadata.is_file() => Err(PublishError::NotRegular(path.to_owned())),
        // Whatever is wrong with the path, writing there says it better.
        _ => Ok(()),
    }
}

/// Whether a file of this name is a temporary file of ours, left behind if no prepyc is running.
pub fn is_temporary_name(name: &OsStr) -> bool {
    let Some(rest) = name.as_bytes().strip_prefix(b".").and_then(|name| name.strip_suffix(TEMPORARY_SUFFIX))
    else {
        return false;
    };
    let Some(marked) = rest.len().checked_sub(RANDOM_BYTES) else {
        return false;
    };
    rest[..marked].ends_with(MARK) && rest[marked..].iter().all(u8::is_ascii_alphanumeric)
}

/// A relative path of one component stands in the current folder.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn create_folder(folder: &Path) -> Result<(), PublishError> {
    fs::create_dir_all(folder).map_err(|error| io_error(folder, "create the folder", error))
}

/// What a temporary file of this pyc begins with: `.NAME.prepyc-`.
fn temporary_prefix(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or_default();
    let part = match name.to_str() {
        Some(text) => &name.as_bytes()[..text.floor_char_boundary(MAX_NAME_PART)],
        None => &name.as_bytes()[..name.len().min(MAX_NAME_PART)],
    };
    OsString::from_vec([b".", part, MARK].concat())
}

fn write_temporary(path: &Path, folder: &Path, bytes: &[u8], source_mode: u32) -> io::Result<NamedTempFile> {
    let mode = (source_mode | 0o200) & 0o666;
    let create = |temporary: &Path| File::options().write(true).create_new(true).mode(mode).open(temporary);
    let mut temporary = make_temporary(path, folder, create)?;
    temporary.as_file_mut().write_all(bytes)?;
    Ok(temporary)
}

fn link_temporary(existing: &Path, path: &Path, folder: &Path) -> io::Result<TempPath> {
    make_temporary(path, folder, |temporary| fs::hard_link(existing, temporary))
        .map(NamedTempFile::into_temp_path)
}

fn make_temporary<T>(
    path: &Path,
    folder: &Path,
    mut create: impl FnMut(&Path) -> io::Result<T>,
) -> io::Result<NamedTempFile<T>> {
    let mut said = None;
    Builder::new()
        .prefix(&temporary_prefix(path))
        .suffix(OsStr::from_bytes(TEMPORARY_SUFFIX))
        .rand_bytes(RANDOM_BYTES)
        .make_in(folder, |temporary| create(temporary).inspect_err(|error| said = error.raw_os_error()))
        // tempfile hides what the system said behind the temporary file's name, which means nothing to the user.
        .map_err(|error| said.map_or(error, io::Error::from_raw_os_error))
}

fn io_error(path: &Path, action: &'static str, error: io::Error) -> PublishError {
    PublishError::Io { path: path.to_owned(), action, error }
}

/// What the user can do about it.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room, and run again",
        io::ErrorKind::ReadOnlyFilesystem => "; write elsewhere with --out-dir",
        io::ErrorKind::PermissionDenied => "; make the folder writable, or write elsewhere with --out-dir",
        io::ErrorKind::InvalidFilename => "; shorten the source's name, or exclude it",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::thread;

    use tempfile::{TempDir, tempdir};

    use super::*;

    /// All names below a folder, sorted.
    fn names(folder: &TempDir) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn folders_are_made_and_old_bytes_replaced() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("a/__pycache__/m.cpython-313.pyc");
        for bytes in [&b"one"[..], b"two, longer", b""] {
            publish(&path, bytes, 0o644).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_must_not_be_replaced_stays_as_it_is() {
        let folder = tempdir().unwrap();
        let (file, link, dangling) =
            (folder.path().join("file"), folder.path().join("link"), folder.path().join("dangling"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        symlink("nowhere", &dangling).unwrap();
        fs::create_dir(folder.path().join("dir")).unwrap();
        for path in [&link, &dangling] {
            assert!(matches!(publish(path, b"new", 0o644), Err(PublishError::Symlink(_))));
            assert!(matches!(publish_hardlink(&file, path, b"new", 0o644), Err(PublishError::Symlink(_))));
        }
        let error = publish(&folder.path().join("dir"), b"new", 0o644).unwrap_err();
        assert!(matches!(error, PublishError::NotRegular(_)));
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(names(&folder), ["dangling", "dir", "file", "link"]);
    }

    #[test]
    fn errors_name_the_path_and_leave_nothing_behind() {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let below_file = folder.path().join("file/__pycache__/m.pyc");
        let error = publish(&below_file, b"new", 0o644).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("{}", folder.path().join("file").display())),
            "{error}"
        );
        let long = folder.path().join("x".repeat(300));
        let error = publish(&long, b"new", 0o644).unwrap_err();
        assert_eq!(error.path(), long);
        assert!(error.to_string().contains("shorten the source's name"), "{error}");
        assert_eq!(names(&folder), ["file"]);
    }

    #[test]
    fn the_longest_names_can_be_published() {
        let folder = tempdir().unwrap();
        for name in ["x".repeat(255), "\u{e9}".repeat(127)] {
            publish(&folder.path().join(&name), b"new", 0o644).unwrap();
            assert_eq!(fs::read(folder.path().join(&name)).unwrap(), b"new");
        }
        assert_eq!(names(&folder).len(), 2);
    }

    /// What is left behind if the process ends between writing and renaming is known by its name.
    #[test]
    fn temporary_names_are_known() {
        let folder = tempdir().unwrap();
        for name in ["m.cpython-313.pyc".to_owned(), "x".repeat(255), "\u{e9}".repeat(127), "m".to_owned()] {
            let path = folder.path().join(name);
            let left = write_temporary(&path, folder.path(), b"half", 0o644).unwrap();
            let (_, left) = left.keep().unwrap();
            assert!(is_temporary_name(left.file_name().unwrap()), "{}", left.display());
        }
        for name in
            ["m.pyc", ".m.pyc.tmp", ".prepyc-.tmp", "m.prepyc-abcdefgh.tmp", ".m.prepyc-abcdefg.tmp", ".tmp"]
        {
            assert!(!is_temporary_name(OsStr::new(name)), "{name}");
        }
        assert!(is_temporary_name(OsStr::new(".m.pyc.prepyc-a1B2c3D4.tmp")));
    }

    #[test]
    fn links_share_one_file_and_can_be_made_again() {
        let folder = tempdir().unwrap();
        let (one, two) = (folder.path().join("one.pyc"), folder.path().join("deep/two.pyc"));
        publish(&one, b"same", 0o644).unwrap();
        for _ in 0..2 {
            publish_hardlink(&one, &two, b"same", 0o644).unwrap();
            assert_eq!(fs::metadata(&one).unwrap().ino(), fs::metadata(&two).unwrap().ino());
            assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
        }
        // Publishing one again does not change the other.
        publish(&one, b"other", 0o644).unwrap();
        assert_eq!(fs::read(&two).unwrap(), b"same");
        publish_hardlink(&folder.path().join("missing"), &two, b"written", 0o644).unwrap();
        assert_eq!(fs::read(&two).unwrap(), b"written");
    }

    /// Readers see one of the versions, whole, whoever writes.
    #[test]
    fn writers_and_readers_at_once_do_no_harm() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("m.pyc");
        publish(&path, &[0; 10_000], 0o644).unwrap();
        thread::scope(|scope| {
            for writer in 1..4_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..100 {
                        publish(path, &vec![writer; 10_000 * usize::from(writer)], 0o644).unwrap();
                    }
                });
            }
            for _ in 0..200 {
                let bytes = fs::read(&path).unwrap();
                assert_eq!(bytes.len(), 10_000 * usize::from(bytes[0].max(1)));
                assert!(bytes.iter().all(|&byte| byte == bytes[0]));
            }
        });
        assert_eq!(names(&folder), ["m.pyc"]);
    }
}
