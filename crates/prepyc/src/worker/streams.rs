//! The standard streams of a persistent worker.
//!
//! Bazel reads responses from standard output, and one stray byte there ends the build. So both streams of the
//! protocol are taken away under private descriptors, which no child inherits; standard output then leads to the log
//! (standard error), and standard input is empty, whoever reads or writes them.

use std::fs::File;
use std::io::{self, BufReader};

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio;

/// How much is read of the requests at once, in bytes: what a pipe holds.
const BUFFER_BYTES: usize = 64 << 10;

/// The streams that carry the protocol.
pub(super) struct ProtocolStreams {
    pub(super) requests: BufReader<File>,
    pub(super) responses: File,
}

/// Takes the protocol's streams away from everyone else. To be called before any thread or child is started.
pub(super) fn reserve() -> io::Result<ProtocolStreams> {
    const FIRST_PRIVATE: i32 = 3;
    let requests = fcntl_dupfd_cloexec(stdio::stdin(), FIRST_PRIVATE)?;
    let responses = fcntl_dupfd_cloexec(stdio::stdout(), FIRST_PRIVATE)?;
    stdio::dup2_stdout(stdio::stderr())?;
    stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(ProtocolStreams {
        requests: BufReader::with_capacity(BUFFER_BYTES, File::from(requests)),
        responses: File::from(responses),
    })
}
