//! All sources through the engine: threads that feed it, and outcomes handed on in the order of the sources.
//!
//! What waits for its turn are outcomes, never pycs: a file's bytes are gone once it is published.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use prepyc_engine::Target;

use super::file_task::{Begun, begin};
use super::outcome::FileOutcome;
use super::settings::Settings;
use crate::commands::discovery::SourceFile;
use crate::commands::interrupt::Interrupt;
use crate::commands::ordered::{End, Ordered, Results, ordered};
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
    pub(super) results: Results<FileOutcome>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Closed,
}

/// A run under way.
pub(super) struct Pipeline {
    shared: Arc<Shared>,
    outcomes: Ordered<FileOutcome>,
}

impl Shared {
    /// Does something that changes the disk, unless the run has been ended.
    pub(super) fn while_open<T>(&self, change: impl FnOnce() -> T) -> Option<T> {
        let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        (*gate == Gate::Open).then(change)
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
        let (results, outcomes) = ordered(sources.len());
        let feeders = settings.jobs.get().min(sources.len());
        let shared = Arc::new(Shared {
            settings,
            target,
            engine,
            sources,
            next: AtomicUsize::new(0),
            gate: RwLock::new(Gate::Open),
            results,
        });
        for _ in 0..feeders {
            let (shared, interrupt) = (Arc::clone(&shared), interrupt.clone());
            thread::spawn(move || feed(&shared, &interrupt));
        }
        Pipeline { shared, outcomes }
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
        let sources = &self.shared.sources;
        let end = self.outcomes.each(interrupt, |index, outcome| take(&sources[index], outcome));
        if !matches!(end, Ok(End::Complete)) {
            *self.shared.gate.write().unwrap_or_else(PoisonError::into_inner) = Gate::Closed;
            self.shared.engine.shut_down();
        }
        end
    }
}

/// Looks at one source after the other, and submits what is stale.
fn feed(shared: &Arc<Shared>, interrupt: &Interrupt) {
    let _guard = shared.results.guard();
    while !interrupt.is_set() {
        let index = shared.next.fetch_add(1, Ordering::Relaxed);
        if index >= shared.sources.len() {
            return;
        }
        let task = match begin(shared, index) {
            Begun::Done(outcome) => {
                shared.results.send(index, outcome);
                continue;
            }
            Begun::Compiling(task) => task,
        };
        let engine = match shared.engine.get() {
            Ok(engine) => engine,
            Err(error) => {
                shared.results.fail(error);
                return;
            }
        };
        for (position, request) in task.requests() {
            let task = Arc::clone(&task);
            engine.submit(request, move |result| task.arrive(position, result));
        }
    }
}
