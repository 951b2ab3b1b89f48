//! One run: threads that take actions one after another, and an action's way through ledger, cache and strategies.

use std::collections::HashMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use crate::action::{Action, ActionError, Rejection};
use crate::cancel::CancelToken;
use crate::digest::Digest;
use crate::disk_cache::{CachedResult, Lookup};
use crate::executor::Executor;
use crate::file_state::FileState;
use crate::ledger::{Entry, Recorded, Verdict};
use crate::options::OnFailure;
use crate::outcome::{ExecutionError, Outcome, RanBy};
use crate::prepare::{Prepared, PreparedTool, Preparer};
use crate::strategy::builtin::{self, Engines};
use crate::strategy::{Failure, Made, ProgramSpawn, Spawn};

/// What the threads of a run share.
pub(crate) struct Run<'a> {
    pub(crate) executor: &'a Executor,
    pub(crate) cancel: &'a CancelToken,
    pub(crate) engines: &'a Engines<'a>,
    pub(crate) preparer: Preparer<'a>,
    pub(crate) next: AtomicUsize,
    pub(crate) failed: AtomicBool,
    /// Actions with an output that an earlier one of the list has.
    pub(crate) second: HashMap<usize, PathBuf>,
    pub(crate) cache_failed: AtomicBool,
}

/// What a thread of a run tells the one that started it.
pub(crate) enum Message {
    Started(usize),
    /// Actions that had nothing to do, several at a time: telling of each would take longer than looking at it.
    UpToDate(Vec<usize>),
    Finished {
        action: usize,
        started: bool,
        outcome: Outcome,
    },
    Warning(String),
}

/// So many actions that had nothing to do are told of at once.
const TOLD_AT_ONCE: usize = 64;

/// An action's own line to whoever started the run.
struct Line<'a> {
    action: usize,
    started: bool,
    /// Actions of this thread that had nothing to do and that nobody was told of.
    up_to_date: &'a mut Vec<usize>,
    sender: &'a Sender<Message>,
}

impl Run<'_> {
    /// Takes actions until there are none.
    pub(crate) fn work(&self, actions: &[Action], sender: &Sender<Message>) {
        let mut up_to_date = Vec::new();
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let mut line = Line { action: index, started: false, up_to_date: &mut up_to_date, sender };
            let Some(action) = actions.get(index) else {
                line.tell_up_to_date();
                return;
            };
            let outcome = if self.is_over() {
                Outcome::Cancelled
            } else {
                // One action's bug is that action's.
                catch_unwind(AssertUnwindSafe(|| match self.second.get(&index) {
                    Some(path) => Outcome::Failed { error: ActionError::SharedOutput(path.clone()).into() },
                    None => self.execute(action, &mut line),
                }))
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
            if matches!(outcome, Outcome::Rejected { .. } | Outcome::Failed { .. })
                && !self.second.contains_key(&index)
            {
                action.outputs.iter().for_each(|output| self.executor.outputs.remove(&output.file));
            }
            if matches!(outcome, Outcome::Failed { .. }) && !self.second.contains_key(&index) {
                self.forget(action);
            }
            if matches!(outcome, Outcome::UpToDate) && !line.started {
                line.up_to_date.push(index);
                if line.up_to_date.len() >= TOLD_AT_ONCE {
                    line.tell_up_to_date();
                }
                continue;
            }
            line.tell_up_to_date();
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
            self.executor.outputs.check_folder(&output.file)?;
        }
        let files = action.outputs.iter().map(|output| output.file.as_path());
        let verdict = {
            let ledger = self.executor.ledger.read().unwrap_or_else(PoisonError::into_inner);
            ledger.judge(prepared.key, files)
        };
        match verdict {
            Verdict::UpToDate => return Ok(Outcome::UpToDate),
            Verdict::Rejected(text) => return Err(Failure::Rejected(text)),
            Verdict::Unknown => {}
        }
        for output in &action.outputs {
            self.executor.outputs.check_output(&output.file)?;
        }
        if let Some(made) = self.look_up(&prepared, line) {
            self.publish(&prepared, &made)?;
            return Ok(Outcome::FromCache { output: made.text });
        }
        line.start();
        let (by, made) = self.spawn(&prepared)?;
        self.publish(&prepared, &made)?;
        self.keep(&prepared, &made, line);
        Ok(Outcome::Ran { by, output: made.text })
    }

    /// What the disk cache has.
    fn look_up(&self, prepared: &Prepared<'_>, line: &Line<'_>) -> Option<Made> {
        let cache = self.executor.cache.as_ref().filter(|_| prepared.tool.may_be_cached())?;
        match cache.get(prepared.key, &prepared.output_names()) {
            Lookup::Hit(CachedResult { outputs, text }) => Some(Made { outputs, text }),
            Lookup::Miss => None,
            Lookup::Damaged(what) => {
                line.say(Message::Warning(what));
                None
            }
        }
    }

    /// Keeps what was made in the disk cache. That this fails is told once: it will again.
    fn keep(&self, prepared: &Prepared<'_>, made: &Made, line: &Line<'_>) {
        let Some(cache) = &self.executor.cache else { return };
        if !prepared.tool.may_be_cached() {
            return;
        }
        if let Err(error) = cache.put(prepared.key, &prepared.output_names(), &made.outputs, &made.text)
            && !self.cache_failed.swap(true, Ordering::Relaxed)
        {
            let root = cache.root().display();
            line.say(Message::Warning(format!("{root}: the disk cache cannot be written to: {error}")));
        }
    }

    /// Notes how an action's outputs were left.
    fn note(&self, prepared: &Prepared<'_>, result: impl Fn(usize) -> Option<Recorded>) {
        let mut ledger = self.executor.ledger.write().unwrap_or_else(PoisonError::into_inner);
        for (place, output) in prepared.action.outputs.iter().enumerate() {
            match result(place) {
                Some(result) => ledger.note(&output.file, Entry { key: prepared.key, result }),
                None => drop(ledger.forget(&output.file)),
            }
        }
        self.executor.unsaved.store(true, Ordering::Relaxed);
    }

    fn forget(&self, action: &Action) {
        let mut ledger = self.executor.ledger.write().unwrap_or_else(PoisonError::into_inner);
        for output in &action.outputs {
            if ledger.forget(&output.file) {
                self.executor.unsaved.store(true, Ordering::Relaxed);
            }
        }
    }

    fn spawn(&self, prepared: &Prepared<'_>) -> Result<(RanBy, Made), Failure> {
        let spawn = Spawn { prepared, cancel: self.cancel };
        match &prepared.tool {
            PreparedTool::Builtin(batch) => {
                let made = builtin::run(&spawn, batch, self.engines).inspect_err(|failure| {
                    // Of what is compiled here it is known that it would be rejected again.
                    if let Failure::Rejected(text) = failure {
                        self.note(prepared, |_| Some(Recorded::Rejected { text: text.clone() }));
                    }
                })?;
                Ok((RanBy::Builtin, made))
            }
            PreparedTool::Program { program, files } => {
                let options = &self.executor.options;
                let programs = self.executor.programs.get(&options.state)?;
                let spawn = ProgramSpawn {
                    prepared,
                    cancel: self.cancel,
                    program,
                    tool: files,
                    limits: &options.limits,
                    guardian: programs.guardian(),
                };
                let (kind, made) = programs.run(&spawn, options)?;
                Ok((RanBy::Strategy(kind), made))
            }
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
        let outputs = &prepared.action.outputs;
        let states: Vec<_> = outputs.iter().map(|output| fs::symlink_metadata(&output.file).ok()).collect();
        self.note(prepared, |place| {
            let state = FileState::of(states[place].as_ref()?);
            Some(Recorded::Made { digest: Digest::of(&made.outputs[place]), state })
        });
        Ok(())
    }
}

impl Line<'_> {
    fn say(&self, message: Message) {
        // Whoever started the run hears its threads to their end.
        let _ = self.sender.send(message);
    }

    /// Says that the action is being run.
    fn start(&mut self) {
        if !self.started {
            self.started = true;
            self.tell_up_to_date();
            self.say(Message::Started(self.action));
        }
    }

    /// Tells of the actions that had nothing to do.
    fn tell_up_to_date(&mut self) {
        if !self.up_to_date.is_empty() {
            let actions = std::mem::take(self.up_to_date);
            self.say(Message::UpToDate(actions));
        }
    }
}

/// The actions that make a file which an earlier one makes, and that file.
pub(crate) fn second_makers(actions: &[Action]) -> HashMap<usize, PathBuf> {
    let mut makers = HashMap::with_capacity(actions.len());
    let mut second = HashMap::new();
    for (index, action) in actions.iter().enumerate() {
        for output in &action.outputs {
            if *makers.entry(output.file.as_os_str()).or_insert(index) != index {
                second.insert(index, output.file.clone());
            }
        }
    }
    second
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
