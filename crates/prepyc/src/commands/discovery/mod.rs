//! From the PATHS that were typed to the files that are meant, in an order that depends on their names alone.
//!
//! Knows nothing of compiling. What can't be looked at becomes a [`Problem`], and the rest goes on; a PATH that is not
//! there, or names a file that is no `.py`, is an error before anything is done.

mod file_list;
mod globs;
mod walk;

use std::path::{Path, PathBuf};

pub(crate) use file_list::{Separator, read_file_list};
pub(crate) use globs::Filter;

use crate::commands::path_text::shown;

/// What to look for below the PATHS.
#[derive(Debug)]
pub(crate) struct Search {
    /// The PATHS, as typed.
    pub(crate) paths: Vec<PathBuf>,
    /// `--exclude` and `--include`.
    pub(crate) filter: Filter,
    /// What becomes of links to folders.
    pub(crate) folder_links: FolderLinks,
    /// Whether the files that are not sources are wanted.
    pub(crate) others: Others,
    /// A folder that is never looked into: where the output goes.
    pub(crate) leave_out: Option<PathBuf>,
}

/// What becomes of links to folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FolderLinks {
    /// They are followed, unless their folder is reached by its own path.
    Follow,
    /// They are left alone: what is behind them is not ours to change.
    Leave,
}

/// Whether the files that are not sources are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// They are listed.
    List,
    /// They are passed over.
    Ignore,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The sources, in the order of the PATHS, each PATH's in the order of names.
    pub(crate) sources: Vec<SourceFile>,
    /// The other files, where they were asked for.
    pub(crate) others: Vec<OtherFile>,
    /// What could not be looked at.
    pub(crate) problems: Vec<Problem>,
}

/// A source: a regular file, or a link to one, whose name ends in `.py`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceFile {
    /// Its path: the PATH as typed, then the names below it.
    pub(crate) path: PathBuf,
    /// Its path relative to the PATH; its name where it is itself the PATH.
    pub(crate) relative: PathBuf,
}

/// A file that is not a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtherFile {
    /// Its path: the PATH as typed, then the names below it.
    pub(crate) path: PathBuf,
    /// Its path relative to the PATH.
    pub(crate) relative: PathBuf,
    /// What it is.
    pub(crate) kind: OtherKind,
}

/// What a file that is not a source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OtherKind {
    /// A regular file, or a link that leaves the PATH to one.
    File,
    /// A link that stays within the PATH, or leads nowhere.
    Link {
        /// What the copy of the link should say: never an absolute path into the tree copied from.
        target: PathBuf,
    },
    /// A folder with nothing in it.
    EmptyFolder,
}

/// Something that could not be looked at, or is not what its name says.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Where.
    pub(crate) path: PathBuf,
    /// What, in one line that names the path.
    pub(crate) message: String,
    /// Whether it counts as a failed file.
    pub(crate) severity: Severity,
}

/// Whether a problem counts as a failed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Something that was asked for was not done.
    Failure,
    /// Worth a line, nothing is missing.
    Warning,
}

impl Problem {
    fn failure(path: &Path, doing: &str, error: &std::io::Error) -> Problem {
        let message = format!("cannot {doing} {}: {}", shown(path), reason(error));
        Problem { path: path.to_owned(), message, severity: Severity::Failure }
    }

    fn warning(path: &Path, what: &str) -> Problem {
        Problem {
            path: path.to_owned(),
            message: format!("{}: {what}", shown(path)),
            severity: Severity::Warning,
        }
    }
}

/// What went wrong, in the system's words without its number: `Permission denied`.
pub(crate) fn reason(error: &std::io::Error) -> String {
    without_number(&error.to_string())
}

/// A message without the numbers of system errors in it: the words say the same.
pub(crate) fn without_number(text: &str) -> String {
    let mut rest = text;
    let mut words = String::new();
    while let Some((before, after)) = rest.split_once(" (os error ") {
        words.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    words.push_str(rest);
    words
}

impl Search {
    /// Looks at the disk.
    ///
    /// # Errors
    /// A PATH that is not there, or that is a file whose name does not end in `.py`.
    pub(crate) fn run(&self) -> anyhow::Result<Found> {
        walk::walk(self)
    }
}

/// Whether a file of this name is a source.
pub(crate) fn is_source_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py")
}
