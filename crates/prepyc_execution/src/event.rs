//! What whoever started a build hears while it runs.

use crate::outcome::Outcome;

/// Something happened. Events of one action come in order, those of different actions in any.
#[derive(Debug)]
pub enum Event<'a> {
    /// An action is being run: it was neither up to date nor in the cache.
    Started {
        /// Its place in the list.
        action: usize,
        /// All of them.
        progress: Progress,
    },
    /// An action is done, one way or another.
    Finished {
        /// Its place in the list.
        action: usize,
        /// How.
        outcome: &'a Outcome,
        /// All of them.
        progress: Progress,
    },
    /// Something is wrong that costs no action its outputs: the cache cannot be written to or has a damaged entry, the
    /// ledger is lost, a worker broke the protocol after its last answer.
    Warning(&'a str),
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many actions there are.
    pub total: usize,
    /// How many are being run.
    pub running: usize,
    /// How many are done, one way or another.
    pub finished: usize,
}
