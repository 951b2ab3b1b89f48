//! The exit codes, in one place: what the process says about the whole run.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Everything asked for is done.
    Done,
    /// The run went through, but some source was rejected, failed or is stale.
    Failed,
    /// The run could not be made: usage or environment.
    Unusable,
    /// A signal ended the run; nothing is half written.
    Interrupted {
        /// The number of the signal.
        signal: i32,
    },
    /// Whoever read our standard output has gone.
    BrokenPipe,
}

/// What is added to a signal's number, as shells do.
const SIGNAL_BASE: i32 = 128;
/// The code a shell shows for a process ended by SIGPIPE.
const BROKEN_PIPE: u8 = 141;

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status.code())
    }
}

impl ExitStatus {
    /// The number handed to the operating system.
    pub(crate) fn code(self) -> u8 {
        match self {
            ExitStatus::Done => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Unusable => 2,
            ExitStatus::Interrupted { signal } => u8::try_from(SIGNAL_BASE + signal).unwrap_or(u8::MAX),
            ExitStatus::BrokenPipe => BROKEN_PIPE,
        }
    }
}
