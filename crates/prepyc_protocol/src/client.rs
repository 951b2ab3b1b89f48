//! The other end: a worker process that is started, sent requests and told apart from its answers.
//!
//! It is as strict as Bazel: bytes that are no response, or a response to nothing, end the worker.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::message::{Protocol, WorkRequest, WorkResponse};
use crate::stream::{ResponseReader, write_request};

/// How long the end of its output is waited for where a worker does not take its input: it most likely ended.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Whether a worker is sent one request at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plexing {
    /// One at a time, all with id 0. Sending one before the last is answered is an error.
    Singleplex,
    /// Many at once, each with an id of its own.
    Multiplex,
}

/// A worker process, as whoever sends it requests sees it. It leads a process group of its own, which dropping it kills.
#[derive(Debug)]
pub struct Client {
    protocol: Protocol,
    plexing: Plexing,
    child: Child,
    reaped: bool,
    input: Option<Mutex<ChildStdin>>,
    outstanding: Arc<Mutex<Outstanding>>,
}

/// The answer to one request, when it comes.
#[derive(Debug)]
pub struct Reply {
    id: i32,
    answer: Receiver<WorkResponse>,
    outstanding: Arc<Mutex<Outstanding>>,
}

/// A worker did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// It cannot be sent anything.
    #[error("cannot write to the worker: {0}")]
    Write(String),
    /// It ended, or broke the protocol, before it answered.
    #[error("the worker did not answer: {0}")]
    NoAnswer(String),
    /// It answered this very request more than once, in one breath.
    #[error("the worker answered a request twice")]
    AnsweredTwice,
}

/// Why there will be no more answers.
#[derive(Clone, Debug)]
struct Over {
    why: String,
    /// The request that was answered twice, where that is why.
    twice: Option<i32>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// By itself, with this exit status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

#[derive(Debug, Default)]
struct Outstanding {
    last_id: i32,
    waiting: HashMap<i32, Sender<WorkResponse>>,
    over: Option<Over>,
}

impl Client {
    /// Starts the worker. Its standard error goes where `command` says.
    pub fn spawn(mut command: Command, protocol: Protocol, plexing: Plexing) -> io::Result<Client> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker has no pipes"));
        };
        let outstanding = Arc::new(Mutex::new(Outstanding::default()));
        let shared = Arc::clone(&outstanding);
        thread::Builder::new()
            .name("responses".to_owned())
            .spawn(move || read_responses(protocol, output, &shared))?;
        Ok(Client { protocol, plexing, child, reaped: false, input: Some(Mutex::new(input)), outstanding })
    }

    /// The worker's process id.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request, whose id is chosen here.
    pub fn submit(&self, mut request: WorkRequest) -> Result<Reply, ClientError> {
        let (sender, answer) = mpsc::channel();
        let mut outstanding = lock(&self.outstanding);
        if let Some(over) = &outstanding.over {
            return Err(ClientError::NoAnswer(over.why.clone()));
        }
        let id = match self.plexing {
            Plexing::Singleplex if outstanding.waiting.contains_key(&0) => {
                return Err(ClientError::Write("its last request has no answer yet".to_owned()));
            }
            Plexing::Singleplex => 0,
            Plexing::Multiplex => outstanding.free_id(),
        };
        outstanding.waiting.insert(id, sender);
        drop(outstanding);
        request.request_id = id;
        request.cancel = false;
        let reply = Reply { id, answer, outstanding: Arc::clone(&self.outstanding) };
        self.write(&request).map_err(|error| match reply.wait_for(LAST_WORDS) {
            // It is gone, and what it said before tells more than that nobody listens any more.
            Some(Err(why)) => why,
            _ => error,
        })?;
        Ok(reply)
    }

    /// Asks for a request to be given up. Its reply says whether it was.
    pub fn cancel(&self, reply: &Reply) -> Result<(), ClientError> {
        // With its answer in hand the id may be another request's by now.
        if !lock(&self.outstanding).waiting.contains_key(&reply.id) {
            return Ok(());
        }
        self.write(&WorkRequest { request_id: reply.id, cancel: true, ..WorkRequest::default() })
    }

    /// Ends the worker's input and waits for it to exit.
    pub fn close(mut self) -> io::Result<ExitStatus> {
        self.input = None;
        // From then on its id may be another process's.
        self.reaped = true;
        self.child.wait()
    }

    /// Ends the worker's input and waits for it to exit; after so much time it is killed, which is `None`.
    pub fn close_within(mut self, time: Duration) -> Option<ProcessEnd> {
        self.input = None;
        self.wait_for_end(time)
    }

    /// Why there will be no more answers, if that is so.
    pub fn over(&self) -> Option<String> {
        lock(&self.outstanding).over.as_ref().map(|over| over.why.clone())
    }

    /// How the process ended, if it does within that time.
    pub fn wait_for_end(&self, time: Duration) -> Option<ProcessEnd> {
        let deadline = Instant::now() + time;
        let mut pause = Duration::from_millis(1);
        loop {
            // Left to be waited for: as long as it is, its id and its group's are no one else's.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            if let Ok(Some(status)) = waitid(WaitId::Pid(Pid::from_child(&self.child)), options) {
                return Some(match (status.exit_status(), status.terminating_signal()) {
                    (Some(status), _) => ProcessEnd::Exit(status),
                    (None, signal) => ProcessEnd::Signal(signal.unwrap_or_default()),
                });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Kills the worker and whatever it started, without waiting for it to be gone.
    pub fn kill(&self) {
        // It may have ended long ago; then there is nothing to do.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }

    fn write(&self, request: &WorkRequest) -> Result<(), ClientError> {
        let Some(input) = &self.input else { return Err(ClientError::Write("it is closed".to_owned())) };
        let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
        write_request(self.protocol, request, &mut *input)
            .map_err(|error| ClientError::Write(error.to_string()))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.input = None;
        if !self.reaped {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

impl Reply {
    /// The id the request was sent with.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Waits for the answer.
    pub fn wait(self) -> Result<WorkResponse, ClientError> {
        self.answer.recv().map_err(|_| self.why())
    }

    /// Waits for the answer for some time; `None` where there is none by then.
    pub fn wait_for(&self, time: Duration) -> Option<Result<WorkResponse, ClientError>> {
        match self.answer.recv_timeout(time) {
            Ok(response) => Some(Ok(response)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(self.why())),
        }
    }

    fn why(&self) -> ClientError {
        match &lock(&self.outstanding).over {
            Some(over) if over.twice == Some(self.id) => ClientError::AnsweredTwice,
            Some(over) => ClientError::NoAnswer(over.why.clone()),
            None => ClientError::NoAnswer("it ended".to_owned()),
        }
    }
}

impl Outstanding {
    fn free_id(&mut self) -> i32 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.waiting.contains_key(&self.last_id) {
                return self.last_id;
            }
        }
    }
}

fn read_responses(protocol: Protocol, output: ChildStdout, outstanding: &Mutex<Outstanding>) {
    let mut responses = ResponseReader::new(protocol, BufReader::new(output));
    // An answer with more behind it is handed on once that is known to be no second one.
    let mut held: Option<(Sender<WorkResponse>, WorkResponse)> = None;
    let mut twice = None;
    let why = loop {
        match responses.read() {
            Ok(Some(response)) => {
                let id = response.request_id;
                let Some(waiting) = lock(outstanding).waiting.remove(&id) else {
                    twice = held.as_ref().map(|(_, held)| held.request_id).filter(|held| *held == id);
                    break match twice {
                        Some(id) => format!("it answered request {id} twice"),
                        None => format!("it answered request {id}, which is not outstanding"),
                    };
                };
                hand_on(held.replace((waiting, response)));
                if !responses.has_more_at_hand() {
                    hand_on(held.take());
                }
            }
            Ok(None) => break "it ended its output".to_owned(),
            Err(error) => break error.to_string(),
        }
    };
    let mut outstanding = lock(outstanding);
    outstanding.over = Some(Over { why, twice });
    if twice.is_none() {
        hand_on(held);
    }
    // Whoever still waits finds that there is nobody left to answer.
    outstanding.waiting.clear();
}

fn hand_on(answer: Option<(Sender<WorkResponse>, WorkResponse)>) {
    if let Some((waiting, response)) = answer {
        // Whoever asked may have lost interest.
        let _ = waiting.send(response);
    }
}

fn lock(outstanding: &Mutex<Outstanding>) -> MutexGuard<'_, Outstanding> {
    outstanding.lock().unwrap_or_else(PoisonError::into_inner)
}
