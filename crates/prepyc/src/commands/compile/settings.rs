//! What the arguments of `prepyc compile` mean, defaults filled in and contradictions refused.

use std::env;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::bail;
use prepyc_engine::{InvalidationMode, Layout, Optimize};

use super::arguments::{
    Arguments, InvalidationChoice, LayoutChoice, OnErrorChoice, OutputArguments, OutputFormat,
    ProgressChoice, RetentionChoice,
};
use super::recorded_path::RecordedPath;

/// Everything a run is told, except which files and which target.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where the pycs go.
    pub(crate) destination: Destination,
    /// Which of CPython's two places they stand in.
    pub(crate) layout: Layout,
    /// The levels, lowest first, at least one.
    pub(crate) levels: Vec<Optimize>,
    /// Whether levels with equal bytes become one file.
    pub(crate) dupes: Dupes,
    /// How Python tells that a pyc is stale.
    pub(crate) invalidation: InvalidationMode,
    /// What becomes of the sources.
    pub(crate) retention: Retention,
    /// What the pycs say of their sources' paths.
    pub(crate) recorded_path: RecordedPath,
    /// Which files are compiled.
    pub(crate) work: Work,
    /// What a failed file means.
    pub(crate) on_error: OnErrorChoice,
    /// How many files at a time.
    pub(crate) jobs: NonZeroUsize,
    /// How much is said.
    pub(crate) verbosity: Verbosity,
    /// Whether a progress bar is wanted.
    pub(crate) progress: ProgressChoice,
    /// In which form it is said.
    pub(crate) output_format: OutputFormat,
}

/// Where the outputs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Beside the sources.
    Beside,
    /// Below a folder.
    Below {
        /// The folder.
        folder: PathBuf,
        /// Whether the other files go there too.
        copy: Copy,
    },
}

/// `--copy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copy {
    /// The pycs alone.
    PycsOnly,
    /// All files.
    Everything,
}

/// `--hardlink-dupes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dupes {
    /// Every level has its own file.
    Separate,
    /// Levels with equal bytes share one.
    Hardlink,
}

/// What becomes of the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retention {
    /// They stay, and are copied with the rest.
    Keep,
    /// They are left out of `--out-dir`.
    OmitFromCopy,
    /// Each is deleted once its pyc is safe.
    DeleteSource,
}

/// Which files are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Those whose pyc is missing or stale.
    Stale,
    /// All.
    Everything,
    /// None: what is stale is only listed.
    Check,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Diagnostics.
    Quiet,
    /// And a summary.
    Normal,
    /// And each file compiled.
    Compiled,
    /// And each file that was up to date.
    All,
}

impl Settings {
    /// Reads the arguments; `source_date_epoch` says whether that variable is set.
    ///
    /// # Errors
    /// Options that contradict each other; the message names them.
    pub(crate) fn new(arguments: &Arguments, source_date_epoch: Reproducible) -> anyhow::Result<Settings> {
        let output = &arguments.output;
        let retention = retention(output)?;
        let levels = levels(&output.optimize);
        let layout = layout(output, retention, &levels)?;
        let dupes = if output.hardlink_dupes { Dupes::Hardlink } else { Dupes::Separate };
        if dupes == Dupes::Hardlink && levels.len() == 1 {
            bail!("--hardlink-dupes: there is one level only; give -O more than once");
        }
        let invalidation = match (output.invalidation_mode, source_date_epoch) {
            (Some(InvalidationChoice::Timestamp), _) | (None, Reproducible::No) => {
                InvalidationMode::Timestamp
            }
            (Some(InvalidationChoice::CheckedHash), _) | (None, Reproducible::Yes) => {
                InvalidationMode::CheckedHash
            }
            (Some(InvalidationChoice::UncheckedHash), _) => InvalidationMode::UncheckedHash,
        };
        let run = &arguments.run;
        let work = match (run.check, run.force || retention == Retention::DeleteSource) {
            (true, _) => Work::Check,
            (false, true) => Work::Everything,
            (false, false) => Work::Stale,
        };
        let verbosity = match (run.quiet, run.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Compiled,
            (false, _) => Verbosity::All,
        };
        let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Ok(Settings {
            destination: destination(output),
            layout,
            levels,
            dupes,
            invalidation,
            retention,
            recorded_path: RecordedPath::new(
                arguments.recorded_path.strip_prefix.as_deref(),
                arguments.recorded_path.prepend_prefix.as_deref(),
            ),
            work,
            on_error: run.on_error,
            jobs: run.jobs.unwrap_or_else(cores),
            verbosity,
            progress: run.progress,
            output_format: run.output_format,
        })
    }

    /// The folder of `--out-dir`.
    pub(crate) fn out_dir(&self) -> Option<&Path> {
        match &self.destination {
            Destination::Beside => None,
            Destination::Below { folder, .. } => Some(folder),
        }
    }

    /// Whether files that are no sources are copied.
    pub(crate) fn copies(&self) -> bool {
        matches!(&self.destination, Destination::Below { copy: Copy::Everything, .. })
    }
}

/// Whether the build is meant to be reproducible, as SOURCE_DATE_EPOCH says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reproducible {
    /// It is set.
    Yes,
    /// It is not set, or empty (as `py_compile` has it).
    No,
}

impl Reproducible {
    /// As the environment has it.
    pub(crate) fn from_environment() -> Reproducible {
        match env::var_os("SOURCE_DATE_EPOCH") {
            Some(value) if !value.is_empty() => Reproducible::Yes,
            _ => Reproducible::No,
        }
    }
}

fn retention(output: &OutputArguments) -> anyhow::Result<Retention> {
    match (output.source_retention, output.in_place, &output.out_dir) {
        (RetentionChoice::Keep, false, _) => Ok(Retention::Keep),
        (RetentionChoice::Keep, true, _) => {
            bail!("--in-place deletes sources; give --source-retention omit too")
        }
        (RetentionChoice::Omit, true, _) => Ok(Retention::DeleteSource),
        (RetentionChoice::Omit, false, Some(_)) => Ok(Retention::OmitFromCopy),
        (RetentionChoice::Omit, false, None) => bail!(
            "--source-retention omit: give --out-dir DIR for a tree without sources, \
             or --in-place to delete the sources here"
        ),
    }
}

fn layout(output: &OutputArguments, retention: Retention, levels: &[Optimize]) -> anyhow::Result<Layout> {
    let layout = match (output.layout, output.legacy, retention) {
        (Some(LayoutChoice::Pycache), _, Retention::OmitFromCopy | Retention::DeleteSource) => {
            bail!(
                "--layout pycache: without its source Python loads no pyc from __pycache__; leave --layout out"
            )
        }
        (Some(LayoutChoice::Pycache) | None, false, Retention::Keep) => Layout::Pycache,
        _ => Layout::Legacy,
    };
    if layout == Layout::Legacy && levels.len() > 1 {
        bail!("-O names {} levels, but the legacy layout has one name for all; give one", levels.len());
    }
    Ok(layout)
}

fn levels(typed: &[u8]) -> Vec<Optimize> {
    let mut levels: Vec<Optimize> =
        typed.iter().filter_map(|&level| Optimize::from_level(i64::from(level))).collect();
    levels.sort();
    levels.dedup();
    if levels.is_empty() {
        levels.push(Optimize::None);
    }
    levels
}

fn destination(output: &OutputArguments) -> Destination {
    match &output.out_dir {
        None => Destination::Beside,
        Some(folder) => {
            let copy = if output.copy { Copy::Everything } else { Copy::PycsOnly };
            Destination::Below { folder: folder.clone(), copy }
        }
    }
}
