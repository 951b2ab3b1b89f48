//! What can be typed after `prepyc compile`. What it means is decided in `settings`.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::commands::files::{FileArguments, TargetArguments};

/// What `prepyc compile --help` says at its end.
const AFTER_HELP: &str = "\
Examples:
  prepyc compile src
      what python3 -m compileall src does
  prepyc compile --python-version 3.13 -O0 -O2 /app
      two levels, for another Python than python3 on PATH
  prepyc compile --check src
      is anything stale?
  prepyc compile -o dist --copy --source-retention omit src
      a tree to ship: pycs and data, no sources
  git ls-files -z '*.py' | prepyc compile -0 --files-from -
      what git knows

Exit codes: 0 done; 1 some source was rejected, failed or is stale; 2 usage or environment; \
128 + N ended by signal N, with nothing half written.";

/// Compile Python sources to the .pyc files that CPython loads
///
/// Each `.py` below PATHS gets its pyc in `__pycache__`, unless an up-to-date one is there already. Every file is
/// tried; one that can't be compiled gets a diagnostic, and the rest goes on. A pyc appears whole or not at all.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,

    #[command(flatten)]
    pub(crate) target: TargetArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,

    #[command(flatten)]
    pub(crate) recorded_path: RecordedPathArguments,

    #[command(flatten)]
    pub(crate) run: RunArguments,
}

/// What is written, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// `pycache`: `__pycache__/STEM.TAG.pyc`; `legacy`: `STEM.pyc` beside the source
    #[arg(long, value_enum, value_name = "LAYOUT")]
    pub(crate) layout: Option<LayoutChoice>,

    /// The same as --layout legacy
    #[arg(short = 'b', conflicts_with = "layout")]
    pub(crate) legacy: bool,

    /// Write below DIR instead, each pyc where its source stands relative to the PATH given
    ///
    /// Two outputs that would get the same path are an error before anything is written.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,

    /// Copy the other files into --out-dir too, so that DIR is what one ships
    ///
    /// Sources are among them unless they are omitted. Modes and modification times are kept. A link that
    /// stays within its PATH is copied as a link, one that leaves it as what it points to. `__pycache__` is never copied.
    #[arg(long, requires = "out_dir")]
    pub(crate) copy: bool,

    /// Optimisation level: 1 drops asserts, 2 docstrings too; repeatable, several levels are made in one pass
    #[arg(short = 'O', long, value_name = "0|1|2", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) optimize: Vec<u8>,

    /// Make levels with equal bytes one file with several names
    #[arg(long)]
    pub(crate) hardlink_dupes: bool,

    /// How Python tells that a pyc is stale [default: timestamp; checked-hash where SOURCE_DATE_EPOCH is set]
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) invalidation_mode: Option<InvalidationChoice>,

    /// `omit`: pycs without sources, so in the legacy layout; needs --out-dir or --in-place
    #[arg(long, value_enum, default_value = "keep", value_name = "WHICH")]
    pub(crate) source_retention: RetentionChoice,

    /// With --source-retention omit: delete each source once its pyc is published, read back and found right
    ///
    /// All sources are compiled before the first is deleted. One without a pyc stays. Links to folders are left alone,
    /// as are older pycs in `__pycache__`: prepyc clean removes those.
    #[arg(long, conflicts_with = "out_dir")]
    pub(crate) in_place: bool,
}

/// What the pycs say about where their source was.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recorded path (co_filename, as tracebacks show it)")]
pub(crate) struct RecordedPathArguments {
    /// Take this leading folder off the path; the rest is recorded [default: the path as given]
    #[arg(short = 's', long, value_name = "DIR")]
    pub(crate) strip_prefix: Option<OsString>,

    /// Put this folder before the path, after --strip-prefix
    #[arg(short = 'p', long, value_name = "DIR")]
    pub(crate) prepend_prefix: Option<OsString>,
}

/// How the run is made and reported.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run and report")]
pub(crate) struct RunArguments {
    /// Files that fail: `fail` exits with 1 at the end; `warn` shows them and exits with 0; `skip` only counts them
    #[arg(long, value_enum, default_value = "fail", value_name = "WHAT")]
    pub(crate) on_error: OnErrorChoice,

    /// Compile up-to-date files too
    #[arg(short, long, conflicts_with = "check")]
    pub(crate) force: bool,

    /// Write nothing; list what is stale and why, and exit with 1 if anything is
    ///
    /// Pycs are looked at, not what --copy would copy.
    #[arg(long, conflicts_with = "in_place")]
    pub(crate) check: bool,

    /// How many files at a time [default: one a core]
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Diagnostics only, no summary
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Name each file compiled; twice: each up-to-date one too
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// A progress bar: `auto` shows one where standard error is a terminal
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) progress: ProgressChoice,

    /// `json`: an object for each file on standard output, then a summary; `github`: workflow annotations
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(crate) output_format: OutputFormat,
}

/// `--layout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutChoice {
    /// `__pycache__/STEM.TAG.pyc`, `STEM.TAG.opt-N.pyc`
    Pycache,
    /// `STEM.pyc` beside the source
    Legacy,
}

/// `--invalidation-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InvalidationChoice {
    /// Python compares the source's modification time and size
    Timestamp,
    /// Python reads and hashes the source
    CheckedHash,
    /// Python never looks at the source
    UncheckedHash,
}

/// `--source-retention`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetentionChoice {
    /// The sources stay
    Keep,
    /// Only pycs remain
    Omit,
}

/// `--on-error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnErrorChoice {
    /// Show them, exit with 1
    Fail,
    /// Show them as warnings, exit with 0
    Warn,
    /// Count them, exit with 0
    Skip,
}

/// `--progress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressChoice {
    /// Where standard error is a terminal
    Auto,
    /// Never
    Never,
}

/// `--output-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// For GitHub's annotations
    Github,
}
