//! The messages of the protocol as plain structs, field for field as `worker_protocol.proto` has them.
//!
//! How they look on the wire is the business of `json.rs` and `proto.rs`.

use std::fmt;
use std::str::FromStr;

/// The format both streams of a worker are in (`requires-worker-protocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// One JSON object after another.
    Json,
    /// Protocol buffers, each after its length as a varint.
    Proto,
}

/// One action to do, or the wish that one in flight be given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkRequest {
    /// What the action's flag files said, one argument a line, expanded by whoever sends.
    pub arguments: Vec<String>,
    /// Every file the action may read.
    pub inputs: Vec<Input>,
    /// 0: singleplex. Above 0: multiplex, unique among the requests outstanding.
    pub request_id: i32,
    /// This asks for the outstanding request of that id to be given up; arguments and inputs mean nothing.
    pub cancel: bool,
    /// Above 0: say more on stderr.
    pub verbosity: i32,
    /// The directory, relative to the worker's own, that every relative path of the request is below. Empty: none.
    pub sandbox_dir: String,
}

/// A file that an action may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Where it is, relative to the execution root; never contains the sandbox directory.
    pub path: String,
    /// An opaque token that is equal where the contents are. Empty: unknown.
    pub digest: Vec<u8>,
}

/// The answer to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkResponse {
    /// 0: done.
    pub exit_code: i32,
    /// What the user is shown, word for word.
    pub output: String,
    /// The id of the request.
    pub request_id: i32,
    /// The request was given up because that was asked for.
    pub was_cancelled: bool,
}

/// The text names no wire format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a worker protocol (json, proto)")]
pub struct UnknownProtocol(String);

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(text: &str) -> Result<Protocol, UnknownProtocol> {
        match text {
            "json" => Ok(Protocol::Json),
            "proto" => Ok(Protocol::Proto),
            _ => Err(UnknownProtocol(text.to_owned())),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Json => "json",
            Protocol::Proto => "proto",
        })
    }
}

impl WorkRequest {
    /// About how much memory it takes, in bytes: what the queue of a server counts.
    pub(crate) fn size_bytes(&self) -> usize {
        let arguments: usize = self.arguments.iter().map(|text| text.len() + size_of::<String>()).sum();
        let inputs: usize =
            self.inputs.iter().map(|input| input.path.len() + input.digest.len() + size_of::<Input>()).sum();
        size_of::<WorkRequest>() + self.sandbox_dir.len() + arguments + inputs
    }
}
