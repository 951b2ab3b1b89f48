//! Starting the interpreter engine for a target: the first candidate that is what it has to be.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{anyhow, bail};
use prepyc_engine::{Engine, Limits, Target};
use prepyc_version::PyRelease;

use super::{Choice, Named};
use crate::commands::path_text::shown;

/// An engine that is started when it is first needed, since most runs have nothing to compile.
#[derive(Debug)]
pub(crate) struct LazyEngine {
    choice: Choice,
    jobs: NonZeroUsize,
    started: OnceLock<Result<Engine, String>>,
}

impl LazyEngine {
    /// An engine for `choice` that runs at most `jobs` interpreters.
    pub(crate) fn new(choice: Choice, jobs: NonZeroUsize) -> LazyEngine {
        LazyEngine { choice, jobs, started: OnceLock::new() }
    }

    /// The engine.
    ///
    /// # Errors
    /// No candidate starts and is of the release wanted. The message is the same at every call.
    pub(crate) fn get(&self) -> anyhow::Result<&Engine> {
        let started =
            self.started.get_or_init(|| start(&self.choice, self.jobs).map_err(|error| format!("{error:#}")));
        started.as_ref().map_err(|message| anyhow!("{message}"))
    }

    /// Ends the interpreters that are running, if any: their answers are no longer wanted.
    pub(crate) fn shut_down(&self) {
        if let Some(Ok(engine)) = self.started.get() {
            engine.shut_down();
        }
    }

    /// The target: without asking anyone where the release is known and no interpreter was named.
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        match (self.choice.release, self.choice.named) {
            (Some(release), Named::No) => Ok(Target::from_release(release)),
            _ => Ok(self.get()?.target().clone()),
        }
    }
}

fn start(choice: &Choice, jobs: NonZeroUsize) -> anyhow::Result<Engine> {
    let mut tried = Vec::new();
    for candidate in &choice.interpreters {
        match Engine::interpreter(candidate, jobs.get(), Limits::STANDARD) {
            Err(error) if choice.named == Named::Yes => bail!("--python: {error}"),
            Err(error) => tried.push(one_line(&error.to_string())),
            Ok(engine) => match mismatch(engine.target(), choice.release) {
                None => return Ok(engine),
                Some(release) if choice.named == Named::Yes => bail!(
                    "--python-version says {release}, but --python {} is {}; leave one of them out",
                    shown(candidate),
                    engine.target()
                ),
                Some(_) => tried.push(format!("{} is {}", shown(candidate), describe(&engine, candidate))),
            },
        }
    }
    bail!("{}", nothing_found(choice, &tried))
}

/// The release wanted, where the target is another.
fn mismatch(target: &Target, wanted: Option<PyRelease>) -> Option<PyRelease> {
    wanted.filter(|wanted| target.release != Some(*wanted))
}

fn describe(engine: &Engine, candidate: &Path) -> String {
    let text = engine.target().to_string();
    text.strip_suffix(&format!(" ({})", candidate.display())).map_or(text.clone(), str::to_owned)
}

/// Several candidates are told of in one line, with one line of what each has printed.
fn one_line(text: &str) -> String {
    text.lines().take(2).map(str::trim).collect::<Vec<_>>().join(" ")
}

fn nothing_found(choice: &Choice, tried: &[String]) -> String {
    let tried = match tried {
        [] => String::new(),
        tried => format!(" ({})", tried.join("; ")),
    };
    match choice.release {
        Some(release) => format!(
            "no interpreter for Python {release}, which {} asks for: no python{release} that works on PATH{tried}; \
             install one, or name one with --python EXE",
            choice.said_by
        ),
        None => format!("no python3 on PATH works{tried}; name an interpreter with --python EXE"),
    }
}
