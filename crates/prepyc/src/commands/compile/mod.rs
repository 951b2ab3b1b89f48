//! `prepyc compile`: sources to pycs. Arguments, settings, plan, run, report, in the files of these names.

mod arguments;
mod copy;
mod file_task;
mod outcome;
mod pipeline;
mod plan;
mod recorded_path;
mod report;
mod settings;

use std::fs;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use anyhow::bail;
use prepyc_engine::{SourceStat, Target};

pub(crate) use self::arguments::Arguments;
use self::arguments::ProgressChoice;
use self::pipeline::Pipeline;
use self::plan::CopyTask;
use self::report::Reporter;
use self::settings::{Reproducible, Retention, Settings, Verbosity, Work};
use super::ExitStatus;
use super::console::Console;
use super::discovery::{Filter, FolderLinks, Found, Others, Search, SourceFile, reason};
use super::interrupt::{INTERRUPT_POLL, Interrupt};
use super::ordered::End;
use super::path_text::shown;
use super::target::{LazyEngine, Surroundings, choose};
use arguments::OnErrorChoice;

/// Runs `prepyc compile`.
///
/// # Errors
/// Usage and environment: what keeps the whole run from being made.
pub(crate) fn run(mut arguments: Arguments, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let settings = Arc::new(Settings::new(&arguments, Reproducible::from_environment())?);
    let paths = arguments.files.take_paths()?;
    let choice = choose(&arguments.target, &paths, &Surroundings::of_process()?)?;
    let engine = Arc::new(LazyEngine::new(choice, arguments.target.engine, settings.jobs)?);
    let search = Search {
        paths,
        filter: Filter::new(&arguments.files.exclude, &arguments.files.include)?,
        folder_links: match settings.retention {
            Retention::DeleteSource => FolderLinks::Leave,
            Retention::Keep | Retention::OmitFromCopy => FolderLinks::Follow,
        },
        others: if settings.copies() { Others::List } else { Others::Ignore },
        leave_out: settings.out_dir().map(ToOwned::to_owned),
    };
    let mut run = Run {
        interrupt: Interrupt::install()?,
        reporter: Reporter::new(&settings),
        failed: Vec::new(),
        deletable: Vec::new(),
        settings,
        console,
    };
    let end = match look_around(&search, &engine, &run.interrupt)? {
        Some((found, target)) => run.all(found, target, engine)?,
        None => End::Interrupted,
    };
    run.finish(end, started)
}

/// Walks the PATHS, and meanwhile asks the interpreter where only it knows the target; `None` where a signal came.
fn look_around(
    search: &Search,
    engine: &Arc<LazyEngine>,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<(Found, Target)>> {
    let (sender, receiver) = mpsc::channel();
    let asked = Arc::clone(engine);
    // Not waited for: after a signal the process ends while an interpreter may still be starting.
    thread::spawn(move || sender.send(asked.target()));
    let found = search.run()?;
    loop {
        match receiver.recv_timeout(INTERRUPT_POLL) {
            Ok(target) => return Ok(Some((found, target?))),
            Err(RecvTimeoutError::Timeout) if interrupt.is_set() => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => bail!("a bug in prepyc kept it from finding its target"),
        }
    }
}

/// A run under way, on the thread that reports.
struct Run<'a> {
    settings: Arc<Settings>,
    console: &'a mut Console,
    interrupt: Interrupt,
    reporter: Reporter,
    /// The sources that got no pyc; `--copy` takes them as they are.
    failed: Vec<SourceFile>,
    /// The sources whose pyc is safe, and what they looked like.
    deletable: Vec<(SourceFile, SourceStat)>,
}

impl Run<'_> {
    fn all(&mut self, mut found: Found, target: Target, engine: Arc<LazyEngine>) -> anyhow::Result<End> {
        let others = plan::copied_others(&self.settings, &found);
        plan::check_outputs(&self.settings, &target, &found, &others)?;
        for problem in &found.problems {
            self.reporter.problem(self.console, problem)?;
        }
        let copied_sources = self.copied_sources(&found);
        let sources = std::mem::take(&mut found.sources);
        let mut end = self.compile(sources, target, engine)?;
        if end == End::Complete {
            end = self.copy(copied_sources.into_iter().chain(others))?;
        }
        if end == End::Complete {
            end = self.delete_sources()?;
        }
        Ok(end)
    }

    fn finish(&mut self, end: End, started: Instant) -> anyhow::Result<ExitStatus> {
        self.console.stop_progress();
        self.reporter.finish(self.console, end, started.elapsed())?;
        Ok(self.status())
    }

    /// With `--copy`, the sources that are copied whatever becomes of them.
    fn copied_sources(&self, found: &Found) -> Vec<CopyTask> {
        if self.settings.copies() && self.settings.retention == Retention::Keep {
            found.sources.iter().filter_map(|source| plan::copied_source(&self.settings, source)).collect()
        } else {
            Vec::new()
        }
    }

    fn compile(
        &mut self,
        sources: Vec<SourceFile>,
        target: Target,
        engine: Arc<LazyEngine>,
    ) -> anyhow::Result<End> {
        let wants_progress = self.settings.progress == ProgressChoice::Auto;
        if wants_progress && self.settings.verbosity > Verbosity::Quiet {
            self.console.start_progress(sources.len() as u64);
        }
        let pipeline = Pipeline::start(Arc::clone(&self.settings), target, engine, sources, &self.interrupt);
        let interrupt = self.interrupt.clone();
        pipeline.each(&interrupt, |source, outcome| {
            self.reporter.file(self.console, source, &outcome)?;
            self.console.advance_progress();
            if outcome.failure.is_some() {
                self.failed.push(source.clone());
            }
            if let Some(stat) = outcome.deletable {
                self.deletable.push((source.clone(), stat));
            }
            Ok(())
        })
    }

    /// Copies what `--copy` asks for. Where sources are omitted, one without a pyc is shipped as it is.
    fn copy(&mut self, tasks: impl Iterator<Item = CopyTask>) -> anyhow::Result<End> {
        if !self.settings.copies() || self.settings.work == Work::Check {
            return Ok(End::Complete);
        }
        let failed = match self.settings.retention {
            Retention::OmitFromCopy => std::mem::take(&mut self.failed),
            Retention::Keep | Retention::DeleteSource => Vec::new(),
        };
        let settings = Arc::clone(&self.settings);
        let failed = failed.iter().filter_map(|source| plan::copied_source(&settings, source));
        for task in tasks.chain(failed) {
            if self.interrupt.is_set() {
                return Ok(End::Interrupted);
            }
            self.reporter.copy(self.console, &task, &copy::copy(&task))?;
        }
        Ok(End::Complete)
    }

    /// Deletes the sources whose pycs are safe. Last, since a source may be a link to another.
    fn delete_sources(&mut self) -> anyhow::Result<End> {
        for (source, stat) in std::mem::take(&mut self.deletable) {
            if self.interrupt.is_set() {
                return Ok(End::Interrupted);
            }
            let result = delete_source(&source, stat);
            self.reporter.deletion(self.console, &source, result)?;
        }
        Ok(End::Complete)
    }

    fn status(&self) -> ExitStatus {
        if let Some(status) = self.interrupt.status() {
            return status;
        }
        let counts = self.reporter.counts();
        let failed = counts.failed > 0 && self.settings.on_error == OnErrorChoice::Fail;
        if failed || counts.stale > 0 { ExitStatus::Failed } else { ExitStatus::Done }
    }
}

fn delete_source(source: &SourceFile, stat: SourceStat) -> Result<(), String> {
    let path = shown(&source.path);
    match fs::symlink_metadata(&source.path) {
        // What a link leads to may be gone by now; the link itself is what is deleted.
        Ok(metadata) if metadata.is_symlink() => {}
        _ => match SourceStat::of(&source.path) {
            Ok(now) if now == stat => {}
            Ok(_) => return Err(format!("{path}: it changed while it was compiled; it stays")),
            Err(error) => return Err(format!("{error}; it stays")),
        },
    }
    fs::remove_file(&source.path).map_err(|error| format!("cannot delete {path}: {}", reason(&error)))
}
