//! Results that arrive in any order from many threads, handed on in the order of what they are results of.
//!
//! The channel is bounded: where nobody reads our output, the threads wait, instead of results piling up.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;

use anyhow::anyhow;

use super::interrupt::{INTERRUPT_POLL, Interrupt};

/// How many results may wait to be received.
const CAPACITY: usize = 256;

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
    sender: SyncSender<anyhow::Result<(usize, R)>>,
}

/// Where the results come out.
#[derive(Debug)]
pub(crate) struct Ordered<R> {
    receiver: Receiver<anyhow::Result<(usize, R)>>,
    /// Keeps the channel open, so that waiting ends by a result or a signal alone.
    _sender: Results<R>,
}

/// Both ends.
pub(crate) fn ordered<R>() -> (Results<R>, Ordered<R>) {
    let (sender, receiver) = sync_channel(CAPACITY);
    let results = Results { sender };
    (results.clone(), Ordered { receiver, _sender: results })
}

impl<R> Clone for Results<R> {
    fn clone(&self) -> Results<R> {
        Results { sender: self.sender.clone() }
    }
}

impl<R> Results<R> {
    /// The result for the thing with this index. After the end of the run nobody takes it.
    pub(crate) fn send(&self, index: usize, result: R) {
        let _ = self.sender.send(Ok((index, result)));
    }

    /// Not all results will come: the run ends with this error.
    pub(crate) fn fail(&self, error: anyhow::Error) {
        let _ = self.sender.send(Err(error));
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
    /// Hands results 0 to `count - 1` to `take`, in this order, until all are through or a signal comes.
    ///
    /// # Errors
    /// What [`Results::fail`] was told, or what `take` fails with.
    pub(crate) fn each(
        &self,
        count: usize,
        interrupt: &Interrupt,
        mut take: impl FnMut(usize, R) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let mut waiting = BTreeMap::new();
        for wanted in 0..count {
            let result = loop {
                if let Some(result) = waiting.remove(&wanted) {
                    break result;
                }
                match self.receiver.recv_timeout(INTERRUPT_POLL) {
                    Ok(arrived) => {
                        let (index, result) = arrived?;
                        waiting.insert(index, result);
                    }
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
                }
                if interrupt.is_set() {
                    return Ok(End::Interrupted);
                }
            };
            take(wanted, result)?;
        }
        Ok(End::Complete)
    }
}
