//! The messages as protocol buffers: the body by prost, and its length before it as a varint.

use prost::Message;

use crate::message::{Input, WorkRequest, WorkResponse};
use crate::stream::{Inputs, MESSAGE_LIMIT_BYTES};

/// The longest varint that can be a length we take: 35 bits.
const LENGTH_LIMIT_BYTES: u32 = 5;

#[derive(Clone, PartialEq, Message)]
struct ProtoInput {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(bytes = "vec", tag = "2")]
    digest: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoRequest {
    #[prost(string, repeated, tag = "1")]
    arguments: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    inputs: Vec<ProtoInput>,
    #[prost(int32, tag = "3")]
    request_id: i32,
    #[prost(bool, tag = "4")]
    cancel: bool,
    #[prost(int32, tag = "5")]
    verbosity: i32,
    #[prost(string, tag = "6")]
    sandbox_dir: String,
}

/// A request without field 2, which prost then skips as it does every unknown field.
#[derive(Clone, PartialEq, Message)]
struct ProtoRequestWithoutInputs {
    #[prost(string, repeated, tag = "1")]
    arguments: Vec<String>,
    #[prost(int32, tag = "3")]
    request_id: i32,
    #[prost(bool, tag = "4")]
    cancel: bool,
    #[prost(int32, tag = "5")]
    verbosity: i32,
    #[prost(string, tag = "6")]
    sandbox_dir: String,
}

#[derive(Clone, PartialEq, Message)]
struct ProtoResponse {
    #[prost(int32, tag = "1")]
    exit_code: i32,
    #[prost(string, tag = "2")]
    output: String,
    #[prost(int32, tag = "3")]
    request_id: i32,
    #[prost(bool, tag = "4")]
    was_cancelled: bool,
}

/// Follows one length-prefixed message as its bytes arrive, until its last.
#[derive(Debug, Default)]
pub(crate) struct FrameScanner {
    length: u64,
    length_bytes: u32,
    /// How much of the body is still to come; `None` while the length is.
    missing: Option<usize>,
}

impl FrameScanner {
    /// Whether any byte of a message was seen.
    pub(crate) fn has_begun(&self) -> bool {
        self.length_bytes > 0
    }

    /// Takes the next bytes; where the message ends in them, how many are its own.
    pub(crate) fn scan(&mut self, chunk: &[u8]) -> Result<Option<usize>, String> {
        let mut at = 0;
        let missing = loop {
            if let Some(missing) = self.missing {
                break missing;
            }
            let Some(&byte) = chunk.get(at) else { return Ok(None) };
            at += 1;
            self.missing = self.take_length_byte(byte)?;
        };
        let here = missing.min(chunk.len() - at);
        self.missing = Some(missing - here);
        Ok((here == missing).then_some(at + here))
    }

    fn take_length_byte(&mut self, byte: u8) -> Result<Option<usize>, String> {
        if self.length_bytes == LENGTH_LIMIT_BYTES {
            return Err("the length before it is longer than five bytes".to_owned());
        }
        self.length |= u64::from(byte & 0x7f) << (7 * self.length_bytes);
        self.length_bytes += 1;
        if byte & 0x80 != 0 {
            return Ok(None);
        }
        match usize::try_from(self.length) {
            Ok(length) if length <= MESSAGE_LIMIT_BYTES => Ok(Some(length)),
            _ => {
                Err(format!("it is {} bytes long, and the limit is {MESSAGE_LIMIT_BYTES} bytes", self.length))
            }
        }
    }
}

/// The body of a whole frame, without the length.
fn body(frame: &[u8]) -> &[u8] {
    let length_bytes = frame.iter().take_while(|&&byte| byte & 0x80 != 0).count() + 1;
    &frame[length_bytes..]
}

pub(crate) fn decode_request(frame: &[u8], inputs: Inputs) -> Result<WorkRequest, String> {
    match inputs {
        Inputs::Keep => {
            let request = ProtoRequest::decode(body(frame)).map_err(|error| error.to_string())?;
            let inputs = request.inputs.into_iter();
            Ok(WorkRequest {
                arguments: request.arguments,
                inputs: inputs.map(|ProtoInput { path, digest }| Input { path, digest }).collect(),
                request_id: request.request_id,
                cancel: request.cancel,
                verbosity: request.verbosity,
                sandbox_dir: request.sandbox_dir,
            })
        }
        Inputs::Skip => {
            let request =
                ProtoRequestWithoutInputs::decode(body(frame)).map_err(|error| error.to_string())?;
            Ok(WorkRequest {
                arguments: request.arguments,
                inputs: Vec::new(),
                request_id: request.request_id,
                cancel: request.cancel,
                verbosity: request.verbosity,
                sandbox_dir: request.sandbox_dir,
            })
        }
    }
}

pub(crate) fn decode_response(frame: &[u8]) -> Result<WorkResponse, String> {
    let response = ProtoResponse::decode(body(frame)).map_err(|error| error.to_string())?;
    Ok(WorkResponse {
        exit_code: response.exit_code,
        output: response.output,
        request_id: response.request_id,
        was_cancelled: response.was_cancelled,
    })
}

pub(crate) fn encode_request(request: &WorkRequest) -> Vec<u8> {
    let inputs = request.inputs.iter();
    let request = ProtoRequest {
        arguments: request.arguments.clone(),
        inputs: inputs
            .map(|input| ProtoInput { path: input.path.clone(), digest: input.digest.clone() })
            .collect(),
        request_id: request.request_id,
        cancel: request.cancel,
        verbosity: request.verbosity,
        sandbox_dir: request.sandbox_dir.clone(),
    };
    request.encode_length_delimited_to_vec()
}

pub(crate) fn encode_response(response: &WorkResponse) -> Vec<u8> {
    let response = ProtoResponse {
        exit_code: response.exit_code,
        output: response.output.clone(),
        request_id: response.request_id,
        was_cancelled: response.was_cancelled,
    };
    response.encode_length_delimited_to_vec()
}
