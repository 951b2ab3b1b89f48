//! The other end: a worker process that is started, sent requests and told apart from its answers.
//!
//! It is as strict as Bazel: bytes that are no response, or a response to nothing, end the worker.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::message::{Protocol, WorkRequest, WorkResponse};
use crate::stream::{ResponseReader, write_request};

/// Whether a worker is sent one request at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plexing {
    /// One at a time, all with id 0. Sending one before the last is answered is an error.
    Singleplex,
    /// Many at once, each with an id of its own.
    Multiplex,
}

/// A worker process, as whoever sends it requests sees it. Dropping it kills the process.
#[derive(Debug)]
pub struct Client {
    protocol: Protocol,
    plexing: Plexing,
    child: Child,
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
}

#[derive(Debug, Default)]
struct Outstanding {
    last_id: i32,
    waiting: HashMap<i32, Sender<WorkResponse>>,
    /// Why there will be no more answers.
    over: Option<String>,
}

impl Client {
    /// Starts the worker. Its standard error goes where `command` says.
    pub fn spawn(mut command: Command, protocol: Protocol, plexing: Plexing) -> io::Result<Client> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the worker has no pipes"));
        };
        let outstanding = Arc::new(Mutex::new(Outstanding::default()));
        let shared = Arc::clone(&outstanding);
        thread::Builder::new()
            .name("responses".to_owned())
            .spawn(move || read_responses(protocol, output, &shared))?;
        Ok(Client { protocol, plexing, child, input: Some(Mutex::new(input)), outstanding })
    }

    /// The worker's process id.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request, whose id is chosen here.
    pub fn submit(&self, mut request: WorkRequest) -> Result<Reply, ClientError> {
        let (sender, answer) = mpsc::channel();
        let mut outstanding = lock(&self.outstanding);
        if let Some(why) = &outstanding.over {
            return Err(ClientError::NoAnswer(why.clone()));
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
        self.write(&request)?;
        Ok(Reply { id, answer, outstanding: Arc::clone(&self.outstanding) })
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
        self.child.wait()
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
        // It may have ended long ago; then neither call does anything.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reply {
    /// The id the request was sent with.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Waits for the answer.
    pub fn wait(self) -> Result<WorkResponse, ClientError> {
        self.answer.recv().map_err(|_| {
            let why = lock(&self.outstanding).over.clone();
            ClientError::NoAnswer(why.unwrap_or_else(|| "it ended".to_owned()))
        })
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
    let why = loop {
        match responses.read() {
            Ok(Some(response)) => {
                let Some(waiting) = lock(outstanding).waiting.remove(&response.request_id) else {
                    break format!("it answered request {}, which is not outstanding", response.request_id);
                };
                // Whoever asked may have lost interest.
                let _ = waiting.send(response);
            }
            Ok(None) => break "it ended its output".to_owned(),
            Err(error) => break error.to_string(),
        }
    };
    let mut outstanding = lock(outstanding);
    outstanding.over = Some(why);
    // Whoever still waits finds that there is nobody left to answer.
    outstanding.waiting.clear();
}

fn lock(outstanding: &Mutex<Outstanding>) -> MutexGuard<'_, Outstanding> {
    outstanding.lock().unwrap_or_else(PoisonError::into_inner)
}
