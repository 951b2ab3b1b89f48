//! What became of one file, as the reports need it.

use std::path::PathBuf;

use prepyc_engine::{Diagnostic, Optimize, Reason, SourceStat};

/// What became of one source.
#[derive(Debug)]
pub(crate) struct FileOutcome {
    /// Its pycs, lowest level first.
    pub(crate) pycs: Vec<PycOutcome>,
    /// What CPython says of it: warnings, and last the error.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Why it has no pyc, or not all.
    pub(crate) failure: Option<Failure>,
    /// The options that had no effect on its recorded path.
    pub(crate) ignored_prefix: Option<super::recorded_path::IgnoredPrefix>,
    /// Where the source is to be deleted: what it looked like when it was compiled.
    pub(crate) deletable: Option<SourceStat>,
}

/// One pyc of a source.
#[derive(Debug)]
pub(crate) struct PycOutcome {
    /// Where it stands.
    pub(crate) path: PathBuf,
    /// At which level it is compiled.
    pub(crate) level: Optimize,
    /// What became of it.
    pub(crate) state: PycState,
}

/// What became of a pyc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PycState {
    /// It was up to date.
    Fresh,
    /// It is stale, and was not written.
    Stale(Reason),
    /// It was compiled though it was up to date, and not written.
    Unwritten,
    /// It was written.
    Written {
        /// Its size.
        size_bytes: u64,
        /// Why; `None` with `--force`.
        reason: Option<Reason>,
    },
}

/// Why a file has no pyc.
#[derive(Debug)]
pub(crate) enum Failure {
    /// CPython rejects it; the last diagnostic says why.
    Rejected,
    /// Something else, in one line that names the path.
    Environment(String),
}

/// What became of a file, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// A pyc was written.
    Compiled,
    /// Nothing was to be done.
    Fresh,
    /// A pyc is stale (`--check`).
    Stale,
    /// It failed.
    Failed,
}

impl FileOutcome {
    /// A file that could not even be looked at.
    pub(crate) fn failed(failure: Failure) -> FileOutcome {
        FileOutcome {
            pycs: Vec::new(),
            diagnostics: Vec::new(),
            failure: Some(failure),
            ignored_prefix: None,
            deletable: None,
        }
    }

    /// The outcome in a word.
    pub(crate) fn status(&self) -> Status {
        let is_written = |pyc: &PycOutcome| matches!(pyc.state, PycState::Written { .. });
        let is_stale = |pyc: &PycOutcome| matches!(pyc.state, PycState::Stale(_));
        if self.failure.is_some() {
            Status::Failed
        } else if self.pycs.iter().any(is_written) {
            Status::Compiled
        } else if self.pycs.iter().any(is_stale) {
            Status::Stale
        } else {
            Status::Fresh
        }
    }

    /// How many bytes were written.
    pub(crate) fn written_bytes(&self) -> u64 {
        let sizes = self.pycs.iter().map(|pyc| match pyc.state {
            PycState::Written { size_bytes, .. } => size_bytes,
            _ => 0,
        });
        sizes.sum()
    }
}

impl Status {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Status::Compiled => "compiled",
            Status::Fresh => "fresh",
            Status::Stale => "stale",
            Status::Failed => "failed",
        }
    }
}
