//! Strategies: ways to run an action. Each gets what there is to know and hands over the outputs' bytes.
//!
//! A strategy neither publishes nor caches, and does not know where outputs go: running an action elsewhere (by its command,
//! its inputs' digests and its outputs' names) is one more of them.

pub(crate) mod builtin;
mod folder;
mod one_shot;
mod process;
mod worker;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::action::Program;
use crate::cancel::CancelToken;
use crate::guardian::Guardian;
use crate::options::{ExecutorOptions, Limits, StrategyKind};
use crate::outcome::ExecutionError;
use crate::prepare::{Prepared, ToolFiles};
use folder::ExecutionRoot;
use one_shot::Sandboxes;
use worker::{WorkerSpec, Workers};

/// What is to be run now.
pub(crate) struct Spawn<'a> {
    pub(crate) prepared: &'a Prepared<'a>,
    pub(crate) cancel: &'a CancelToken,
}

/// An action whose tool is a program.
pub(crate) struct ProgramSpawn<'a> {
    pub(crate) prepared: &'a Prepared<'a>,
    pub(crate) cancel: &'a CancelToken,
    pub(crate) program: &'a Program,
    pub(crate) tool: &'a ToolFiles,
    pub(crate) limits: &'a Limits,
    pub(crate) guardian: &'a Arc<Guardian>,
}

/// An action that was run.
#[derive(Debug)]
pub(crate) struct Made {
    /// What its outputs hold, in the order of the action's.
    pub(crate) outputs: Vec<Vec<u8>>,
    /// What the tool said.
    pub(crate) text: String,
}

/// An action that has no outputs.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The tool will not have the inputs, and says why.
    Rejected(String),
    /// Something else is wrong.
    Failed(ExecutionError),
    /// It was given up because that was asked for.
    Cancelled,
}

impl<E: Into<ExecutionError>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Failed(error.into())
    }
}

/// What runs programs: made when the first program is run, kept until the executor goes.
#[derive(Debug)]
pub(crate) struct Programs {
    root: ExecutionRoot,
    sandboxes: Sandboxes,
    workers: Workers,
    guardian: Arc<Guardian>,
}

/// [`Programs`], as soon as there are any.
#[derive(Debug, Default)]
pub(crate) struct LazyPrograms(Mutex<Option<Arc<Programs>>>);

impl LazyPrograms {
    pub(crate) fn get(&self, state: &Path) -> Result<Arc<Programs>, ExecutionError> {
        let mut programs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(programs) = &*programs {
            return Ok(programs.clone());
        }
        let made = Arc::new(Programs {
            root: ExecutionRoot::make_anew(state.join("execroot").join("_main"))?,
            sandboxes: Sandboxes::make_anew(state.join("sandbox"))?,
            workers: Workers::make_anew(state.join("workers"))?,
            guardian: Guardian::start(),
        });
        *programs = Some(made.clone());
        Ok(made)
    }

    /// What workers did that nobody was there to be told of.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let programs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        programs.as_ref().map(|programs| programs.workers.complaints()).unwrap_or_default()
    }

    /// Ends all workers.
    pub(crate) fn close(&self, limits: &Limits) {
        if let Some(programs) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            programs.workers.close(limits.grace);
        }
    }
}

impl Programs {
    /// Who ends them if nobody else can.
    pub(crate) fn guardian(&self) -> &Arc<Guardian> {
        &self.guardian
    }

    /// Runs a program by the first of its mnemonic's strategies that can.
    pub(crate) fn run(
        &self,
        spawn: &ProgramSpawn<'_>,
        options: &ExecutorOptions,
    ) -> Result<(StrategyKind, Made), Failure> {
        let mnemonic = spawn.prepared.action.mnemonic;
        let strategies = options.strategies.get(mnemonic);
        let mut reasons = Vec::new();
        for &strategy in strategies {
            let made = match strategy {
                StrategyKind::Worker => match WorkerSpec::new(spawn, &options.workers) {
                    Ok(spec) => worker::run(spawn, &spec, &self.workers, &self.root),
                    Err(reason) => {
                        reasons.push(format!("worker: {reason}"));
                        continue;
                    }
                },
                StrategyKind::Sandboxed => {
                    let refused =
                        ["no-sandbox", "local"].into_iter().find(|name| spawn.program.requires(name));
                    if let Some(name) = refused {
                        reasons.push(format!("sandboxed: its tool requires {name}"));
                        continue;
                    }
                    one_shot::run_sandboxed(spawn, &self.sandboxes)
                }
                StrategyKind::Local => one_shot::run_local(spawn, &self.root),
            };
            return unchanged(spawn.prepared, made?).map(|made| (strategy, made));
        }
        let strategies: Vec<String> = strategies.iter().map(StrategyKind::to_string).collect();
        Err(Failure::Failed(ExecutionError::NoStrategy {
            mnemonic,
            strategies: format!("[{}]", strategies.join(", ")),
            reasons: reasons.join("; "),
        }))
    }
}

/// Fails if an input is another by now: nobody knows which one the tool read, or it is the tool that wrote to it.
fn unchanged(prepared: &Prepared<'_>, made: Made) -> Result<Made, Failure> {
    let changed = prepared.action.inputs.iter().zip(&prepared.inputs).find(|(input, known)| {
        crate::file_state::FileState::of_input(&input.file).map_or(true, |state| state != known.state)
    });
    match changed {
        Some((input, _)) => Err(Failure::Failed(ExecutionError::InputChanged(input.file.clone()))),
        None => Ok(made),
    }
}
