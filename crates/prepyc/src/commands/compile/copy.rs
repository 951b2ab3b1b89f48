//! `--copy`: the other files, with their modes and times, links as links where they stay within their PATH.
//!
//! The time matters: a pyc in timestamp mode is only good for a source with the very same one.

use std::fs::{self, File, FileTimes, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::Builder;

use super::plan::CopyTask;
use crate::commands::discovery::{OtherKind, reason};
use crate::commands::path_text::shown;

/// A copy, or why there is none, in one line.
pub(super) type CopyOutcome = Result<CopyState, String>;

/// What became of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CopyState {
    /// It was made.
    Copied,
    /// It was there already: a file of equal size, time and mode, or a link that says the same.
    Fresh,
}

/// The permission bits of a mode.
const PERMISSION_BITS: u32 = 0o7777;

/// Makes one copy. Like a pyc it appears whole or not at all.
pub(super) fn copy(task: &CopyTask) -> CopyOutcome {
    let folder = task.to.parent().unwrap_or(Path::new("."));
    let made = match &task.kind {
        OtherKind::File => copy_file(&task.from, &task.to, folder),
        OtherKind::Link { target } => copy_link(target, &task.to, folder),
        OtherKind::EmptyFolder => make_folder(&task.to),
    };
    made.map_err(|error| {
        // tempfile wraps errors to add its own path, which means nothing to the user.
        let error = if error.get_ref().is_some() { io::Error::from(error.kind()) } else { error };
        let why = reason(&error);
        format!("cannot copy {} to {}: {why}", shown(&task.from), shown(&task.to))
    })
}

fn copy_file(from: &Path, to: &Path, folder: &Path) -> io::Result<CopyState> {
    let mut source = File::open(from)?;
    let metadata = source.metadata()?;
    if fs::symlink_metadata(to).is_ok_and(|there| is_same(&metadata, &there)) {
        return Ok(CopyState::Fresh);
    }
    fs::create_dir_all(folder)?;
    let mut temporary = builder().tempfile_in(folder)?;
    io::copy(&mut source, temporary.as_file_mut())?;
    let file = temporary.as_file();
    file.set_permissions(Permissions::from_mode(metadata.mode() & PERMISSION_BITS))?;
    file.set_times(FileTimes::new().set_modified(metadata.modified()?))?;
    temporary.persist(to).map_err(|failed| failed.error)?;
    Ok(CopyState::Copied)
}

fn is_same(source: &Metadata, there: &Metadata) -> bool {
    let key = |metadata: &Metadata| {
        (metadata.is_file(), metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.mode())
    };
    key(source) == key(there)
}

fn copy_link(target: &Path, to: &Path, folder: &Path) -> io::Result<CopyState> {
    if fs::read_link(to).is_ok_and(|there| there == target) {
        return Ok(CopyState::Fresh);
    }
    fs::create_dir_all(folder)?;
    let temporary = builder().make_in(folder, |path| symlink(target, path))?;
    temporary.into_temp_path().persist(to).map_err(|failed| failed.error)?;
    Ok(CopyState::Copied)
}

fn make_folder(to: &Path) -> io::Result<CopyState> {
    if to.is_dir() {
        return Ok(CopyState::Fresh);
    }
    fs::create_dir_all(to)?;
    Ok(CopyState::Copied)
}

/// Temporary files called as those of pycs are, so that `prepyc clean` knows them.
fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".copy.prepyc-").suffix(".tmp").rand_bytes(8);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_copies_are_known_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let temporary = builder().tempfile_in(folder.path()).unwrap();
        assert!(prepyc_engine::publish::is_temporary_name(temporary.path().file_name().unwrap()));
    }
}
