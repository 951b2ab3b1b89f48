//! A repository's folders: what is in each, which of them are packages, and which are none of the repository's business.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{LoadError, LoadErrorKind};
use crate::limits::FOLDER_DEPTH;

/// The names of BUILD files, in the order in which they are looked for.
pub(crate) const BUILD_FILES: [&str; 2] = ["BUILD.bazel", "BUILD"];

/// Files that make a folder a workspace of its own.
pub(crate) const BOUNDARY_FILES: [&str; 4] = ["MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel"];

/// What a folder has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) kind: EntryKind,
}

/// What an entry of a folder is, links followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Folder,
    /// A link to a folder, and where that is in truth.
    LinkedFolder(PathBuf),
}

/// The entries of a folder in the order of their names. Names that are no UTF-8 and links that lead nowhere are left out.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = entry.file_type()?;
        let kind = if kind.is_dir() {
            EntryKind::Folder
        } else if kind.is_symlink() {
            match fs::canonicalize(entry.path()) {
                Ok(real) if real.is_dir() => EntryKind::LinkedFolder(real),
                Ok(_) => EntryKind::File,
                Err(_) => continue,
            }
        } else {
            EntryKind::File
        };
        entries.push(Entry { name, kind });
    }
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

/// Whether a folder with these entries is a package.
pub(crate) fn has_build_file(entries: &[Entry]) -> bool {
    BUILD_FILES.iter().any(|name| has_file(entries, name))
}

fn has_file(entries: &[Entry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name == name && entry.kind == EntryKind::File)
}

/// The BUILD file of a folder.
pub(crate) fn build_file(folder: &Path) -> Option<PathBuf> {
    BUILD_FILES.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// What Bazel leaves alone in a repository.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignored {
    /// Folders, by their paths below the repository's.
    paths: BTreeSet<String>,
    /// `ignore_directories` of REPO.bazel.
    patterns: Vec<crate::glob::Pattern>,
}

impl Ignored {
    /// Reads a repository's `.bazelignore`.
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Ignored, LoadError> {
        let path = root.join(".bazelignore");
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                let message = format!("{} cannot be read: {error}", path.display());
                return Err(LoadError::new(LoadErrorKind::File, message));
            }
        };
        let paths = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| line.trim_start_matches("./").trim_end_matches('/').to_owned())
            .collect();
        Ok(Ignored { paths, patterns: Vec::new() })
    }

    /// Adds a pattern of REPO.bazel's `ignore_directories`.
    pub(crate) fn add_pattern(&mut self, pattern: crate::glob::Pattern) {
        self.patterns.push(pattern);
    }

    /// Whether a folder, by its path below the repository's, is left alone.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.paths.contains(path) || self.patterns.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether a folder or one above it is left alone.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        above.chain([path]).any(|path| self.has(path))
    }
}

/// A repository's folder, to be searched for packages.
pub(crate) struct Search<'a> {
    pub(crate) root: &'a Path,
    pub(crate) ignored: &'a Ignored,
    /// Folders of other repositories, and those that outputs go to.
    pub(crate) left_out: &'a [PathBuf],
}

impl Search<'_> {
    /// The packages in a folder and below, in the order of their names. Links to folders are followed where they lead out of
    /// the repository, each folder once: what is inside is reached by its own path.
    ///
    /// # Errors
    /// A folder cannot be read, or folders lie in each other too deep.
    pub(crate) fn packages_below(&self, prefix: &str) -> Result<Vec<String>, LoadError> {
        let mut found = Vec::new();
        if self.ignored.covers(prefix) {
            return Ok(found);
        }
        let real_root = fs::canonicalize(self.root).unwrap_or_else(|_| self.root.to_owned());
        let mut linked = HashSet::new();
        let mut waiting = vec![prefix.to_owned()];
        while let Some(name) = waiting.pop() {
            let folder = if name.is_empty() { self.root.to_owned() } else { self.root.join(&name) };
            if name.split('/').count() > FOLDER_DEPTH {
                let message = format!(
                    "folders lie in each other more than {FOLDER_DEPTH} deep at {}",
                    folder.display()
                );
                return Err(LoadError::new(LoadErrorKind::File, message));
            }
            let entries = list(&folder).map_err(|error| {
                let message = format!("the folder {} cannot be read: {error}", folder.display());
                LoadError::new(LoadErrorKind::File, message)
            })?;
            if !name.is_empty() && BOUNDARY_FILES.iter().any(|file| has_file(&entries, file)) {
                continue;
            }
            if has_build_file(&entries) {
                found.push(name.clone());
            }
            for entry in &entries {
                let below = join(&name, &entry.name);
                let enters = !self.leaves_out(&name, entry, &below)
                    && match &entry.kind {
                        EntryKind::File => false,
                        EntryKind::Folder => true,
                        EntryKind::LinkedFolder(real) => {
                            !real_root.starts_with(real)
                                && !real.starts_with(&real_root)
                                && linked.insert(real.clone())
                        }
                    };
                if enters {
                    waiting.push(below);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn leaves_out(&self, parent: &str, entry: &Entry, path: &str) -> bool {
        let is_output = parent.is_empty()
            && (entry.name == "prepyc-out"
                || entry.name.starts_with("bazel-") && matches!(entry.kind, EntryKind::LinkedFolder(_)));
        is_output
            || entry.name == ".git"
            || self.ignored.has(path)
            || self.left_out.iter().any(|folder| *folder == self.root.join(path))
    }
}

/// A path below another, which may be the topmost.
pub(crate) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") }
}
