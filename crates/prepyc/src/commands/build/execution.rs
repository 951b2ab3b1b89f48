//! Builds what was analysed: runs the actions, then puts programs together.

use std::fs::{self, File, TryLockError};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context as _, bail};
use prepyc_build::analysis::{Analysis, Interpreter};
use prepyc_build::{Built, Contents, OUTPUT_FOLDER, Outputs, Tools, Wanted, assemble, build};
use prepyc_execution::{
    CancelToken, Event, Executor, ExecutorOptions, Limits, OnFailure, PerMnemonic, StrategyKind,
    WorkerOptions,
};
use prepyc_plan::MNEMONIC;
use prepyc_version::PyRelease;
use rayon::prelude::*;

use super::engines::Engines;
use super::options::{self, ExecutionOptions, StrategyName, When};
use super::session::{Session, interpreter_on_path};
use crate::commands::console::Console;
use crate::commands::interrupt::{INTERRUPT_POLL, Interrupt};
use crate::commands::target::find_on_path;

/// The executor's own files, below the folder of outputs.
const STATE_FOLDER: &str = ".prepyc";

/// A build that has been made, and where.
pub(super) struct Finished {
    pub(super) outputs: Outputs,
    pub(super) built: Built,
    /// Held to the end: one build at a time writes here.
    _lock: File,
}

impl Session {
    /// Builds everything that was asked for and what ships with it.
    ///
    /// # Errors
    /// The folder of outputs cannot be used, or a program cannot be put together. That sources are rejected is no error.
    pub(super) fn execute(
        &self,
        analysis: &Analysis,
        interrupt: &Interrupt,
        console: &mut Console,
    ) -> anyhow::Result<Finished> {
        let base = self.output_folder()?;
        let lock = take_turns(&base, console)?;
        let outputs = Outputs::of(analysis, &base);
        let wanted = Wanted::of(analysis);
        let tools = Tools::assemble(analysis, &outputs, &any_interpreter())?;
        let executor = Executor::new(self.executor_options(analysis, &base));
        let cancel = CancelToken::new();
        let built = until_interrupted(interrupt, &cancel, || {
            let mut shows_bar = false;
            let progress = self.options.console.progress;
            let built =
                build(analysis, &outputs, &tools, &wanted, &executor, &cancel, &mut |event| match event {
                    Event::Started { progress: state, .. } if !shows_bar && progress != When::Never => {
                        console.start_progress(u64::try_from(state.total).unwrap_or(u64::MAX));
                        shows_bar = true;
                    }
                    Event::Finished { .. } => console.advance_progress(),
                    Event::Started { .. } => {}
                    Event::Warning(text) => console.err_line(&format!("warning: {text}")),
                });
            console.stop_progress();
            built
        });
        let mut finished = Finished { outputs, built, _lock: lock };
        if finished.built.is_success() && !interrupt.is_set() {
            self.assemble(analysis, &wanted, &mut finished)?;
            self.link_outputs(&base, console);
        }
        Ok(finished)
    }

    /// The folder of outputs, absolute, links resolved; made if it is not there.
    pub(super) fn output_folder(&self) -> anyhow::Result<PathBuf> {
        let folder = self.loader.workspace().root().join(OUTPUT_FOLDER);
        let made = fs::create_dir_all(&folder).and_then(|()| folder.canonicalize());
        made.with_context(|| format!("{}: cannot be used for outputs", folder.display()))
    }

    fn executor_options(&self, analysis: &Analysis, base: &Path) -> ExecutorOptions {
        let ExecutionOptions { strategies, jobs, disk_cache, on_failure, action_timeout, .. } =
            &self.options.execution;
        let jobs = jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        let chosen: Vec<StrategyKind> = strategies
            .iter()
            .map(|strategy| match strategy.value {
                StrategyName::Worker => StrategyKind::Worker,
                StrategyName::Sandboxed => StrategyKind::Sandboxed,
                StrategyName::Local => StrategyKind::Local,
            })
            .collect();
        let strategies = if chosen.is_empty() { StrategyKind::DEFAULT.to_vec() } else { chosen };
        let engines = Engines {
            choice: self.options.engine,
            named: self.options.python.clone(),
            of_toolchains: interpreters_of(analysis),
            search_path: std::env::var_os("PATH").unwrap_or_default(),
            jobs,
        };
        ExecutorOptions {
            jobs,
            output_root: base.to_owned(),
            state: base.join(STATE_FOLDER),
            disk_cache: disk_cache.clone(),
            strategies: PerMnemonic::all(strategies),
            workers: self.worker_options(),
            limits: Limits { action: action_timeout.unwrap_or(Limits::STANDARD.action), ..Limits::STANDARD },
            on_failure: match on_failure {
                options::OnFailure::Stop => OnFailure::Stop,
                options::OnFailure::KeepGoing => OnFailure::KeepGoing,
            },
            engines: Box::new(move |release| engines.start(release)),
        }
    }

    fn worker_options(&self) -> WorkerOptions {
        let execution = &self.options.execution;
        let mut workers = WorkerOptions::standard();
        let flags = execution.worker_extra_flags.clone();
        workers.extra_flags.by_mnemonic.insert(MNEMONIC.to_owned(), flags);
        if let Some(instances) = execution.worker_max_instances {
            workers.max_instances = PerMnemonic::all(instances);
        }
        if let Some(instances) = execution.worker_max_multiplex_instances {
            workers.max_multiplex_instances = PerMnemonic::all(instances);
        }
        let choices = &execution.workers;
        for (choice, option) in [
            (choices.multiplex, &mut workers.multiplex),
            (choices.sandboxing, &mut workers.sandboxing),
            (choices.multiplex_sandboxing, &mut workers.multiplex_sandboxing),
            (choices.cancellation, &mut workers.cancellation),
            (choices.verbose, &mut workers.verbose),
        ] {
            *option = choice.unwrap_or(*option);
        }
        workers
    }

    /// Writes runfiles and launchers.
    fn assemble(&self, analysis: &Analysis, wanted: &Wanted, finished: &mut Finished) -> anyhow::Result<()> {
        let contents = Contents::new(analysis, &finished.outputs, &finished.built.failed);
        let assembled: Vec<anyhow::Result<Vec<String>>> = wanted
            .programs()
            .par_iter()
            .map(|label| {
                let target = &analysis.targets[label];
                let Some(content) = contents.program(target) else { return Ok(Vec::new()) };
                let executable = finished.outputs.base().join(finished.outputs.program(label));
                let version = target.program.as_ref().map(|program| program.python.version);
                let interpreter = version.and_then(interpreter_on_path).unwrap_or_else(any_interpreter);
                assemble(target, &content, &executable, &interpreter)?;
                Ok(content.collisions.iter().map(|text| format!("{}: {text}", label.label)).collect())
            })
            .collect();
        let mut warnings = Vec::new();
        for collisions in assembled {
            warnings.extend(collisions?);
        }
        finished.built.warnings.extend(warnings);
        Ok(())
    }

    /// `--symlink_prefix`: names of one's own for the folder of outputs.
    fn link_outputs(&self, base: &Path, console: &Console) {
        let Some(prefix) = self.options.symlink_prefix.as_deref().filter(|prefix| *prefix != "/") else {
            return;
        };
        let links = [("out", base.to_owned()), ("bin", base.join("bin"))];
        for (name, target) in links {
            let link = self.loader.workspace().root().join(format!("{prefix}{name}"));
            if let Err(error) = put_link(&target, &link) {
                console.err_line(&format!("warning: {}: no link to the outputs: {error}", link.display()));
            }
        }
    }
}

/// Makes a link, unless it is there; what is no link is left alone.
fn put_link(target: &Path, link: &Path) -> io::Result<()> {
    if fs::canonicalize(link).is_ok_and(|found| found == target) {
        return Ok(());
    }
    match fs::symlink_metadata(link) {
        Ok(found) if found.is_symlink() => fs::remove_file(link)?,
        Ok(_) => return Err(io::Error::other("something else is in its place")),
        Err(_) => {}
    }
    symlink(target, link)
}

/// Interpreters that toolchains name, for versions that are not compiled natively.
fn interpreters_of(analysis: &Analysis) -> Vec<(PyRelease, PathBuf)> {
    let pythons = analysis.configurations.iter().map(|facts| &facts.toolchains.python);
    let known = pythons.filter_map(|python| {
        let version = python.version?;
        let numbers = (u8::try_from(version.major).ok()?, u8::try_from(version.minor).ok()?);
        let release = PyRelease::from_number(numbers.0, numbers.1)?;
        match &python.interpreter {
            Interpreter::Path(path) => Some((release, path.clone())),
            Interpreter::File(file) => Some((release, file.path.clone())),
            Interpreter::Found => None,
        }
    });
    known.collect()
}

/// What runs a program of a version that this machine does not have: it will say so itself.
pub(super) fn any_interpreter() -> PathBuf {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let found = find_on_path("python3", &search_path).into_iter().next();
    found.unwrap_or_else(|| PathBuf::from("/usr/bin/python3"))
}

/// Waits until no other build uses the folder.
fn take_turns(base: &Path, console: &Console) -> anyhow::Result<File> {
    let path = base.join(STATE_FOLDER);
    fs::create_dir_all(&path).with_context(|| format!("{}: cannot be made", path.display()))?;
    let path = path.join("lock");
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.with_context(|| format!("{}: cannot be opened", path.display()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            console.err_line("waiting for another build of this workspace");
            lock.lock().with_context(|| format!("{}: cannot be locked", path.display()))?;
        }
        Err(TryLockError::Error(error)) => bail!("{}: cannot be locked: {error}", path.display()),
    }
    Ok(lock)
}

/// Does something, and wishes it cancelled as soon as a signal comes.
pub(super) fn until_interrupted<T>(
    interrupt: &Interrupt,
    cancel: &CancelToken,
    work: impl FnOnce() -> T,
) -> T {
    let done = Arc::new(AtomicBool::new(false));
    let watcher = {
        let (done, interrupt, cancel) = (Arc::clone(&done), interrupt.clone(), cancel.clone());
        thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                if interrupt.is_set() {
                    cancel.cancel();
                    return;
                }
                thread::park_timeout(INTERRUPT_POLL);
            }
        })
    };
    let result = work();
    done.store(true, Ordering::Relaxed);
    watcher.thread().unpark();
    // It only looks and sleeps.
    let _ = watcher.join();
    result
}
