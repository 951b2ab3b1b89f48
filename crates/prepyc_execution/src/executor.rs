//! The executor: what outlives a run, and the thread that a run is told on.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;

use crate::action::Action;
use crate::cancel::CancelToken;
use crate::disk_cache::DiskCache;
use crate::event::{Event, Progress};
use crate::file_state::FileDigests;
use crate::ledger::Ledger;
use crate::options::ExecutorOptions;
use crate::outcome::Outcome;
use crate::outputs::OutputRoot;
use crate::prepare::Preparer;
use crate::run::{Message, Run, second_makers};
use crate::strategy::LazyPrograms;
use crate::strategy::builtin::{Engines, FoundEngines};

/// Of outputs that the ledger knows: so many more than a run is about, and it looks for some that are gone.
const PRUNE_ABOVE: usize = 1000;

/// Runs actions. What it starts (workers, engines) it keeps for the next run, until it is dropped.
pub struct Executor {
    pub(crate) options: ExecutorOptions,
    pub(crate) outputs: OutputRoot,
    pub(crate) digests: FileDigests,
    pub(crate) cache: Option<DiskCache>,
    pub(crate) ledger: RwLock<Ledger>,
    /// Whether the ledger holds what its file does not.
    pub(crate) unsaved: AtomicBool,
    /// What is to be told on the next run.
    warning: Mutex<Option<String>>,
    engines: FoundEngines,
    pub(crate) programs: LazyPrograms,
}

impl Executor {
    /// An executor that has started nothing yet. It reads the ledger of the last build.
    pub fn new(options: ExecutorOptions) -> Executor {
        let outputs = OutputRoot::new(options.output_root.clone());
        let (ledger, digests, warning) = Ledger::load(&ledger_path(&options));
        Executor {
            outputs,
            digests,
            cache: options.disk_cache.clone().map(DiskCache::new),
            ledger: RwLock::new(ledger),
            unsaved: AtomicBool::new(false),
            warning: Mutex::new(warning),
            engines: FoundEngines::default(),
            programs: LazyPrograms::default(),
            options,
        }
    }

    /// Runs actions, several at once, and says what became of each, in their order.
    ///
    /// Outputs that are made again are replaced, also by the same bytes, as Bazel does.
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
            second: second_makers(actions),
            cache_failed: AtomicBool::new(false),
        };
        if let Some(text) = self.warning.lock().unwrap_or_else(PoisonError::into_inner).take() {
            on_event(Event::Warning(&text));
        }
        let (sender, receiver) = mpsc::channel();
        let outcomes = thread::scope(|scope| {
            for _ in 0..self.options.jobs.get().min(actions.len()) {
                let (run, sender) = (&run, sender.clone());
                scope.spawn(move || run.work(actions, &sender));
            }
            drop(sender);
            gather(&receiver, actions.len(), on_event)
        });
        self.programs.complaints().iter().for_each(|text| on_event(Event::Warning(text)));
        self.save(actions.len(), on_event);
        outcomes
    }

    /// Writes down what is known now, if that is more than was.
    fn save(&self, actions: usize, on_event: &mut dyn FnMut(Event<'_>)) {
        let unsaved = self.unsaved.swap(false, Ordering::Relaxed) | self.digests.take_changed();
        if !unsaved {
            return;
        }
        let mut ledger = self.ledger.write().unwrap_or_else(PoisonError::into_inner);
        if ledger.len() > 2 * actions + PRUNE_ABOVE {
            ledger.prune(&self.digests);
        }
        let path = ledger_path(&self.options);
        if let Err(error) = ledger.save(&path, &self.digests) {
            let text = format!(
                "{}: cannot be written, so the next build makes everything again: {error}",
                path.display()
            );
            on_event(Event::Warning(&text));
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.programs.close(&self.options.limits);
    }
}

fn ledger_path(options: &ExecutorOptions) -> PathBuf {
    options.state.join("ledger")
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
            Message::UpToDate(actions) => {
                for action in actions {
                    progress.finished += 1;
                    on_event(Event::Finished { action, outcome: &Outcome::UpToDate, progress });
                    outcomes[action] = Outcome::UpToDate;
                }
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
