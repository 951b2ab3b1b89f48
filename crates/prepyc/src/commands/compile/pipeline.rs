//! All sources through the engine: threads that feed it, and outcomes handed on in the order of the sources.
//!
//! What waits for its turn are outcomes, never pycs: a file's bytes are gone once it is published.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use anyhow::anyhow;
use prepyc_engine::Target;

use super::file_task::{Begun, begin};
use super::outcome::FileOutcome;
use super::settings::Settings;
use crate::commands::discovery::SourceFile;
use crate::commands::interrupt::{INTERRUPT_POLL, Interrupt};
use crate::commands::target::LazyEngine;

/// What all threads of a run know.
pub(super) struct Shared {
    pub(super) settings: Arc<Settings>,
    pub(super) target: Target,
    pub(super) engine: Arc<LazyEngine>,
    pub(super) sources: Vec<SourceFile>,
    /// The next source to be looked at.
    next: AtomicUsize,
    /// Whether files may still be published. Publishing holds it for reading, closing waits for that.
    gate: RwLock<Gate>,
    results: Sender<Message>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Closed,
}

/// What the receiver is told.
enum Message {
    /// A file is done.
    Outcome(usize, FileOutcome),
    /// The engine cannot be started, or a thread has panicked; not all outcomes will come.
    NoEngine(anyhow::Error),
}

/// A run under way.
pub(super) struct Pipeline {
    shared: Arc<Shared>,
    results: Receiver<Message>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All sources are through.
    Complete,
    /// A signal came; nothing is written any more.
    Interrupted,
}

/// Tells the receiver when a thread panics, since it would wait for that thread's file for ever.
pub(super) struct PanicGuard<'a>(pub(super) &'a Shared);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let error = anyhow!("a bug in prepyc ended the run; the message above says where");
            let _ = self.0.results.send(Message::NoEngine(error));
        }
    }
}

impl Shared {
    /// Does something that changes the disk, unless the run has been ended.
    pub(super) fn while_open<T>(&self, change: impl FnOnce() -> T) -> Option<T> {
        let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        (*gate == Gate::Open).then(change)
    }

    /// Hands an outcome to the receiver; after the end of the run there is none.
    pub(super) fn report(&self, index: usize, outcome: FileOutcome) {
        let _ = self.results.send(Message::Outcome(index, outcome));
    }
}

impl Pipeline {
    /// Starts working on the sources.
    pub(super) fn start(
        settings: Arc<Settings>,
        target: Target,
        engine: Arc<LazyEngine>,
        sources: Vec<SourceFile>,
        interrupt: &Interrupt,
    ) -> Pipeline {
        let (sender, results) = channel();
        let feeders = settings.jobs.get().min(sources.len());
        let shared = Arc::new(Shared {
            settings,
            target,
            engine,
            sources,
            next: AtomicUsize::new(0),
            gate: RwLock::new(Gate::Open),
            results: sender,
        });
        for _ in 0..feeders {
            let (shared, interrupt) = (Arc::clone(&shared), interrupt.clone());
            thread::spawn(move || feed(&shared, &interrupt));
        }
        Pipeline { shared, results }
    }

    /// Hands each outcome to `take`, in the order of the sources, until all are through or a signal comes.
    ///
    /// # Errors
    /// The engine cannot be started, or `take` fails; nothing is written any more then.
    pub(super) fn each(
        &self,
        interrupt: &Interrupt,
        mut take: impl FnMut(&SourceFile, FileOutcome) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let end = self.receive(interrupt, &mut take);
        if !matches!(end, Ok(End::Complete)) {
            *self.shared.gate.write().unwrap_or_else(PoisonError::into_inner) = Gate::Closed;
        }
        end
    }

    fn receive(
        &self,
        interrupt: &Interrupt,
        take: &mut impl FnMut(&SourceFile, FileOutcome) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let mut waiting = BTreeMap::new();
        for (index, source) in self.shared.sources.iter().enumerate() {
            let outcome = loop {
                if let Some(outcome) = waiting.remove(&index) {
                    break outcome;
                }
                match self.results.recv_timeout(INTERRUPT_POLL) {
                    Ok(Message::Outcome(index, outcome)) => {
                        waiting.insert(index, outcome);
                    }
                    Ok(Message::NoEngine(error)) => return Err(error),
                    // `shared` holds a sender, so it is never disconnected.
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
                }
                if interrupt.is_set() {
                    return Ok(End::Interrupted);
                }
            };
            take(source, outcome)?;
        }
        Ok(End::Complete)
    }
}

/// Looks at one source after the other, and submits what is stale.
fn feed(shared: &Arc<Shared>, interrupt: &Interrupt) {
    let _guard = PanicGuard(shared);
    while !interrupt.is_set() {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        if index >= shared.sources.len() {
            return;
        }
        let task = match begin(shared, index) {
            Begun::Done(outcome) => {
                shared.report(index, outcome);
                continue;
            }
            Begun::Compiling(task) => task,
        };
        let engine = match shared.engine.get() {
            Ok(engine) => engine,
            Err(error) => {
                let _ = shared.results.send(Message::NoEngine(error));
                return;
            }
        };
        for (position, request) in task.requests() {
            let task = Arc::clone(&task);
            engine.submit(request, move |result| task.arrive(position, result));
        }
    }
}
