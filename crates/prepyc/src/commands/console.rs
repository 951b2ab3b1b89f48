//! Standard output and standard error, written to through here alone, and the progress bar that must not mix with them.
//!
//! Results go to standard output, diagnostics and progress to standard error. A reader of standard output that has
//! gone away (`prepyc … | head`) ends the run quietly.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a progress bar is redrawn while nothing happens.
const STEADY_TICK: Duration = Duration::from_millis(200);

/// Both streams of the process, and the progress bar where there is one.
#[derive(Debug)]
pub(crate) struct Console {
    bar: Option<ProgressBar>,
}

impl Console {
    /// A console without a progress bar.
    pub(crate) fn new() -> Console {
        Console { bar: None }
    }

    /// Shows a progress bar of `length` files, provided that standard error is a terminal.
    pub(crate) fn start_progress(&mut self, length: u64) {
        if !io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(STEADY_TICK);
        self.bar = Some(bar);
    }

    /// One more file is done.
    pub(crate) fn advance_progress(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Takes the progress bar away.
    pub(crate) fn stop_progress(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Writes bytes to standard output.
    pub(crate) fn out_bytes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        self.beside_progress(|| io::stdout().lock().write_all(bytes))?;
        Ok(())
    }

    /// Writes a line to standard output.
    pub(crate) fn out_line(&self, line: &str) -> anyhow::Result<()> {
        self.beside_progress(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(line.as_bytes())?;
            stdout.write_all(b"\n")
        })?;
        Ok(())
    }

    /// Writes a line to standard error. Where that is gone there is nobody left to tell.
    pub(crate) fn err_line(&self, line: &str) {
        let _ = self.beside_progress(|| {
            let mut stderr = io::stderr().lock();
            stderr.write_all(line.as_bytes())?;
            stderr.write_all(b"\n")
        });
    }

    /// Writes an error and its causes to standard error, as one line.
    pub(crate) fn error_chain(&self, error: &anyhow::Error) {
        self.err_line(&format!("error: {error:#}"));
    }

    /// Flushes standard output and takes the progress bar away.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        self.stop_progress();
        io::stdout().lock().flush()?;
        Ok(())
    }

    fn beside_progress(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// Whether the reader of our standard output has gone.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
