//! Compiling by the target's own interpreters: a pool of processes that run `driver.py`.

mod frame;
mod pool;
mod process;
mod queue;

use std::time::Duration;

pub(crate) use pool::InterpreterPool;

/// What one interpreter may cost before it is given up.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long an interpreter may take to start and say what it is.
    pub start_time: Duration,
    /// How long it may take over one source.
    pub request_time: Duration,
    /// The largest answer, in bytes.
    pub response_bytes: usize,
    /// How many requests are sent to one process before the first is answered, so that it never waits.
    pub requests_in_flight: usize,
    /// How many bytes of source they may have together; one request always goes through.
    pub bytes_in_flight: usize,
    /// How many requests may wait for a process before `submit` blocks.
    pub waiting_requests: usize,
    /// How many bytes of source may wait before `submit` blocks; one request always goes through.
    pub waiting_bytes: usize,
}

impl Limits {
    /// Generous to any honest source, and final for all others.
    pub const STANDARD: Limits = Limits {
        start_time: Duration::from_secs(30),
        request_time: Duration::from_secs(120),
        response_bytes: 1 << 30,
        requests_in_flight: 8,
        bytes_in_flight: 4 << 20,
        waiting_requests: 64,
        waiting_bytes: 64 << 20,
    };
}
