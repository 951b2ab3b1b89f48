//! One run: threads that take actions one after another, and an action's way through ledger, cache and strategies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use crate::action::{Action, Rejection};
use crate::cancel::CancelToken;
use crate::executor::Executor;
use crate::options::OnFailure;
use crate::outcome::{ExecutionError, Outcome, RanBy};
use crate::prepare::{Prepared, PreparedTool, Preparer};
use crate::strategy::builtin::{self, Engines};
use crate::strategy::{Failure, Made, Spawn};

/// What the threads of a run share.
pub(crate) struct Run<'a> {
    pub(crate) executor: &'a Executor,
    pub(crate) cancel: &'a CancelToken,
    pub(crate) engines: &'a Engines<'a>,
    pub(crate) preparer: Preparer<'a>,
    pub(crate) next: AtomicUsize,
    pub(crate) failed: AtomicBool,
}

/// What a thread of a run tells the one that started it.
pub(crate) enum Message {
    Started(usize),
    Finished { action: usize, started: bool, outcome: Outcome },
    Warning(String),
}

/// An action's own line to whoever started the run.
struct Line<'a> {
    action: usize,
    started: bool,
    sender: &'a Sender<Message>,
}

impl Run<'_> {
    /// Takes actions until there are none.
    pub(crate) fn work(&self, actions: &[Action], sender: &Sender<Message>) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(action) = actions.get(index) else { return };
            let mut line = Line { action: index, started: false, sender };
            let outcome = if self.is_over() {
                Outcome::Cancelled
            } else {
                // One action's bug is that action's.
                catch_unwind(AssertUnwindSafe(|| self.execute(action, &mut line)))
                    .unwrap_or_else(|panic| Outcome::Failed { error: ExecutionError::Bug(words(&*panic)) })
            };
            let fails = match &outcome {
                Outcome::Rejected { .. } => action.rejection == Rejection::Fails,
                Outcome::Failed { .. } => true,
                _ => false,
            };
            if fails {
                self.failed.store(true, Ordering::Relaxed);
            }
            if matches!(outcome, Outcome::Rejected { .. } | Outcome::Failed { .. }) {
                action.outputs.iter().for_each(|output| self.executor.outputs.remove(&output.file));
            }
            // Whoever started the run waits for all of them.
            let _ = sender.send(Message::Finished { action: index, started: line.started, outcome });
        }
    }

    fn is_over(&self) -> bool {
        self.cancel.is_cancelled()
            || (self.executor.options.on_failure == OnFailure::Stop && self.failed.load(Ordering::Relaxed))
    }

    fn execute(&self, action: &Action, line: &mut Line<'_>) -> Outcome {
        match self.attempt(action, line) {
            Err(Failure::Failed(ExecutionError::InputChanged(_))) => {
                // What was believed to be known of it was wrong, or somebody is writing to it now.
                self.executor.digests.forget(action.inputs.iter().map(|input| input.file.as_path()));
                outcome(self.attempt(action, line))
            }
            result => outcome(result),
        }
    }

    fn attempt(&self, action: &Action, line: &mut Line<'_>) -> Result<Outcome, Failure> {
        let prepared = self.preparer.prepare(action)?;
        for output in &action.outputs {
            self.executor.outputs.check_output(&output.file)?;
        }
        line.start();
        let (by, made) = self.spawn(&prepared)?;
        self.publish(&prepared, &made)?;
        Ok(Outcome::Ran { by, output: made.text })
    }

    fn spawn(&self, prepared: &Prepared<'_>) -> Result<(RanBy, Made), Failure> {
        let spawn = Spawn { prepared, cancel: self.cancel };
        match &prepared.tool {
            PreparedTool::Builtin(batch) => {
                builtin::run(&spawn, batch, self.engines).map(|made| (RanBy::Builtin, made))
            }
            PreparedTool::Program { .. } => Err(Failure::Failed(ExecutionError::NoStrategy {
                mnemonic: prepared.action.mnemonic,
                strategies: String::new(),
                reasons: String::new(),
            })),
        }
    }

    fn publish(&self, prepared: &Prepared<'_>, made: &Made) -> Result<(), Failure> {
        if self.cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let mode = prepared.inputs.first().map_or(0o644, |input| input.state.mode & 0o7777);
        for (output, bytes) in prepared.action.outputs.iter().zip(&made.outputs) {
            self.executor.outputs.publish(&output.file, bytes, mode)?;
        }
        Ok(())
    }
}

impl Line<'_> {
    /// Says that the action is being run.
    fn start(&mut self) {
        if !self.started {
            self.started = true;
            let _ = self.sender.send(Message::Started(self.action));
        }
    }
}

fn outcome(result: Result<Outcome, Failure>) -> Outcome {
    match result {
        Ok(outcome) => outcome,
        Err(Failure::Rejected(output)) => Outcome::Rejected { output },
        Err(Failure::Failed(error)) => Outcome::Failed { error },
        Err(Failure::Cancelled) => Outcome::Cancelled,
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(words), _) => (*words).to_owned(),
        (_, Some(words)) => words.clone(),
        _ => "a panic without words".to_owned(),
    }
}
