//! `prepyc verify`: holds what prepyc makes against what an interpreter makes of the same source, field by field.
//!
//! On one side stands an engine, with the bytes it would publish; on the other an interpreter that calls `compile()` itself. Both
//! ways are gone: the interpreter loads prepyc's bytes, and prepyc reads the interpreter's.

mod compare;
mod reference;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, anyhow, bail};
use clap::{ArgAction, Args};
use prepyc_engine::{CompileFailure, CompileRequest, Filename, Optimize, Source};
use prepyc_version::PyVersion;

use self::compare::{Verdict, compare};
use self::reference::Reference;
use super::ExitStatus;
use super::console::Console;
use super::discovery::{Filter, FolderLinks, Others, Search, Severity, SourceFile, without_number};
use super::files::{FileArguments, TargetArguments, unreadable};
use super::interrupt::Interrupt;
use super::ordered::{End, Results, ordered};
use super::path_text::shown;
use super::target::{LazyEngine, Surroundings, check_engine, choose};

/// What `prepyc verify --help` says at its end.
const AFTER_HELP: &str = "\
Nothing is written. A difference is a bug in prepyc: report the lines shown, and the last one, which names both sides.

Exit codes: 0 all equal; 1 some file differs, or could not be compared; 2 usage or environment.";

/// Compare what prepyc compiles with what an interpreter does, field by field
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    files: FileArguments,

    #[command(flatten)]
    target: TargetArguments,

    #[command(flatten)]
    run: RunArguments,
}

/// How it is compared and reported.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run and report")]
struct RunArguments {
    /// Optimisation level; repeatable [default: 0]
    #[arg(short = 'O', long, value_name = "0|1|2", value_parser = clap::value_parser!(u8).range(0..=2))]
    optimize: Vec<u8>,

    /// How many files at a time [default: one a core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Differences only, no summary
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Name the files that are equal, too
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
}

/// What all threads know.
struct Shared {
    engine: LazyEngine,
    executable: PathBuf,
    version: PyVersion,
    levels: Vec<Optimize>,
    sources: Vec<SourceFile>,
    next: AtomicUsize,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Counts {
    equal: u64,
    rejected: u64,
    different: u64,
    failed: u64,
}

/// Runs `prepyc verify`.
///
/// # Errors
/// Usage and environment.
pub(crate) fn run(mut arguments: Arguments, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let interrupt = Interrupt::install()?;
    let paths = arguments.files.take_paths()?;
    let choice = choose(&arguments.target, &paths, &Surroundings::of_process()?)?;
    check_engine(arguments.target.engine, choice.release)?;
    let search = Search {
        paths,
        filter: Filter::new(&arguments.files.exclude, &arguments.files.include)?,
        folder_links: FolderLinks::Follow,
        others: Others::Ignore,
        leave_out: None,
    };
    let found = search.run()?;
    let mut counts = Counts::default();
    for problem in &found.problems {
        let word = match problem.severity {
            Severity::Failure => "error",
            Severity::Warning => "warning",
        };
        counts.failed += u64::from(problem.severity == Severity::Failure);
        console.err_line(&format!("{word}: {}", problem.message));
    }
    let jobs =
        arguments.run.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let shared = Arc::new(shared(LazyEngine::new(choice, jobs), &arguments.run, found.sources)?);
    let against = format!("the interpreter engine against {}", shared.engine.get()?.target());
    let (results, ordered) = ordered();
    for _ in 0..jobs.get().min(shared.sources.len()) {
        let (shared, results) = (Arc::clone(&shared), results.clone());
        thread::spawn(move || work(&shared, &results));
    }
    let end = ordered.each(shared.sources.len(), &interrupt, |index, verdict| {
        report(console, &shared.sources[index], &verdict, &mut counts, arguments.run.verbose)
    })?;
    if end == End::Interrupted {
        shared.engine.shut_down();
    }
    if !arguments.run.quiet || end == End::Interrupted {
        let prefix = if end == End::Interrupted { "interrupted: " } else { "" };
        let Counts { equal, rejected, different, failed } = counts;
        console.out_line(&format!(
            "{prefix}{equal} equal, {rejected} rejected by both, {different} different, {failed} failed; {against}"
        ))?;
    }
    let bad = counts.different + counts.failed > 0;
    Ok(interrupt.status().unwrap_or(if bad { ExitStatus::Failed } else { ExitStatus::Done }))
}

fn shared(engine: LazyEngine, run: &RunArguments, sources: Vec<SourceFile>) -> anyhow::Result<Shared> {
    let target = engine.get()?.target().clone();
    let Some(version) = target.version() else {
        bail!(
            "{target}: prepyc reads the code objects of 3.11 to 3.15 only; name one of these with --python"
        );
    };
    let interpreter = target.interpreter.with_context(|| format!("no interpreter of {version} was asked"))?;
    let mut levels: Vec<Optimize> =
        run.optimize.iter().filter_map(|&level| Optimize::from_level(i64::from(level))).collect();
    levels.sort();
    levels.dedup();
    if levels.is_empty() {
        levels.push(Optimize::None);
    }
    let executable = interpreter.executable;
    Ok(Shared { engine, executable, version, levels, sources, next: AtomicUsize::new(0) })
}

/// Compares one source after the other.
fn work(shared: &Shared, results: &Results<Vec<Verdict>>) {
    let _guard = results.guard();
    let mut reference = None;
    loop {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        let Some(source) = shared.sources.get(index) else { return };
        match compare_levels(shared, &source.path, &mut reference) {
            Ok(verdicts) => results.send(index, verdicts),
            Err(error) => {
                // A process that ended over one source is no use for the next.
                reference = None;
                results.send(index, vec![Verdict::Failed(without_number(&format!("{error:#}")))]);
            }
        }
    }
}

fn compare_levels(
    shared: &Shared,
    path: &Path,
    reference: &mut Option<Reference>,
) -> anyhow::Result<Vec<Verdict>> {
    let source = Source::read(path).map_err(|error| anyhow!(unreadable(&error)))?;
    let mut verdicts = Vec::with_capacity(shared.levels.len());
    for &optimize in &shared.levels {
        let filename = Filename::from_path(path);
        let request = CompileRequest { source: Arc::clone(&source.bytes), filename, optimize };
        let ours = match shared.engine.get()?.compile(request.clone()) {
            Ok(compiled) => Ok(compiled.code),
            Err(CompileFailure::Rejected { diagnostic, .. }) => Err(diagnostic),
            Err(CompileFailure::Engine(error)) => bail!(error),
        };
        let process = match reference {
            Some(process) => process,
            None => reference.insert(Reference::start(&shared.executable)?),
        };
        let answer = process.ask(&request, ours.as_deref().ok())?;
        verdicts.push(compare(optimize, shared.version, &ours, answer));
    }
    Ok(verdicts)
}

fn report(
    console: &Console,
    source: &SourceFile,
    verdicts: &[Verdict],
    counts: &mut Counts,
    verbose: u8,
) -> anyhow::Result<()> {
    let path = shown(&source.path);
    let lines: Vec<&String> = verdicts.iter().flat_map(Verdict::lines).collect();
    for line in &lines {
        // What cannot be read is told of by name already.
        let named = if line.contains(&path) { (*line).clone() } else { format!("{path}: {line}") };
        console.out_line(&named)?;
    }
    if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Failed(_))) {
        counts.failed += 1;
    } else if !lines.is_empty() {
        counts.different += 1;
    } else {
        let all_rejected = verdicts.iter().all(|verdict| matches!(verdict, Verdict::RejectedByBoth));
        let (count, word) = if all_rejected {
            (&mut counts.rejected, "rejected by both")
        } else {
            (&mut counts.equal, "equal")
        };
        *count += 1;
        if verbose > 0 {
            console.out_line(&format!("{path}: {word}"))?;
        }
    }
    Ok(())
}
