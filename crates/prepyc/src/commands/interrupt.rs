//! Ctrl-C and its relatives: the first asks the run to stop where nothing is half done, the second ends it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::ExitStatus;

/// How often whoever waits for something else looks whether a signal has come.
pub(crate) const INTERRUPT_POLL: Duration = Duration::from_millis(50);

/// Whether the run has been asked to stop, and by which signal.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    /// The signal's number, 0 while there was none.
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Starts listening for SIGINT, SIGTERM and SIGHUP.
    pub(crate) fn install() -> anyhow::Result<Interrupt> {
        let signal = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let as_usize = usize::try_from(number).context("signal numbers are positive")?;
            let code = i32::from(ExitStatus::Interrupted { signal: number }.code());
            // The order matters: on the second signal `seen` is already set, so the process ends.
            signal_hook::flag::register_conditional_shutdown(number, code, Arc::clone(&seen))
                .and_then(|_| signal_hook::flag::register(number, Arc::clone(&seen)))
                .and_then(|_| signal_hook::flag::register_usize(number, Arc::clone(&signal), as_usize))
                .context("cannot listen for signals")?;
        }
        Ok(Interrupt { signal })
    }

    /// The exit status of an interrupted run; `None` while nothing asked it to stop.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            number => Some(ExitStatus::Interrupted { signal: i32::try_from(number).unwrap_or(i32::MAX) }),
        }
    }

    /// Whether the run has been asked to stop.
    pub(crate) fn is_set(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }
}
