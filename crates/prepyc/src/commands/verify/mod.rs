//! `prepyc verify`: holds what prepyc makes against what an interpreter makes of the same source, field by field.
//!
//! On one side stands an engine, with the bytes it would publish: prepyc's own compiler where it has one for the target,
//! else the interpreter engine. On the other stands an interpreter that calls `compile()` itself. Both ways are gone: the
//! interpreter loads prepyc's bytes, and prepyc reads the interpreter's.

mod compare;
mod reference;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{anyhow, bail};
use clap::{ArgAction, Args};
use prepyc_engine::{CompileFailure, CompileRequest, Engine, Filename, Optimize, Source, Target};
use prepyc_version::PyVersion;

use self::compare::{Verdict, compare};
use self::reference::Reference;
use super::ExitStatus;
use super::console::Console;
use super::discovery::{Filter, FolderLinks, Others, Search, Severity, SourceFile, without_number};
use super::files::{EngineChoice, FileArguments, TargetArguments, unreadable};
use super::interrupt::Interrupt;
use super::ordered::{End, Results, ordered};
use super::path_text::shown;
use super::target::{Choice, Surroundings, choose, natively_compiled, no_native_compiler, start_interpreter};

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

/// What is held against what.
struct Sides {
    engine: Engine,
    kind: Kind,
    /// The interpreter, as it was started and as it describes itself.
    executable: PathBuf,
    target: Target,
    version: PyVersion,
}

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Native,
    Interpreter,
}

/// What all threads know.
struct Shared {
    sides: Sides,
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
    let sides = Sides::new(&choice, arguments.target.engine, jobs)?;
    let against = sides.to_string();
    let shared = Arc::new(Shared {
        sides,
        levels: levels(&arguments.run),
        sources: found.sources,
        next: AtomicUsize::new(0),
    });
    let (results, ordered) = ordered(shared.sources.len());
    for _ in 0..jobs.get().min(shared.sources.len()) {
        let (shared, results) = (Arc::clone(&shared), results.clone());
        thread::spawn(move || work(&shared, &results));
    }
    let end = ordered.each(&interrupt, |index, verdict| {
        report(console, &shared.sources[index], &verdict, &mut counts, arguments.run.verbose)
    })?;
    if end == End::Interrupted {
        shared.sides.engine.shut_down();
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

impl Sides {
    /// Starts an interpreter in any case: it is one of the sides.
    fn new(choice: &Choice, engine: EngineChoice, jobs: NonZeroUsize) -> anyhow::Result<Sides> {
        let interpreter = start_interpreter(choice, jobs)?;
        let target = interpreter.target().clone();
        let Some(version) = target.version() else {
            bail!(
                "{target}: prepyc reads the code objects of 3.11 to 3.15 only; name one of these with --python"
            );
        };
        let native = natively_compiled(&target).and_then(|version| Engine::native(version, jobs.get()));
        let (engine, kind) = match (engine, native) {
            (EngineChoice::Auto | EngineChoice::Native, Some(native)) => (native, Kind::Native),
            (EngineChoice::Native, None) => bail!(no_native_compiler(&target.to_string())),
            (EngineChoice::Auto | EngineChoice::Interpreter, _) => (interpreter, Kind::Interpreter),
        };
        let executable = match &target.interpreter {
            Some(interpreter) => interpreter.executable.clone(),
            None => bail!("no interpreter of {version} was asked"),
        };
        Ok(Sides { engine, kind, executable, version, target })
    }
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Native => write!(f, "the native engine (made after CPython {})", self.version.reference())?,
            Kind::Interpreter => f.write_str("the interpreter engine")?,
        }
        write!(f, " against {}", self.target)
    }
}

/// The levels asked for, lowest first.
fn levels(run: &RunArguments) -> Vec<Optimize> {
    let mut levels: Vec<Optimize> =
        run.optimize.iter().filter_map(|&level| Optimize::from_level(i64::from(level))).collect();
    levels.sort();
    levels.dedup();
    if levels.is_empty() {
        levels.push(Optimize::None);
    }
    levels
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
        let ours = match shared.sides.engine.compile(request.clone()) {
            Ok(compiled) => Ok(compiled.code),
            Err(CompileFailure::Rejected { diagnostic, .. }) => Err(diagnostic),
            Err(CompileFailure::Engine(error)) => bail!(error),
        };
        let process = match reference {
            Some(process) => process,
            None => reference.insert(Reference::start(&shared.sides.executable)?),
        };
        let answer = process.ask(&request, ours.as_deref().ok())?;
        verdicts.push(compare(optimize, shared.sides.version, &ours, answer));
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
