//! What a binary finds when it runs: the tree of links beside it, and the manifests that say the same as text.
//!
//! The layout is Bazel's on Linux (`NAME.runfiles/`, `NAME.runfiles_manifest`, `NAME.repo_mapping`), so that runfiles
//! libraries of any language find their files. Knows nothing of targets: what is in the tree is decided elsewhere.

mod init_files;
mod manifest;
mod mapping;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

pub use mapping::RepositoryMapping;
pub use write::{Changes, write_tree};
pub(crate) use write::{Mode, beside, replace_file};

/// The longest runfiles path that is taken, in bytes: Linux takes no longer path either (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// What stands at a runfiles path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunfilesEntry {
    /// A file on disk, by its absolute path; in the tree it is a link to it.
    File(PathBuf),
    /// A file without content, such as an `__init__.py` that nobody wrote.
    Empty,
}

/// The files of a binary by their runfiles paths, such as `_main/pkg/mod.py`. Always a valid tree.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RunfilesTree {
    entries: BTreeMap<String, RunfilesEntry>,
}

/// Why there is no such tree, or why it can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RunfilesError {
    /// One path would have to be a file and a folder.
    #[error(
        "runfiles: {file} is a file, and {below} needs it to be a folder; rename one of them or leave it out of data"
    )]
    FileAndFolder {
        /// The path that is a file.
        file: String,
        /// A path below it.
        below: String,
    },
    /// A path that is none of a tree's.
    #[error("runfiles: {path:?} can't be a path in a tree: {reason}")]
    BadPath {
        /// The path, cut where it is very long.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A link would have to lead to a relative path.
    #[error("runfiles: {path} stands for {}, which is not an absolute path", .target.display())]
    RelativeTarget {
        /// The runfiles path.
        path: String,
        /// What it stands for.
        target: PathBuf,
    },
    /// Something that no build of ours made stands where the tree goes.
    #[error("{}: {reason}, so it is not a runfiles tree and is left alone; move it away", .path.display())]
    Foreign {
        /// What stands there.
        path: PathBuf,
        /// Why it isn't a tree.
        reason: &'static str,
    },
    /// The file system's no.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What it was about.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl RunfilesError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> RunfilesError {
        let path = path.to_owned();
        move |source| RunfilesError::Io { path, source }
    }
}

impl RunfilesTree {
    /// The tree of these files.
    ///
    /// # Errors
    /// Where a path is empty, absolute, too long or has a part that is empty, `.` or `..`; where it is the file and the
    /// folder of others; where a file's place on disk is not absolute; where `MANIFEST` or `_repo_mapping` stands at the top.
    pub fn new(entries: BTreeMap<String, RunfilesEntry>) -> Result<RunfilesTree, RunfilesError> {
        for (path, entry) in &entries {
            if let Some(reason) = flaw(path) {
                let path = path.chars().take(200).collect();
                return Err(RunfilesError::BadPath { path, reason });
            }
            if let RunfilesEntry::File(target) = entry
                && !target.is_absolute()
            {
                return Err(RunfilesError::RelativeTarget { path: path.clone(), target: target.clone() });
            }
            if let Some(file) = folders(path).find(|folder| entries.contains_key(*folder)) {
                return Err(RunfilesError::FileAndFolder { file: file.to_owned(), below: path.clone() });
            }
        }
        Ok(RunfilesTree { entries })
    }

    /// Its files by their paths.
    pub fn entries(&self) -> &BTreeMap<String, RunfilesEntry> {
        &self.entries
    }

    /// What stands at a path.
    pub fn get(&self, path: &str) -> Option<&RunfilesEntry> {
        self.entries.get(path)
    }

    /// The topmost folders, one for each repository with files in the tree, sorted.
    pub fn repositories(&self) -> BTreeSet<&str> {
        self.entries.keys().filter_map(|path| path.split_once('/')).map(|(top, _)| top).collect()
    }
}

/// What is wrong with a runfiles path.
fn flaw(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        Some("it is empty")
    } else if path.len() > LONGEST_PATH {
        Some("it is longer than 4096 bytes")
    } else if path.starts_with('/') {
        Some("it is absolute")
    } else if path.contains('\0') {
        Some("it holds a zero byte")
    } else if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        Some("a part of it is empty, `.` or `..`")
    } else if path == "MANIFEST" || path == mapping::NAME_IN_TREE {
        Some("the tree itself has a file of that name")
    } else {
        None
    }
}

/// The folders that a path is in, the innermost first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/'), |(folder, _)| folder.rsplit_once('/'))
        .map(|(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> Result<RunfilesTree, RunfilesError> {
        RunfilesTree::new(paths.iter().map(|path| ((*path).to_owned(), RunfilesEntry::Empty)).collect())
    }

    #[test]
    fn a_path_that_is_file_and_folder_is_told_with_both() {
        let error = tree(&["_main/a", "_main/a.b/d", "_main/a/b/c"]).unwrap_err().to_string();
        assert!(error.contains("_main/a is a file") && error.contains("_main/a/b/c"), "{error}");
    }

    #[test]
    fn paths_that_leave_the_tree_are_refused() {
        for path in
            ["", "/etc/passwd", "_main/../x", "..", "_main//x", "_main/./x", "a/", "_main/a\0b", "MANIFEST"]
        {
            assert!(matches!(tree(&[path]), Err(RunfilesError::BadPath { .. })), "{path:?}");
        }
        assert!(matches!(tree(&[&"a/".repeat(100_000)]), Err(RunfilesError::BadPath { .. })));
        assert!(tree(&["_main/..a/b", "_main/MANIFEST"]).is_ok());
    }

    #[test]
    fn links_lead_to_absolute_paths() {
        let entries = BTreeMap::from([("_main/a".to_owned(), RunfilesEntry::File("a".into()))]);
        assert!(matches!(RunfilesTree::new(entries), Err(RunfilesError::RelativeTarget { .. })));
    }

    #[test]
    fn each_topmost_folder_is_a_repository() {
        let found = tree(&["_main/a", "top", "pip/x/y", "_main/b"]).unwrap();
        assert_eq!(found.repositories().into_iter().collect::<Vec<_>>(), ["_main", "pip"]);
    }
}
