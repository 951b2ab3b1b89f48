//! The serving loop: one thread reads, a bounded pool works, the calling thread writes.
//!
//! * Reading waits for nothing but the input: requests go to the schedule, cancels take effect there at once.
//! * Only one thread writes, so answers cannot mix, and a peer that does not read its answers stalls nothing else.
//! * A handler that panics costs its request an error, nothing more.
//!
//! After [`Server::serve`] returns, threads may still be busy with requests that were given up; none of them can reach
//! its files any more. The process is meant to end.

use std::any::Any;
use std::io::{self, BufRead, Write};
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::detect::detect;
use crate::message::{Protocol, WorkRequest, WorkResponse};
use crate::schedule::{Cancellation, Hands, QUEUE_LIMIT_BYTES, Schedule};
use crate::stream::{Inputs, ReadError, RequestReader, write_response};

/// How long the end may wait for handlers that are at their files.
const LEAVE_FILES_LIMIT: Duration = Duration::from_secs(5);

/// How a server serves.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// The format of both streams; `None`: what the first message is in.
    pub protocol: Option<Protocol>,
    /// How many requests are worked on at once; the rest wait.
    pub concurrency: NonZeroUsize,
    /// How long the requests that were accepted before the input ended may still take.
    pub finish_limit: Duration,
}

/// What a handler says about a request: the part of the response that is its business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// 0: done.
    pub exit_code: i32,
    /// What the user is shown, word for word.
    pub output: String,
}

/// Why a server ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The input ended between two messages. `abandoned` requests were not finished in time.
    InputEnded {
        /// How many requests got no answer.
        abandoned: usize,
    },
    /// Someone called [`Stopper::stop`].
    Stopped,
}

/// Why a server could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The requests cannot be read any further.
    #[error(transparent)]
    Input(#[from] ReadError),
    /// The responses cannot be written.
    #[error("cannot write a response: {0}")]
    Output(io::Error),
    /// Not even one thread can be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// What the writing thread is told.
#[derive(Debug)]
pub(crate) enum Event {
    /// The format of the streams, before the first answer.
    Speaks(Protocol),
    Answer(WorkResponse),
    InputEnded(Result<(), ReadError>),
    Stop,
}

/// A worker's end of the protocol.
#[derive(Debug)]
pub struct Server {
    options: ServeOptions,
    sender: Sender<Event>,
    events: Receiver<Event>,
}

/// Ends a server from another thread.
#[derive(Clone, Debug)]
pub struct Stopper {
    sender: Sender<Event>,
}

impl Stopper {
    /// Lets [`Server::serve`] return soon: what is being published is finished, everything else is given up.
    pub fn stop(&self) {
        // Nobody listens any more: it has ended already.
        let _ = self.sender.send(Event::Stop);
    }
}

impl Server {
    /// A server that has not begun.
    pub fn new(options: ServeOptions) -> Server {
        let (sender, events) = mpsc::channel();
        Server { options, sender, events }
    }

    /// What ends this server.
    pub fn stopper(&self) -> Stopper {
        Stopper { sender: self.sender.clone() }
    }

    /// Serves until the input ends, it cannot go on, or it is stopped. Gives each request one answer.
    ///
    /// Inputs are not kept: [`WorkRequest::inputs`] is empty for the handler.
    pub fn serve<R, W, H>(self, input: R, output: W, handle: H) -> Result<End, ServeError>
    where
        R: BufRead + Send + 'static,
        W: Write,
        H: Fn(&WorkRequest, &Cancellation<'_>) -> Outcome + Send + Sync + 'static,
    {
        let schedule = Arc::new(Schedule::new(self.sender.clone(), QUEUE_LIMIT_BYTES));
        let mut pool = Pool { schedule: Arc::clone(&schedule), handle: Arc::new(handle), threads: 0 };
        pool.grow().map_err(ServeError::Thread)?;
        let ServeOptions { protocol, concurrency, finish_limit } = self.options;
        let sender = self.sender;
        let reading = thread::Builder::new().name("requests".to_owned()).spawn(move || {
            let read = AssertUnwindSafe(|| {
                read_requests(protocol, input, &sender, |request| {
                    if pool.schedule.accept(request) == Hands::Wanted && pool.threads < concurrency.get() {
                        // With fewer threads than wished for, the requests wait a little longer.
                        let _ = pool.grow();
                    }
                })
            });
            // Whatever happens here, the writer must hear of it: nobody else could end it.
            let ended = panic::catch_unwind(read).unwrap_or_else(|payload| {
                Err(io::Error::other(format!("internal error: {}", panic_message(&*payload))).into())
            });
            let _ = sender.send(Event::InputEnded(ended));
        });
        reading.map_err(ServeError::Thread)?;
        let end = write_answers(&self.events, output, &schedule, finish_limit);
        schedule.abandon(LEAVE_FILES_LIMIT);
        end
    }
}

struct Pool<H> {
    schedule: Arc<Schedule>,
    handle: Arc<H>,
    threads: usize,
}

impl<H> Pool<H>
where
    H: Fn(&WorkRequest, &Cancellation<'_>) -> Outcome + Send + Sync + 'static,
{
    fn grow(&mut self) -> io::Result<()> {
        let (schedule, handle) = (Arc::clone(&self.schedule), Arc::clone(&self.handle));
        thread::Builder::new().name(format!("work {}", self.threads)).spawn(move || {
            while schedule.work_once(|request, cancellation| guarded(&*handle, request, cancellation)) {}
        })?;
        self.threads += 1;
        Ok(())
    }
}

fn read_requests(
    protocol: Option<Protocol>,
    input: impl BufRead,
    sender: &Sender<Event>,
    mut accept: impl FnMut(WorkRequest),
) -> Result<(), ReadError> {
    let (protocol, input): (Protocol, Box<dyn BufRead + '_>) = match protocol {
        Some(protocol) => (protocol, Box::new(input)),
        None => match detect(input)? {
            (Some(protocol), input) => (protocol, Box::new(input)),
            (None, _) => return Ok(()),
        },
    };
    let _ = sender.send(Event::Speaks(protocol));
    let mut requests = RequestReader::new(protocol, Inputs::Skip, input);
    while let Some(request) = requests.read()? {
        accept(request);
    }
    Ok(())
}

/// The one writer. Ends with the input, when everything is answered or the time for it is over.
fn write_answers(
    events: &Receiver<Event>,
    mut output: impl Write,
    schedule: &Schedule,
    finish_limit: Duration,
) -> Result<End, ServeError> {
    let mut protocol = Protocol::Json;
    let mut ended: Option<(Result<(), ReadError>, Instant)> = None;
    loop {
        let event = match &ended {
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some((_, deadline)) => {
                // What is answered is among the events already: with nothing unanswered, none is waited for.
                let patience = match schedule.unanswered() {
                    0 => Duration::ZERO,
                    _ => deadline.saturating_duration_since(Instant::now()),
                };
                events.recv_timeout(patience)
            }
        };
        match event {
            Ok(Event::Speaks(spoken)) => protocol = spoken,
            Ok(Event::Answer(response)) => {
                write_response(protocol, &response, &mut output).map_err(ServeError::Output)?;
            }
            Ok(Event::InputEnded(result)) => ended = Some((result, Instant::now() + finish_limit)),
            Ok(Event::Stop) => return Ok(End::Stopped),
            Err(_) => break,
        }
    }
    let abandoned = schedule.unanswered();
    match ended {
        Some((Err(error), _)) => Err(error.into()),
        _ => Ok(End::InputEnded { abandoned }),
    }
}

/// Runs the handler; a panic becomes an error of that request.
fn guarded<H>(handle: &H, request: &WorkRequest, cancellation: &Cancellation<'_>) -> Outcome
where
    H: Fn(&WorkRequest, &Cancellation<'_>) -> Outcome,
{
    match panic::catch_unwind(AssertUnwindSafe(|| handle(request, cancellation))) {
        Ok(outcome) => outcome,
        Err(payload) => {
            let output = format!("prepyc: internal error: {}\n", panic_message(&*payload));
            Outcome { exit_code: 1, output }
        }
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}
