//! One interpreter process: starting it, reading what it answers, ending it.
//!
//! Its stdin and stdout are one end of a socket pair. A socket, unlike a pipe, can be shut down from any thread:
//! that wakes whoever waits to read from or write to it, even if a grandchild still holds the other end. It also
//! has a read timeout. The process leads a group of its own, so that a wrapper script's children end with it.
//! If prepyc itself is killed, the process reads the end of its input after the source at hand, and leaves.

use std::collections::VecDeque;
use std::env;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::Limits;
use super::frame::{self, Garbage, HELLO_MARK, Head, Kind, RESPONSE_HEAD};
use crate::{EngineError, Target};

/// The program the interpreter runs.
const DRIVER: &str = include_str!("driver.py");

/// Understood by every CPython from 3.8 on. Not `-E` nor `-I`: they would ignore PYTHONHASHSEED too.
const FLAGS: [&str; 6] = ["-S", "-s", "-B", "-X", "utf8", "-c"];

/// What may be printed before the hello, in bytes.
const MAX_PREAMBLE: usize = 64 << 10;
/// What is kept of stderr, in bytes.
const STDERR_TAIL: usize = 2 << 10;
/// How many of its last lines are shown.
const STDERR_LINES: usize = 8;
/// How long a process that closed its stdout may take to end by itself, so that we can say how.
const END_TIME: Duration = Duration::from_secs(2);
/// How long the last words on stderr are waited for: a grandchild may hold it open.
const STDERR_TIME: Duration = Duration::from_millis(200);

/// A running interpreter.
pub(super) struct Process {
    executable: PathBuf,
    child: Mutex<ChildState>,
    stream: UnixStream,
    stderr: Arc<Mutex<VecDeque<u8>>>,
    stderr_ended: Mutex<Receiver<()>>,
}

/// The end of stderr, and a channel that closes when it has ended.
type Tail = (Arc<Mutex<VecDeque<u8>>>, Receiver<()>);

struct ChildState {
    child: Child,
    ended: Option<ExitStatus>,
}

/// Why no (further) response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFailure {
    /// The process ended or closed its stdout.
    Ended,
    /// The deadline passed.
    TimedOut,
    /// What came is no response.
    Garbage,
    /// A response larger than [`Limits::response_bytes`].
    Oversized(usize),
}

/// Reads responses, each by a deadline.
pub(super) struct ResponseReader {
    stream: UnixStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How long to wait at most where no deadline is set yet; one may be set meanwhile.
    patience: Duration,
    max_bytes: usize,
}

impl Process {
    /// Starts an interpreter. `executable` is a path.
    pub(super) fn spawn(executable: &Path) -> Result<Process, EngineError> {
        let failed = |error: io::Error| EngineError::Start {
            executable: executable.to_owned(),
            reason: error.to_string(),
        };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let stdin = OwnedFd::from(theirs.try_clone().map_err(failed)?);
        let mut command = Command::new(executable);
        command.args(FLAGS).arg(DRIVER);
        clean_environment(&mut command);
        command
            .stdin(Stdio::from(stdin))
            .stdout(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().map_err(failed)?;
        // The command holds our copies of its end: without dropping them the end of its output would not be seen.
        drop(command);
        let (stderr, stderr_ended) = match keep_tail(child.stderr.take()) {
            Ok(tail) => tail,
            Err(error) => {
                let _ = child.kill().and_then(|()| child.wait());
                return Err(failed(error));
            }
        };
        Ok(Process {
            executable: executable.to_owned(),
            child: Mutex::new(ChildState { child, ended: None }),
            stream: ours,
            stderr,
            stderr_ended: Mutex::new(stderr_ended),
        })
    }

    /// Waits until the process has said what it is. On failure the process has ended.
    pub(super) fn greet(&self, limits: &Limits) -> Result<(ResponseReader, Target), EngineError> {
        let outcome = self.reader(limits).map_err(|_| ReadFailure::Ended).and_then(|mut reader| {
            let deadline = Instant::now() + limits.start_time;
            reader.skip_preamble(deadline)?;
            let (head, body) = reader.response(|| Some(deadline))?;
            if head.sequence != 0 || head.kind != Kind::Hello {
                return Err(ReadFailure::Garbage);
            }
            let target =
                frame::decode_hello(&body, &self.executable).map_err(|Garbage| ReadFailure::Garbage)?;
            Ok((reader, target))
        });
        match outcome {
            Ok((reader, Ok(target))) => Ok((reader, target)),
            Ok((_, Err(error))) => {
                self.end();
                Err(error.into())
            }
            Err(failure) => {
                let reason = match failure {
                    ReadFailure::TimedOut => {
                        let ending = self.end();
                        format!(
                            "it did not start within {} s{}",
                            limits.start_time.as_secs_f32(),
                            ending.stderr
                        )
                    }
                    failure => self.explain(failure, limits),
                };
                Err(EngineError::Start { executable: self.executable.clone(), reason })
            }
        }
    }

    fn reader(&self, limits: &Limits) -> io::Result<ResponseReader> {
        Ok(ResponseReader {
            stream: self.stream.try_clone()?,
            buffer: vec![0; 256 << 10],
            start: 0,
            end: 0,
            patience: limits.request_time,
            max_bytes: limits.response_bytes,
        })
    }

    /// Writes to its input, waiting while it does not read.
    pub(super) fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // Without the flag a dead process would cost us our life, where SIGPIPE has its default.
            match send(&self.stream, bytes, SendFlags::NOSIGNAL) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// What was started.
    pub(super) fn executable(&self) -> &Path {
        &self.executable
    }

    /// Kills the process and whatever it started, without waiting for it to be gone.
    pub(super) fn kill(&self) {
        let state = self.lock();
        if state.ended.is_none() {
            // Not yet waited for: neither its id nor its group's can have been given to another.
            let _ = kill_process_group(Pid::from_child(&state.child), Signal::KILL);
        }
        drop(state);
        self.hang_up();
    }

    /// Wakes whoever reads from or writes to the process, and ends its input; it may go on until it notices.
    pub(super) fn hang_up(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Ends the process and says what became of it: `failure` is what its reader met.
    pub(super) fn explain(&self, failure: ReadFailure, limits: &Limits) -> String {
        let by_itself = failure == ReadFailure::Ended && self.await_end(END_TIME);
        let ending = self.end();
        let what = match failure {
            ReadFailure::Ended if by_itself => ending.status,
            ReadFailure::Ended => "closed its output and went on running".to_owned(),
            ReadFailure::TimedOut => format!("took longer than {} s", limits.request_time.as_secs_f32()),
            ReadFailure::Garbage => "answered with bytes that make no sense".to_owned(),
            ReadFailure::Oversized(bytes) => {
                format!("answered with {bytes} bytes, more than the {} allowed", limits.response_bytes)
            }
        };
        what + &ending.stderr
    }

    /// Kills the process if it still runs, waits until it is gone, and says how it ended.
    pub(super) fn end(&self) -> Ending {
        self.kill();
        let mut state = self.lock();
        if state.ended.is_none() {
            state.ended = state.child.wait().ok();
        }
        let status = state.ended.map_or_else(|| "was lost".to_owned(), describe_status);
        drop(state);
        let ended = self.stderr_ended.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(STDERR_TIME);
        drop(ended);
        Ending { status, stderr: self.stderr_tail() }
    }

    /// Waits until the process has ended by itself, without taking its status. False if it has not.
    fn await_end(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let pid = Pid::from_child(&self.lock().child);
        let mut pause = Duration::from_micros(500);
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        while matches!(waitid(WaitId::Pid(pid), look), Ok(None)) {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        true
    }

    fn stderr_tail(&self) -> String {
        let tail = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        match &lines[lines.len().saturating_sub(STDERR_LINES)..] {
            [] => String::new(),
            last => format!("; its stderr ends in:\n{}", last.join("\n")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, ChildState> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let mut state = self.lock();
        if state.ended.is_none() {
            state.ended = state.child.wait().ok();
        }
    }
}

/// How a process ended.
pub(super) struct Ending {
    /// `was killed by SIGSEGV`, `exited with code 3`.
    pub(super) status: String,
    /// `; its stderr ends in: …`, or nothing.
    pub(super) stderr: String,
}

impl ResponseReader {
    /// Reads one response. `deadline` is asked whenever there is nothing to read yet.
    pub(super) fn response(
        &mut self,
        deadline: impl Fn() -> Option<Instant>,
    ) -> Result<(Head, Vec<u8>), ReadFailure> {
        while self.end - self.start < RESPONSE_HEAD {
            self.fill(&deadline)?;
        }
        let mut head = [0; RESPONSE_HEAD];
        head.copy_from_slice(&self.buffer[self.start..self.start + RESPONSE_HEAD]);
        self.start += RESPONSE_HEAD;
        let head = Head::decode(head).map_err(|Garbage| ReadFailure::Garbage)?;
        if head.body_bytes > self.max_bytes {
            return Err(ReadFailure::Oversized(head.body_bytes));
        }
        // Grows with what really comes: the length may be a lie.
        let mut body = Vec::with_capacity(head.body_bytes.min(self.buffer.len()));
        while body.len() < head.body_bytes {
            if self.start == self.end {
                self.fill(&deadline)?;
            }
            let bytes = (head.body_bytes - body.len()).min(self.end - self.start);
            body.extend_from_slice(&self.buffer[self.start..self.start + bytes]);
            self.start += bytes;
        }
        Ok((head, body))
    }

    /// Reads up to and including the mark before the hello.
    fn skip_preamble(&mut self, deadline: Instant) -> Result<(), ReadFailure> {
        let mut skipped = 0;
        loop {
            let seen = &self.buffer[self.start..self.end];
            if let Some(at) = seen.windows(HELLO_MARK.len()).position(|window| window == HELLO_MARK) {
                self.start += at + HELLO_MARK.len();
                return Ok(());
            }
            // The mark's beginning may stand at the end.
            let useless = seen.len().saturating_sub(HELLO_MARK.len() - 1);
            self.start += useless;
            skipped += useless;
            if skipped > MAX_PREAMBLE {
                return Err(ReadFailure::Garbage);
            }
            self.fill(&|| Some(deadline))?;
        }
    }

    /// Reads what is there, waiting until something is.
    fn fill(&mut self, deadline: &impl Fn() -> Option<Instant>) -> Result<(), ReadFailure> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        loop {
            // Zero would mean to wait for ever.
            let remaining = |at: Instant| at.saturating_duration_since(Instant::now());
            let time = deadline().map_or(self.patience, remaining).max(Duration::from_millis(1));
            self.stream.set_read_timeout(Some(time)).map_err(|_| ReadFailure::Ended)?;
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(ReadFailure::Ended),
                Ok(bytes) => {
                    self.end += bytes;
                    return Ok(());
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if deadline().is_some_and(|at| at <= Instant::now()) {
                        return Err(ReadFailure::TimedOut);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(ReadFailure::Ended),
            }
        }
    }
}

/// The path of an interpreter that is named as one types it: with a slash, a path; without, looked up on PATH.
pub(super) fn find_executable(name: &Path) -> Result<PathBuf, EngineError> {
    if name.as_os_str().as_bytes().contains(&b'/') {
        return Ok(name.to_owned());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file));
    found.ok_or_else(|| EngineError::Start {
        executable: name.to_owned(),
        reason: "there is no such program on PATH; give its path".to_owned(),
    })
}

fn is_executable(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Takes away what would change how Python starts or compiles. PYTHONHOME stays: without it some installations do not start.
fn clean_environment(command: &mut Command) {
    let mut names: Vec<_> = env::vars_os().map(|(name, _)| name).collect();
    names.retain(|name| name.as_bytes().starts_with(b"PYTHON") && name != OsStr::new("PYTHONHOME"));
    for name in names {
        command.env_remove(name);
    }
    command.env("PYTHONHASHSEED", "0").env("PYTHONSAFEPATH", "1");
}

/// Reads stderr to its end on a thread of its own, keeping the last bytes.
fn keep_tail(stderr: Option<ChildStderr>) -> io::Result<Tail> {
    let tail = Arc::new(Mutex::new(VecDeque::new()));
    let (sender, receiver) = mpsc::channel();
    if let Some(mut stderr) = stderr {
        let tail = Arc::clone(&tail);
        thread::Builder::new().spawn(move || {
            let mut chunk = [0; 1024];
            while let Ok(bytes @ 1..) = stderr.read(&mut chunk) {
                let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                tail.extend(&chunk[..bytes]);
                let excess = tail.len().saturating_sub(STDERR_TAIL);
                tail.drain(..excess);
            }
            // Dropping it is the message.
            drop(sender);
        })?;
    }
    Ok((tail, receiver))
}

fn describe_status(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was killed by {}", signal_name(signal)),
        (None, None) => format!("ended ({status})"),
    }
}

fn signal_name(number: i32) -> String {
    let known = [
        (Signal::SEGV, "SIGSEGV"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::KILL, "SIGKILL (out of memory?)"),
        (Signal::BUS, "SIGBUS"),
        (Signal::ILL, "SIGILL"),
        (Signal::FPE, "SIGFPE"),
        (Signal::TERM, "SIGTERM"),
        (Signal::INT, "SIGINT"),
        (Signal::HUP, "SIGHUP"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::SYS, "SIGSYS"),
    ];
    let name = known.iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| *name);
    name.map_or_else(|| format!("signal {number}"), str::to_owned)
}
