//! `prepyc clean`: removes pycs that no import will use, and what killed runs left behind.
//!
//! Nothing is removed that somebody may rely on: a legacy pyc without a source may be all there is of a module, so it
//! goes only with `--sourceless`; links are never followed.

mod verdict;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::bail;
use clap::{ArgAction, Args};
use prepyc_engine::layout::PYCACHE;
use walkdir::WalkDir;

use self::verdict::{Kind, Verdict, Wanted, judge_file};
use super::ExitStatus;
use super::console::Console;
use super::discovery::{Filter, reason};
use super::interrupt::Interrupt;
use super::path_text::shown;

/// What `prepyc clean --help` says at its end.
const AFTER_HELP: &str = "\
Without --stale, --orphaned, --temporary or --all, it is the first three that go. A legacy pyc (STEM.pyc beside its \
source) is left alone without --legacy, and one whose source is not there without --sourceless: it may be all there \
is of a module. Folders are searched to any depth; links are not followed.

Exit codes: 0 done; 1 something could not be removed; 2 usage or environment.";

/// Remove stale and orphaned pycs, and temporary files of runs that were killed
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Folders
    #[arg(value_name = "PATHS", required = true)]
    paths: Vec<PathBuf>,

    /// Leave alone files and folders that match, as for prepyc compile; repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Say what would be removed, and remove nothing
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// No summary
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Name each file removed, and why
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    kinds: KindArguments,
}

/// Which files go.
#[derive(Debug, Args)]
#[command(next_help_heading = "What goes")]
struct KindArguments {
    /// Pycs in __pycache__ that do not belong to their source as it is now, in the mode their header names
    #[arg(long)]
    stale: bool,

    /// Pycs in __pycache__ whose source is not there
    #[arg(long)]
    orphaned: bool,

    /// Temporary files of prepyc that are an hour old, so that no run that still works can need them
    #[arg(long)]
    temporary: bool,

    /// All pycs in __pycache__, and the temporary files
    #[arg(long)]
    all: bool,

    /// Legacy pycs too, where their source is beside them
    #[arg(long)]
    legacy: bool,

    /// Legacy pycs without a source count as orphaned: what --source-retention omit has made is removed
    #[arg(long)]
    sourceless: bool,
}

/// What has been removed, or would have been.
#[derive(Debug, Default)]
struct Counts {
    stale: u64,
    orphaned: u64,
    temporary: u64,
    other: u64,
    size_bytes: u64,
    failed: u64,
}

/// Runs `prepyc clean`.
///
/// # Errors
/// A PATH that is no folder, a glob that is none, and a standard output nobody reads.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let interrupt = Interrupt::install()?;
    for path in &arguments.paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => bail!("{}: not a folder; name the folder it is in", shown(path)),
            Err(error) => bail!("{}: {}; PATHS are folders that exist", shown(path), reason(&error)),
        }
    }
    let mut run = Run {
        arguments,
        console,
        filter: Filter::new(&arguments.exclude, &[])?,
        wanted: wanted(&arguments.kinds),
        now: SystemTime::now(),
        counts: Counts::default(),
    };
    for path in &arguments.paths {
        run.tree(path, &interrupt)?;
    }
    run.summary(interrupt.status())?;
    let failed = run.counts.failed > 0;
    Ok(interrupt.status().unwrap_or(if failed { ExitStatus::Failed } else { ExitStatus::Done }))
}

fn wanted(kinds: &KindArguments) -> Wanted {
    let none = !(kinds.stale || kinds.orphaned || kinds.temporary || kinds.all);
    Wanted {
        stale: none || kinds.stale,
        orphaned: none || kinds.orphaned,
        temporary: none || kinds.temporary || kinds.all,
        all: kinds.all,
        legacy: kinds.legacy,
        sourceless: kinds.sourceless,
    }
}

struct Run<'a> {
    arguments: &'a Arguments,
    console: &'a Console,
    filter: Filter,
    wanted: Wanted,
    now: SystemTime,
    counts: Counts,
}

impl Run<'_> {
    fn tree(&mut self, root: &Path, interrupt: &Interrupt) -> anyhow::Result<()> {
        let filter = &self.filter;
        // Contents first: a cache folder is looked at when its files are through.
        let mut entries = WalkDir::new(root).sort_by_file_name().contents_first(true).into_iter();
        let mut batch = Vec::new();
        for entry in entries.by_ref() {
            match entry {
                Ok(entry) => {
                    let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
                    if !relative.ancestors().any(|path| filter.excludes(path)) {
                        batch.push((entry.path().to_owned(), entry.file_type()));
                    }
                }
                Err(error) => {
                    let path = error.path().map(shown).unwrap_or_default();
                    let what = error.io_error().map_or_else(|| error.to_string(), reason);
                    self.console.err_line(&format!("error: cannot list the folder {path}: {what}"));
                    self.counts.failed += 1;
                }
            }
            if interrupt.is_set() {
                return Ok(());
            }
        }
        for (path, file_type) in batch {
            if interrupt.is_set() {
                return Ok(());
            }
            if file_type.is_file() {
                if let Some(verdict) = judge_file(&path, &self.wanted, self.now) {
                    self.remove(&path, &verdict)?;
                }
            } else if file_type.is_dir() && path.file_name().is_some_and(|name| name == PYCACHE) {
                self.remove_empty(&path);
            }
        }
        Ok(())
    }

    fn remove(&mut self, path: &Path, verdict: &Verdict) -> anyhow::Result<()> {
        let size_bytes = fs::symlink_metadata(path).map_or(0, |metadata| metadata.len());
        if !self.arguments.dry_run
            && let Err(error) = fs::remove_file(path)
        {
            self.console.err_line(&format!("error: cannot remove {}: {}", shown(path), reason(&error)));
            self.counts.failed += 1;
            return Ok(());
        }
        self.counts.size_bytes += size_bytes;
        match verdict.kind {
            Kind::Stale => self.counts.stale += 1,
            Kind::Orphaned => self.counts.orphaned += 1,
            Kind::Temporary => self.counts.temporary += 1,
            Kind::Other => self.counts.other += 1,
        }
        if self.arguments.dry_run || self.arguments.verbose > 0 {
            let verb = if self.arguments.dry_run { "would remove" } else { "removed" };
            self.console.out_line(&format!("{verb} {}: {}", shown(path), verdict.why))?;
        }
        Ok(())
    }

    /// Removes a cache folder that has become empty. One that is not stays, silently.
    fn remove_empty(&self, folder: &Path) {
        if !self.arguments.dry_run {
            let _ = fs::remove_dir(folder);
        }
    }

    fn summary(&self, interrupted: Option<ExitStatus>) -> anyhow::Result<()> {
        if self.arguments.quiet && interrupted.is_none() {
            return Ok(());
        }
        let counts = &self.counts;
        let total = counts.stale + counts.orphaned + counts.temporary + counts.other;
        let prefix = if interrupted.is_some() { "interrupted: " } else { "" };
        let verb = if self.arguments.dry_run { "to remove" } else { "removed" };
        let files = if total == 1 { "file" } else { "files" };
        let mut parts = vec![
            format!("{} stale", counts.stale),
            format!("{} orphaned", counts.orphaned),
            format!("{} temporary", counts.temporary),
        ];
        if counts.other > 0 {
            parts.push(format!("{} up to date", counts.other));
        }
        self.console.out_line(&format!(
            "{prefix}{total} {files} {verb} ({}), {} bytes",
            parts.join(", "),
            counts.size_bytes
        ))
    }
}
