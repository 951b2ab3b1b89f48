//! The executor: what outlives a run, and the thread that a run is told on.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::action::Action;
use crate::cancel::CancelToken;
use crate::event::{Event, Progress};
use crate::file_state::FileDigests;
use crate::options::ExecutorOptions;
use crate::outcome::Outcome;
use crate::outputs::OutputRoot;
use crate::prepare::Preparer;
use crate::run::{Message, Run};
use crate::strategy::builtin::{Engines, FoundEngines};

/// Runs actions. What it starts (workers, engines) it keeps for the next run, until it is dropped.
pub struct Executor {
    pub(crate) options: ExecutorOptions,
    pub(crate) outputs: OutputRoot,
    pub(crate) digests: FileDigests,
    engines: FoundEngines,
}

impl Executor {
    /// An executor that has started nothing yet.
    pub fn new(options: ExecutorOptions) -> Executor {
        let outputs = OutputRoot::new(options.output_root.clone());
        Executor { options, outputs, digests: FileDigests::default(), engines: FoundEngines::default() }
    }

    /// Runs actions, several at once, and says what became of each, in their order.
    ///
    /// `on_event` is called on the calling thread. Returns when nothing of it runs any more; once cancelled, soon.
    pub fn run(
        &self,
        actions: &[Action],
        cancel: &CancelToken,
        on_event: &mut dyn FnMut(Event<'_>),
    ) -> Vec<Outcome> {
        let engines = Engines::new(&*self.options.engines, &self.engines);
        let run = Run {
            executor: self,
            cancel,
            engines: &engines,
            preparer: Preparer::new(&self.options.output_root, &self.digests, &engines),
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        };
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.options.jobs.get().min(actions.len()) {
                let (run, sender) = (&run, sender.clone());
                scope.spawn(move || run.work(actions, &sender));
            }
            drop(sender);
            gather(&receiver, actions.len(), on_event)
        })
    }
}

/// Hears the threads of a run to their end.
fn gather(receiver: &Receiver<Message>, total: usize, on_event: &mut dyn FnMut(Event<'_>)) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = vec![Outcome::Cancelled; total];
    let mut progress = Progress { total, ..Progress::default() };
    for message in receiver {
        match message {
            Message::Started(action) => {
                progress.running += 1;
                on_event(Event::Started { action, progress });
            }
            Message::Warning(text) => on_event(Event::Warning(&text)),
            Message::Finished { action, started, outcome } => {
                progress.running -= usize::from(started);
                progress.finished += 1;
                on_event(Event::Finished { action, outcome: &outcome, progress });
                outcomes[action] = outcome;
            }
        }
    }
    outcomes
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("options", &self.options).finish_non_exhaustive()
    }
}
