//! Giving up a build from another thread, or from a signal's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The wish that a build be given up. Clones are the same wish.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Nobody wishes so yet.
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// From now on no action starts, those that run are ended, and none is published. Can be said by anyone, any number of times.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether anyone said so.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
