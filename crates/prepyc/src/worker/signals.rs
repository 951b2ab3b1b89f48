//! SIGTERM and SIGINT: how Bazel, and people, end a process.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Calls `act` with the number of the first of the two signals, on a thread of its own; any further one does nothing.
pub(super) fn on_end(act: impl FnOnce(i32) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            act(signal);
        }
        // Dropping them would put nothing back, but keeping them says that later signals are ours as well.
        signals.forever().for_each(drop);
    })?;
    Ok(())
}
