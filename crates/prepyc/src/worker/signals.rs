//! SIGTERM and SIGINT: how Bazel, and people, end a process.

use std::io;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Calls `act` with the number of the first of the two signals, on a thread of its own; any further one does nothing.
pub(super) fn on_end(act: impl FnOnce(i32) + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut act = Some(act);
        for signal in signals.forever() {
            if let Some(act) = act.take() {
                act(signal);
            }
        }
    })?;
    Ok(())
}
