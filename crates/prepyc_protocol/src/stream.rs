//! A stream of messages: from bytes that arrive in pieces to whole messages, and back.
//!
//! A message is looked at where it lies in the reader's buffer if all of it is there, else gathered in a buffer of its
//! own. That buffer grows with the bytes that arrive, never with the length a message claims, and a large one is given
//! back: requests of half a megabyte are normal, and one of ten must not be paid for until the worker ends.

use std::io::{self, BufRead, BufReader, Read, Write};

use crate::json::{self, ObjectScanner};
use crate::message::{Protocol, WorkRequest, WorkResponse};
use crate::proto::{self, FrameScanner};

/// The longest message that is read, in bytes. It only keeps a broken stream from filling the memory.
pub const MESSAGE_LIMIT_BYTES: usize = 1 << 30;

/// A gathering buffer above this size, in bytes, is given back after its message.
const KEPT_BUFFER_BYTES: usize = 1 << 20;

/// What is done with the inputs of requests that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// They are read.
    Keep,
    /// They are passed over: most of a request is inputs, and a worker that does not cache needs none of them.
    Skip,
}

/// A stream of messages could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream itself failed.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
    /// The stream ended within a message.
    #[error("the input ended in the middle of a {0} message")]
    Truncated(Protocol),
    /// The bytes are no message; nothing after them can be read either.
    #[error("malformed {protocol} message: {reason}")]
    Malformed {
        /// The format it was read as.
        protocol: Protocol,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads requests, as a worker does.
#[derive(Debug)]
pub struct RequestReader<R> {
    frames: Frames<R>,
    inputs: Inputs,
}

/// Reads responses, as whoever drives a worker does.
#[derive(Debug)]
pub struct ResponseReader<R> {
    frames: Frames<R>,
}

impl<R: BufRead> RequestReader<R> {
    /// Reads from `input`, which holds messages of that format.
    pub fn new(protocol: Protocol, inputs: Inputs, input: R) -> RequestReader<R> {
        RequestReader { frames: Frames::new(protocol, input), inputs }
    }

    /// The next request, as soon as its last byte is there; `None` where the stream ended after a whole one.
    pub fn read(&mut self) -> Result<Option<WorkRequest>, ReadError> {
        let inputs = self.inputs;
        self.frames
            .read(|object| json::decode_request(object, inputs), |frame| proto::decode_request(frame, inputs))
    }
}

impl<R: BufRead> ResponseReader<R> {
    /// Reads from `input`, which holds messages of that format.
    pub fn new(protocol: Protocol, input: R) -> ResponseReader<R> {
        ResponseReader { frames: Frames::new(protocol, input) }
    }

    /// The next response, as soon as its last byte is there; `None` where the stream ended after a whole one.
    pub fn read(&mut self) -> Result<Option<WorkResponse>, ReadError> {
        self.frames.read(json::decode_response, proto::decode_response)
    }
}

impl<T: Read> ResponseReader<BufReader<T>> {
    /// Whether more of the stream is here than has been read as responses, blanks aside.
    pub(crate) fn has_more_at_hand(&self) -> bool {
        let buffered = self.frames.input.buffer();
        match self.frames.protocol {
            Protocol::Json => buffered.iter().any(|byte| !byte.is_ascii_whitespace()),
            Protocol::Proto => !buffered.is_empty(),
        }
    }
}

/// Writes one request, in one write, and flushes.
pub fn write_request(protocol: Protocol, request: &WorkRequest, output: &mut impl Write) -> io::Result<()> {
    let bytes = match protocol {
        Protocol::Json => json::encode_request(request),
        Protocol::Proto => proto::encode_request(request),
    };
    output.write_all(&bytes)?;
    output.flush()
}

/// Writes one response, in one write, and flushes.
pub fn write_response(
    protocol: Protocol,
    response: &WorkResponse,
    output: &mut impl Write,
) -> io::Result<()> {
    let bytes = match protocol {
        Protocol::Json => json::encode_response(response),
        Protocol::Proto => proto::encode_response(response),
    };
    output.write_all(&bytes)?;
    output.flush()
}

#[derive(Debug)]
struct Frames<R> {
    protocol: Protocol,
    input: R,
    /// What has come of a message that did not come whole.
    gathered: Vec<u8>,
}

enum Scanner {
    Json(ObjectScanner),
    Proto(FrameScanner),
}

impl<R: BufRead> Frames<R> {
    fn new(protocol: Protocol, input: R) -> Frames<R> {
        Frames { protocol, input, gathered: Vec::new() }
    }

    fn read<T>(
        &mut self,
        decode_json: impl FnOnce(&[u8]) -> Result<T, String>,
        decode_proto: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<Option<T>, ReadError> {
        let protocol = self.protocol;
        let malformed = |reason| ReadError::Malformed { protocol, reason };
        let decode = |message: &[u8]| match protocol {
            Protocol::Json => decode_json(message),
            Protocol::Proto => decode_proto(message),
        };
        let mut scanner = match protocol {
            Protocol::Json => Scanner::Json(ObjectScanner::default()),
            Protocol::Proto => Scanner::Proto(FrameScanner::default()),
        };
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if chunk.is_empty() {
                return if scanner.has_begun() { Err(ReadError::Truncated(protocol)) } else { Ok(None) };
            }
            let Some(end) = scanner.scan(chunk).map_err(malformed)? else {
                if scanner.has_begun() {
                    self.gathered.extend_from_slice(chunk);
                }
                let read = chunk.len();
                self.input.consume(read);
                if self.gathered.len() > MESSAGE_LIMIT_BYTES {
                    return Err(malformed(format!("it is longer than {MESSAGE_LIMIT_BYTES} bytes")));
                }
                continue;
            };
            let message = if self.gathered.is_empty() {
                decode(&chunk[..end])
            } else {
                self.gathered.extend_from_slice(&chunk[..end]);
                decode(&self.gathered)
            };
            self.input.consume(end);
            if self.gathered.capacity() > KEPT_BUFFER_BYTES {
                self.gathered = Vec::new();
            } else {
                self.gathered.clear();
            }
            return message.map(Some).map_err(malformed);
        }
    }
}

impl Scanner {
    fn has_begun(&self) -> bool {
        match self {
            Scanner::Json(scanner) => scanner.has_begun(),
            Scanner::Proto(scanner) => scanner.has_begun(),
        }
    }

    fn scan(&mut self, chunk: &[u8]) -> Result<Option<usize>, String> {
        match self {
            Scanner::Json(scanner) => scanner.scan(chunk),
            Scanner::Proto(scanner) => scanner.scan(chunk),
        }
    }
}
