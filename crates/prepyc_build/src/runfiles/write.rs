//! From a tree as data to the folder on disk: whatever differs is put right, whatever is right is not touched.
//!
//! Every folder is read and every link compared, each time: there is no record to go by that could be older than what somebody
//! did by hand, and ten thousand links are read in a few hundredths of a second. Links are looked at, never followed.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::mapping::NAME_IN_TREE;
use super::{RepositoryMapping, RunfilesEntry, RunfilesError, RunfilesTree};

/// The name of the manifest in the tree; a folder that has it is a tree of ours.
const MANIFEST: &str = "MANIFEST";

/// The name of a link that is about to replace another.
const NEW_LINK: &str = ".prepyc-new-link";

/// How much of a tree had to be touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Changes {
    /// Files, links and folders that were made, the manifests among them.
    pub created: usize,
    /// Files and links that were replaced by others.
    pub replaced: usize,
    /// Files, links and whole folders that were taken away.
    pub removed: usize,
}

impl Changes {
    /// Whether everything stood as it should.
    pub fn none(self) -> bool {
        self == Changes::default()
    }
}

/// Writes the tree of the binary whose launcher is `executable` (`…/bin/PKG/NAME`): `NAME.runfiles/`,
/// `NAME.runfiles/MANIFEST`, `NAME.runfiles_manifest` and `NAME.repo_mapping`, all beside it. Files that Python itself cached in
/// a `__pycache__` of the tree stay while their source is there; anything else that is not in the tree is removed.
///
/// # Errors
/// Where the file system says no, and where something else than a tree stands at `NAME.runfiles`: a file, a link, or a folder
/// with content but without `MANIFEST`.
pub fn write_tree(
    tree: &RunfilesTree,
    mapping: &RepositoryMapping,
    executable: &Path,
) -> Result<Changes, RunfilesError> {
    let root = beside(executable, ".runfiles");
    let mapping_file = beside(executable, ".repo_mapping");
    let manifest_file = beside(executable, ".runfiles_manifest");
    let mapping_target = std::path::absolute(&mapping_file).map_err(RunfilesError::io(&mapping_file))?;
    let manifest = tree.manifest(Some(&mapping_target));
    let mut writer = Writer { changes: Changes::default() };

    let state = state_of(&root)?;
    writer.put_file(&mapping_file, mapping.text().as_bytes())?;
    if state == State::Missing {
        fs::create_dir_all(&root).map_err(RunfilesError::io(&root))?;
        writer.changes.created += 1;
    }
    // It marks the folder as ours before anything else is in it: an interrupted build's leftover is known for what it is.
    if state != State::Tree {
        writer.put_file(&root.join(MANIFEST), &manifest)?;
    }
    let mapping_entry = RunfilesEntry::File(mapping_target);
    let mut folder = Folder::of(tree);
    folder.children.insert(OsStr::new(NAME_IN_TREE), Node::Entry(&mapping_entry));
    writer.put_folders(root.clone(), &folder)?;
    writer.put_file(&root.join(MANIFEST), &manifest)?;
    writer.put_file(&manifest_file, &manifest)?;
    Ok(writer.changes)
}

/// `…/NAME` to `…/NAME.runfiles`.
pub(crate) fn beside(executable: &Path, extension: &str) -> PathBuf {
    let mut path = executable.as_os_str().to_owned();
    path.push(extension);
    path.into()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Missing,
    Empty,
    Tree,
}

/// What stands where the tree goes.
fn state_of(root: &Path) -> Result<State, RunfilesError> {
    let foreign = |reason| Err(RunfilesError::Foreign { path: root.to_owned(), reason });
    match fs::symlink_metadata(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Missing),
        Err(error) => return Err(RunfilesError::io(root)(error)),
        Ok(metadata) if metadata.is_symlink() => return foreign("it is a symbolic link"),
        Ok(metadata) if !metadata.is_dir() => return foreign("it is not a folder"),
        Ok(_) => {}
    }
    if fs::symlink_metadata(root.join(MANIFEST)).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(State::Tree);
    }
    match fs::read_dir(root).map_err(RunfilesError::io(root))?.next() {
        None => Ok(State::Empty),
        Some(_) => foreign("it has no MANIFEST"),
    }
}

/// A folder as it should be.
#[derive(Default)]
struct Folder<'tree> {
    children: BTreeMap<&'tree OsStr, Node<'tree>>,
}

enum Node<'tree> {
    Folder(Folder<'tree>),
    Entry(&'tree RunfilesEntry),
}

impl<'tree> Folder<'tree> {
    fn of(tree: &'tree RunfilesTree) -> Folder<'tree> {
        let mut root = Folder::default();
        for (path, entry) in &tree.entries {
            let mut folder = &mut root;
            let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
            for part in parents.split('/').filter(|part| !part.is_empty()) {
                let node = folder
                    .children
                    .entry(OsStr::new(part))
                    .or_insert_with(|| Node::Folder(Folder::default()));
                let Node::Folder(child) = node else {
                    unreachable!("no path of a tree is a file and a folder")
                };
                folder = child;
            }
            folder.children.insert(OsStr::new(name), Node::Entry(entry));
        }
        root
    }

    /// Whether a file that the interpreter cached may stay in the `__pycache__` of this folder: `mod.cpython-313.pyc` where
    /// there is a `mod.py`.
    fn is_cached_here(&self, name: &OsStr) -> bool {
        let Some((stem, "pyc")) = name.to_str().and_then(|name| name.rsplit_once('.')) else { return false };
        let tags = std::iter::successors(stem.rsplit_once('.'), |(stem, _)| stem.rsplit_once('.'));
        tags.take(2).any(|(module, _)| self.children.contains_key(OsStr::new(&format!("{module}.py"))))
    }
}

struct Writer {
    changes: Changes,
}

impl Writer {
    /// Puts all folders right, without recursion.
    fn put_folders(&mut self, root: PathBuf, folder: &Folder<'_>) -> Result<(), RunfilesError> {
        let mut open = vec![(root, folder, None)];
        while let Some((path, folder, parent)) = open.pop() {
            let found = read_folder(&path)?;
            for (name, kind) in &found {
                let stays = folder.children.contains_key(name.as_os_str())
                    || (parent.is_none() && name == MANIFEST)
                    || may_stay(&path, name, *kind, folder, parent);
                if !stays {
                    remove(&path.join(name), *kind)?;
                    self.changes.removed += 1;
                }
            }
            for (name, node) in &folder.children {
                let child = path.join(name);
                let kind = found.get(*name).copied();
                match node {
                    Node::Folder(below) => {
                        self.put_folder(&child, kind)?;
                        open.push((child, below, Some(folder)));
                    }
                    Node::Entry(RunfilesEntry::File(target)) => self.put_link(&child, target, kind)?,
                    Node::Entry(RunfilesEntry::Empty) => self.put_empty(&child, kind)?,
                }
            }
        }
        Ok(())
    }

    fn put_folder(&mut self, path: &Path, found: Option<FileType>) -> Result<(), RunfilesError> {
        if found.is_some_and(|kind| kind.is_dir()) {
            return Ok(());
        }
        self.clear(path, found)?;
        fs::create_dir(path).map_err(RunfilesError::io(path))
    }

    fn put_link(&mut self, path: &Path, target: &Path, found: Option<FileType>) -> Result<(), RunfilesError> {
        if found.is_some_and(|kind| kind.is_symlink())
            && fs::read_link(path).is_ok_and(|found| found.as_os_str() == target.as_os_str())
        {
            return Ok(());
        }
        match found {
            // A program that runs meanwhile finds the old file or the new one.
            Some(kind) if !kind.is_dir() => {
                let new = path.with_file_name(NEW_LINK);
                match fs::remove_file(&new) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(RunfilesError::io(&new)(error));
                    }
                    _ => {}
                }
                symlink(target, &new).map_err(RunfilesError::io(&new))?;
                fs::rename(&new, path).map_err(RunfilesError::io(path))?;
                self.changes.replaced += 1;
                Ok(())
            }
            _ => {
                self.clear(path, found)?;
                symlink(target, path).map_err(RunfilesError::io(path))
            }
        }
    }

    fn put_empty(&mut self, path: &Path, found: Option<FileType>) -> Result<(), RunfilesError> {
        if found.is_some_and(|kind| kind.is_file())
            && fs::symlink_metadata(path).is_ok_and(|metadata| metadata.len() == 0)
        {
            return Ok(());
        }
        self.clear(path, found)?;
        fs::File::create_new(path).map(drop).map_err(RunfilesError::io(path))
    }

    /// Takes away what stands where something of another kind goes, and counts.
    fn clear(&mut self, path: &Path, found: Option<FileType>) -> Result<(), RunfilesError> {
        match found {
            Some(kind) => {
                remove(path, kind)?;
                self.changes.replaced += 1;
            }
            None => self.changes.created += 1,
        }
        Ok(())
    }

    /// A file with these bytes, replaced as a whole where it has others.
    fn put_file(&mut self, path: &Path, bytes: &[u8]) -> Result<(), RunfilesError> {
        let is_file = match fs::symlink_metadata(path) {
            Ok(metadata) => Some(metadata.is_file() && metadata.len() == bytes.len() as u64),
            Err(_) => None,
        };
        if is_file == Some(true) && fs::read(path).is_ok_and(|found| found == bytes) {
            return Ok(());
        }
        replace_file(path, bytes, Mode::Plain).map_err(RunfilesError::io(path))?;
        match is_file {
            Some(_) => self.changes.replaced += 1,
            None => self.changes.created += 1,
        }
        Ok(())
    }
}

/// What others may do with a file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Read it.
    Plain,
    /// Read it and run it.
    Executable,
}

/// Writes a file beside its place and renames it: it is there whole or not at all.
pub(crate) fn replace_file(path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".prepyc-")
        .permissions(fs::Permissions::from_mode(match mode {
            Mode::Plain => 0o666,
            Mode::Executable => 0o777,
        }))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Python's own cache, while the source it belongs to is in the tree: a regular file in `__pycache__`, or a `__pycache__` that
/// is not in the tree at all.
fn may_stay(
    path: &Path,
    name: &OsStr,
    kind: FileType,
    folder: &Folder<'_>,
    parent: Option<&Folder<'_>>,
) -> bool {
    if kind.is_file() && path.file_name() == Some(OsStr::new("__pycache__")) {
        return parent.is_some_and(|parent| parent.is_cached_here(name));
    }
    kind.is_dir()
        && name == "__pycache__"
        && folder.children.keys().any(|name| name.as_encoded_bytes().ends_with(b".py"))
}

fn read_folder(path: &Path) -> Result<BTreeMap<OsString, FileType>, RunfilesError> {
    let entries = fs::read_dir(path).map_err(RunfilesError::io(path))?;
    entries
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), entry.file_type()?))
        })
        .collect::<io::Result<_>>()
        .map_err(RunfilesError::io(path))
}

/// Takes away a file, a link (not what it leads to) or a folder with all that is in it.
fn remove(path: &Path, kind: FileType) -> Result<(), RunfilesError> {
    let removed = if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(RunfilesError::io(path))
}
