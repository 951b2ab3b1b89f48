//! The walk itself: no recursion, no fixed depth, names in order, links thought through.
//!
//! Folders are first walked by their own paths; links to folders wait until all PATHS are through, and are then
//! followed where their folder has not been reached. So no loop is possible, and which path a file gets
//! does not depend on how a link beside it is called.

use std::collections::{HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::{
    FolderLinks, Found, OtherFile, OtherKind, Others, Problem, Search, SourceFile, is_source_name, reason,
};
use crate::commands::path_text::shown;

/// Which folder or file it is, whatever path led there: device and inode.
type Identity = (u64, u64);

/// The folder of bytecode caches, which holds no sources.
const PYCACHE: &str = "__pycache__";
/// What the system says of links that lead to themselves; `io::ErrorKind` has no stable name for it.
const LINK_LOOP: i32 = 40;

/// A folder of the walk, with what is left of its names.
struct OpenFolder {
    path: PathBuf,
    relative: PathBuf,
    identity: Identity,
    names: std::vec::IntoIter<(OsString, FileType)>,
}

/// A link to a folder, met on the way.
struct FolderLink {
    path: PathBuf,
    relative: PathBuf,
}

struct Walk<'a> {
    search: &'a Search,
    found: Found,
    /// The folders looked into so far.
    folders: HashSet<Identity>,
    /// The files taken so far, by folder and name: two links to one file are two files to Python.
    taken: HashSet<(Identity, OsString)>,
    links: VecDeque<FolderLink>,
    left_out: Option<Identity>,
    /// The PATH being walked, with its links resolved; asked for only when files are copied.
    real_root: Option<PathBuf>,
}

/// Finds what `search` looks for.
pub(super) fn walk(search: &Search) -> anyhow::Result<Found> {
    let left_out = search.leave_out.as_deref().and_then(|path| fs::metadata(path).ok());
    let mut walk = Walk {
        search,
        found: Found::default(),
        folders: HashSet::new(),
        taken: HashSet::new(),
        links: VecDeque::new(),
        left_out: left_out.as_ref().map(identity),
        real_root: None,
    };
    let mut linked = Vec::new();
    for path in &search.paths {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                walk.found.problems.push(Problem::failure(path, "look at", &error));
                continue;
            }
            Err(error) => {
                bail!("{}: {}; PATHS are files and folders that exist", shown(path), reason(&error))
            }
        };
        if walk.left_out == Some(identity(&metadata)) {
            bail!("{}: the output cannot go where the sources are; leave --out-dir out", shown(path));
        } else if metadata.is_dir() {
            walk.real_root = fs::canonicalize(path).ok();
            walk.tree(path.clone(), PathBuf::new(), &metadata);
            linked.push((walk.real_root.take(), std::mem::take(&mut walk.links)));
        } else if !is_source_name(path) {
            bail!("{}: not a .py file; only folders are searched for sources", shown(path));
        } else {
            walk.named_file(path, &metadata)?;
        }
    }
    for (real_root, links) in linked {
        (walk.real_root, walk.links) = (real_root, links);
        walk.follow_links();
    }
    Ok(walk.found)
}

impl Walk<'_> {
    fn named_file(&mut self, path: &Path, metadata: &Metadata) -> anyhow::Result<()> {
        if !metadata.is_file() {
            bail!("{}: not a regular file; PATHS are files and folders", shown(path));
        }
        if !self.search.filter.takes_named_file(path) {
            return Ok(());
        }
        let Some(name) = path.file_name() else { return Ok(()) };
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        match fs::metadata(folder) {
            Ok(folder) => self.take_source(path.to_owned(), PathBuf::from(name), identity(&folder), name),
            Err(error) => self.found.problems.push(Problem::failure(folder, "look at", &error)),
        }
        Ok(())
    }

    /// Walks a folder and all below it, links to folders put aside.
    fn tree(&mut self, path: PathBuf, relative: PathBuf, metadata: &Metadata) {
        let mut open = Vec::new();
        open.extend(self.open(path, relative, metadata));
        while let Some(folder) = open.last_mut() {
            let Some((name, file_type)) = folder.names.next() else {
                open.pop();
                continue;
            };
            if name == PYCACHE || self.is_of_no_interest(&name, file_type) {
                continue;
            }
            let (path, relative) = (folder.path.join(&name), folder.relative.join(&name));
            let in_folder = folder.identity;
            if self.search.filter.excludes(&relative) {
                continue;
            }
            if file_type.is_dir() {
                match fs::metadata(&path) {
                    Ok(metadata) => open.extend(self.open(path, relative, &metadata)),
                    Err(error) => self.found.problems.push(Problem::failure(&path, "look at", &error)),
                }
            } else if file_type.is_symlink() {
                self.link(path, relative, in_folder, &name);
            } else if file_type.is_file() {
                self.file(path, relative, in_folder, &name);
            } else if is_source_name(&path) || self.search.others == Others::List {
                self.found.problems.push(Problem::warning(&path, "not a regular file, left out"));
            }
        }
    }

    /// Whether nothing is done with what has that name, seen without putting its path together: of a library's files most
    /// may be no sources.
    fn is_of_no_interest(&self, name: &OsStr, file_type: FileType) -> bool {
        let leads_on = file_type.is_dir() || file_type.is_symlink();
        self.search.others == Others::Ignore && !leads_on && !is_source_name(Path::new(name))
    }

    /// Reads the names in a folder; `None` where there is nothing to walk.
    fn open(&mut self, path: PathBuf, relative: PathBuf, metadata: &Metadata) -> Option<OpenFolder> {
        let identity = identity(metadata);
        if self.left_out == Some(identity) {
            return None;
        }
        self.folders.insert(identity);
        match names_in(&path) {
            Ok(names) => {
                if names.is_empty() && self.search.others == Others::List {
                    self.take_other(path.clone(), relative.clone(), OtherKind::EmptyFolder);
                }
                Some(OpenFolder { path, relative, identity, names: names.into_iter() })
            }
            Err(error) => {
                self.found.problems.push(Problem::failure(&path, "list the folder", &error));
                None
            }
        }
    }

    fn file(&mut self, path: PathBuf, relative: PathBuf, folder: Identity, name: &OsStr) {
        if !self.search.filter.includes(&relative) {
            return;
        }
        if is_source_name(&path) {
            self.take_source(path, relative, folder, name);
        } else {
            self.take_other(path, relative, OtherKind::File);
        }
    }

    fn link(&mut self, path: PathBuf, relative: PathBuf, folder: Identity, name: &OsStr) {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => match self.inner_link(&path) {
                Some(target) => self.take_other(path, relative, OtherKind::Link { target }),
                None => self.links.push_back(FolderLink { path, relative }),
            },
            Ok(metadata) if metadata.is_file() => {
                let inner = if is_source_name(&path) { None } else { self.inner_link(&path) };
                match inner {
                    Some(target) => self.take_other(path, relative, OtherKind::Link { target }),
                    None => self.file(path, relative, folder, name),
                }
            }
            Ok(_) => self.found.problems.push(Problem::warning(&path, "not a regular file, left out")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if is_source_name(&path) {
                    self.found.problems.push(Problem::warning(&path, "a link to nothing, left out"));
                }
                if let Ok(target) = fs::read_link(&path) {
                    self.take_other(path, relative, OtherKind::Link { target });
                }
            }
            Err(error) if error.raw_os_error() == Some(LINK_LOOP) => {
                self.found.problems.push(Problem::failure(&path, "follow the link", &error));
            }
            Err(error) => self.found.problems.push(Problem::failure(&path, "look at", &error)),
        }
    }

    /// When files are copied: what a link that stays within the PATH should say in the copy.
    fn inner_link(&self, path: &Path) -> Option<PathBuf> {
        if self.search.others == Others::Ignore {
            return None;
        }
        let root = self.real_root.as_deref()?;
        let destination = fs::canonicalize(path).ok()?;
        let below_root = destination.strip_prefix(root).ok()?;
        let said = fs::read_link(path).ok()?;
        if said.is_relative() {
            return Some(said);
        }
        let folder = fs::canonicalize(path.parent()?).ok()?;
        let up = folder.strip_prefix(root).ok()?.components().map(|_| "..");
        Some(up.collect::<PathBuf>().join(below_root))
    }

    fn follow_links(&mut self) {
        while let Some(link) = self.links.pop_front() {
            if self.search.folder_links == FolderLinks::Leave {
                continue;
            }
            match fs::metadata(&link.path) {
                Ok(metadata) if self.folders.contains(&identity(&metadata)) => {}
                Ok(metadata) => self.tree(link.path, link.relative, &metadata),
                Err(error) => self.found.problems.push(Problem::failure(&link.path, "look at", &error)),
            }
        }
    }

    fn take_source(&mut self, path: PathBuf, relative: PathBuf, folder: Identity, name: &OsStr) {
        if self.taken.insert((folder, name.to_owned())) {
            self.found.sources.push(SourceFile { path, relative });
        }
    }

    fn take_other(&mut self, path: PathBuf, relative: PathBuf, kind: OtherKind) {
        if self.search.others == Others::List {
            self.found.others.push(OtherFile { path, relative, kind });
        }
    }
}

/// The names in a folder, in order, with their types.
fn names_in(path: &Path) -> io::Result<Vec<(OsString, FileType)>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(names)
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}
