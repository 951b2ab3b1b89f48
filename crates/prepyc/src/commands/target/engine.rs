//! The engine for a target: prepyc's own compiler where it has one, else the first interpreter that is what it has to be.
//!
//! An interpreter is started where only it knows the target, where it was named (then it has to be asked), or where it
//! compiles.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{anyhow, bail};
use prepyc_engine::{Engine, InterpreterVersion, Limits, Target};
use prepyc_version::{PyRelease, PyVersion};

use super::{Choice, Named};
use crate::commands::files::EngineChoice;
use crate::commands::path_text::shown;

/// An engine that is started when it is first needed, since most runs have nothing to compile.
#[derive(Debug)]
pub(crate) struct LazyEngine {
    choice: Choice,
    engine: EngineChoice,
    jobs: NonZeroUsize,
    started: OnceLock<Result<Started, String>>,
}

/// What compiles, and for what.
#[derive(Debug)]
struct Started {
    engine: Engine,
    /// As the interpreter describes it, where one was asked.
    target: Target,
}

impl LazyEngine {
    /// An engine for `choice` that compiles at most `jobs` files at a time.
    ///
    /// # Errors
    /// `engine` is native, and there is no compiler for the release, as far as that is known.
    pub(crate) fn new(
        choice: Choice,
        engine: EngineChoice,
        jobs: NonZeroUsize,
    ) -> anyhow::Result<LazyEngine> {
        if let (EngineChoice::Native, Some(release)) = (engine, choice.release)
            && native_version(release).is_none()
        {
            bail!(no_native_compiler(&format!("Python {release}")));
        }
        Ok(LazyEngine { choice, engine, jobs, started: OnceLock::new() })
    }

    /// The engine.
    ///
    /// # Errors
    /// No candidate starts and is of the release wanted. The message is the same at every call.
    pub(crate) fn get(&self) -> anyhow::Result<&Engine> {
        self.started().map(|started| &started.engine)
    }

    /// Ends what compiles, if anything does: its answers are no longer wanted.
    pub(crate) fn shut_down(&self) {
        if let Some(Ok(started)) = self.started.get() {
            started.engine.shut_down();
        }
    }

    /// The target: without asking anyone where the release is known and no interpreter was named.
    ///
    /// # Errors
    /// As for [`LazyEngine::get`].
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        match (self.choice.release, self.choice.named) {
            (Some(release), Named::No) => Ok(Target::from_release(release)),
            _ => self.started().map(|started| started.target.clone()),
        }
    }

    fn started(&self) -> anyhow::Result<&Started> {
        let started = self.started.get_or_init(|| self.start().map_err(|error| format!("{error:#}")));
        started.as_ref().map_err(|message| anyhow!("{message}"))
    }

    fn start(&self) -> anyhow::Result<Started> {
        let known = self.choice.release.filter(|_| self.choice.named == Named::No);
        if let Some(engine) = known.and_then(|release| self.native(native_version(release)?)) {
            let target = engine.target().clone();
            return Ok(Started { engine, target });
        }
        let interpreter = start_interpreter(&self.choice, self.jobs)?;
        let target = interpreter.target().clone();
        let Some(engine) = natively_compiled(&target).and_then(|version| self.native(version)) else {
            if self.engine == EngineChoice::Native {
                bail!(no_native_compiler(&target.to_string()));
            }
            return Ok(Started { engine: interpreter, target });
        };
        let engine = match (self.engine, self.choice.named, self.choice.interpreters.first()) {
            (EngineChoice::Auto, Named::Yes, Some(named)) => {
                engine.with_fallback(named, self.jobs.get(), Limits::STANDARD)
            }
            _ => engine,
        };
        Ok(Started { engine, target })
    }

    /// Our own compiler, unless it was not asked for.
    fn native(&self, version: PyVersion) -> Option<Engine> {
        match self.engine {
            EngineChoice::Interpreter => None,
            EngineChoice::Auto | EngineChoice::Native => Engine::native(version, self.jobs.get()),
        }
    }
}

/// Starts the interpreter engine for a target.
///
/// # Errors
/// No candidate starts and is of the release wanted.
pub(crate) fn start_interpreter(choice: &Choice, jobs: NonZeroUsize) -> anyhow::Result<Engine> {
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

/// The version that prepyc itself can compile this target for: what it makes is what final releases make.
pub(crate) fn natively_compiled(target: &Target) -> Option<PyVersion> {
    let is_final = |interpreter: &InterpreterVersion| interpreter.release_level == "final";
    target.version().filter(|version| {
        target.interpreter.as_ref().is_none_or(is_final) && prepyc_engine::has_native_compiler(*version)
    })
}

fn native_version(release: PyRelease) -> Option<PyVersion> {
    natively_compiled(&Target::from_release(release))
}

/// What is said where `--engine native` cannot be had.
pub(crate) fn no_native_compiler(target: &str) -> String {
    format!(
        "--engine native: this prepyc has no native compiler for {target}; \
         leave --engine out, or give --engine interpreter"
    )
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
