//! The arguments every command shares that works on trees: which files, and for which Python.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use prepyc_engine::SourceError;
use prepyc_version::PyRelease;

use super::discovery::{Separator, read_file_list, reason};
use super::path_text::shown;

/// Which files are meant.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which files")]
pub(crate) struct FileArguments {
    /// Files and folders. Folders are searched to any depth for `*.py`, `__pycache__` left out
    ///
    /// A file named here has to end in `.py`. Hidden folders are searched too. A link to a folder is followed,
    /// but no folder is searched twice: one that is reached both ways is taken by its own path.
    /// A file reached by several PATHS is taken once, by the first.
    #[arg(value_name = "PATHS", required_unless_present = "files_from", help_heading = None)]
    pub(crate) paths: Vec<PathBuf>,

    /// Leave out files and folders that match; repeatable
    ///
    /// `*` and `?` stop at `/`, `**` does not, `{a,b}` and `[a-z]` work. A glob without `/` is held against the name of
    /// each file and folder below PATH (`tests`, `test_*.py`), one with `/` against the path relative to
    /// PATH (`vendor/**/py2`). A file that is itself named as a PATH is held against that path as typed.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Take only files that match; repeatable. Read as for --exclude, which wins
    ///
    /// A glob that matches a folder takes everything in it.
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// Read more PATHS from FILE, one a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// The paths of --files-from end in a NUL, as `find -print0` and `git ls-files -z` write them
    #[arg(short = '0', long, requires = "files_from")]
    pub(crate) null: bool,
}

impl FileArguments {
    /// Takes the PATHS that were typed, and those of `--files-from`.
    pub(crate) fn take_paths(&mut self) -> anyhow::Result<Vec<PathBuf>> {
        let mut paths = std::mem::take(&mut self.paths);
        if let Some(file) = &self.files_from {
            let separator = if self.null { Separator::Nul } else { Separator::Newline };
            paths.extend(read_file_list(file, separator)?);
        }
        Ok(paths)
    }
}

/// Why a source cannot be read, in one line that names it.
pub(crate) fn unreadable(error: &SourceError) -> String {
    match error {
        SourceError::Io { path, error } => format!("cannot read {}: {}", shown(path), reason(error)),
        other => format!("cannot read {other}"),
    }
}

/// For which Python, and what compiles for it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target")]
pub(crate) struct TargetArguments {
    /// The version of Python that will load the pycs, such as 3.13
    ///
    /// Without this and --python, what speaks of a version is asked: VIRTUAL_ENV, a `lib/pythonX.Y` in the
    /// PATHS, the nearest `.python-version`. All that speak have to agree. Where none does, it is the version
    /// of `python3` on PATH.
    #[arg(long, value_name = "X.Y")]
    pub(crate) python_version: Option<PyRelease>,

    /// The interpreter that will load the pycs: a path, or a name found on PATH
    #[arg(long, value_name = "EXE")]
    pub(crate) python: Option<PathBuf>,

    /// What compiles: `auto` is native where prepyc has a compiler for the target, else the interpreter
    #[arg(long, value_enum, default_value = "auto", value_name = "ENGINE")]
    pub(crate) engine: EngineChoice,
}

/// What compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineChoice {
    /// Native where the target has it, else the interpreter
    Auto,
    /// prepyc's own compiler; needs no Python
    Native,
    /// A pool of the target's own interpreters
    Interpreter,
}
