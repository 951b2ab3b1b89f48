//! Results that arrive in any order from many threads, handed on in the order of what they are results of.
//!
//! Whoever takes them is woken once for many results, not for each. They wait in a bounded place: where nobody reads our
//! output, the threads wait too, instead of results piling up.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::anyhow;

use super::interrupt::{INTERRUPT_POLL, Interrupt};

/// How many results may wait to be taken.
const CAPACITY: usize = 256;
/// So many are worth waking somebody; fewer are taken after [`INTERRUPT_POLL`], or when the last one is there.
const WORTH_WAKING: usize = 64;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All results are through.
    Complete,
    /// A signal came first.
    Interrupted,
}

/// Where the threads put their results.
#[derive(Debug)]
pub(crate) struct Results<R> {
    inbox: Arc<Inbox<R>>,
}

/// Where the results come out.
#[derive(Debug)]
pub(crate) struct Ordered<R> {
    inbox: Arc<Inbox<R>>,
}

#[derive(Debug)]
struct Inbox<R> {
    /// How many results there will be.
    count: usize,
    state: Mutex<State<R>>,
    /// Enough to be taken, or the end.
    worth_taking: Condvar,
    /// Room for results, or nobody to take them.
    room: Condvar,
}

#[derive(Debug)]
struct State<R> {
    arrived: Vec<(usize, R)>,
    /// How many have ever arrived.
    total: usize,
    failure: Option<anyhow::Error>,
    taker: Taker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taker {
    There,
    Gone,
}

/// Both ends, for `count` results.
pub(crate) fn ordered<R>(count: usize) -> (Results<R>, Ordered<R>) {
    let state = State { arrived: Vec::new(), total: 0, failure: None, taker: Taker::There };
    let inbox = Inbox { count, state: Mutex::new(state), worth_taking: Condvar::new(), room: Condvar::new() };
    let inbox = Arc::new(inbox);
    (Results { inbox: Arc::clone(&inbox) }, Ordered { inbox })
}

impl<R> Inbox<R> {
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Clone for Results<R> {
    fn clone(&self) -> Results<R> {
        Results { inbox: Arc::clone(&self.inbox) }
    }
}

impl<R> Results<R> {
    /// The result for the thing with this index. After the end of the run nobody takes it.
    pub(crate) fn send(&self, index: usize, result: R) {
        let mut state = self.inbox.lock();
        while state.arrived.len() >= CAPACITY && state.taker == Taker::There {
            state = self.inbox.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.arrived.push((index, result));
        state.total += 1;
        let is_worth_taking = state.arrived.len() == WORTH_WAKING || state.total == self.inbox.count;
        drop(state);
        if is_worth_taking {
            self.inbox.worth_taking.notify_one();
        }
    }

    /// Not all results will come: the run ends with this error.
    pub(crate) fn fail(&self, error: anyhow::Error) {
        self.inbox.lock().failure.get_or_insert(error);
        self.inbox.worth_taking.notify_one();
    }

    /// Ends the run if the calling thread panics before the guard is dropped: nobody else would tell.
    pub(crate) fn guard(&self) -> PanicGuard<R> {
        PanicGuard(self.clone())
    }
}

/// See [`Results::guard`].
pub(crate) struct PanicGuard<R>(Results<R>);

impl<R> Drop for PanicGuard<R> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(anyhow!("a bug in prepyc ended the run; the message above says where"));
        }
    }
}

impl<R> Ordered<R> {
    /// Hands all results to `take`, in the order of their indices from 0 on, until all are through or a signal comes.
    ///
    /// # Errors
    /// What [`Results::fail`] was told, or what `take` fails with.
    pub(crate) fn each(
        &self,
        interrupt: &Interrupt,
        mut take: impl FnMut(usize, R) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let mut waiting = BTreeMap::new();
        let mut wanted = 0;
        while wanted < self.inbox.count {
            waiting.extend(self.arrivals()?);
            if interrupt.is_set() {
                return Ok(End::Interrupted);
            }
            while let Some(result) = waiting.remove(&wanted) {
                take(wanted, result)?;
                wanted += 1;
                if interrupt.is_set() {
                    return Ok(End::Interrupted);
                }
            }
        }
        Ok(End::Complete)
    }

    /// What has arrived, after waiting for enough of it, or for a moment.
    fn arrivals(&self) -> anyhow::Result<Vec<(usize, R)>> {
        let state = self.inbox.lock();
        let is_too_little = |state: &mut State<R>| {
            state.arrived.len() < WORTH_WAKING && state.total < self.inbox.count && state.failure.is_none()
        };
        let waited = self.inbox.worth_taking.wait_timeout_while(state, INTERRUPT_POLL, is_too_little);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.failure.take() {
            return Err(error);
        }
        let arrived = std::mem::take(&mut state.arrived);
        drop(state);
        if arrived.len() >= CAPACITY {
            self.inbox.room.notify_all();
        }
        Ok(arrived)
    }
}

impl<R> Drop for Ordered<R> {
    fn drop(&mut self) {
        self.inbox.lock().taker = Taker::Gone;
        self.inbox.room.notify_all();
    }
}
