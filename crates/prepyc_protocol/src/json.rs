//! The messages as proto3 JSON: a stream of objects, whatever stands between them.
//!
//! Bazel writes one compact object a line; older ones wrote no separator at all, and people write them pretty. So the
//! end of an object is found by its grammar, never by a line's end. What is inside is then read by serde_json.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{self, Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::message::{Input, WorkRequest, WorkResponse};
use crate::stream::Inputs;

/// How deep objects and arrays may stand in each other; a request needs three.
const DEPTH_LIMIT: usize = 100;

/// Follows one JSON object as its bytes arrive, until its last.
///
/// It keeps to the grammar of the punctuation, so that a broken object is noticed at once instead of swallowing the
/// requests behind it; numbers, escapes and literals are left to the decoder.
#[derive(Debug, Default)]
pub(crate) struct ObjectScanner {
    open: Vec<Container>,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

/// What may come next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expected {
    /// The `{` of the message, or white space.
    #[default]
    Message,
    /// The first key of an object, or its end.
    FirstKey,
    /// A key, after a comma.
    Key,
    /// The rest of a key.
    InKey,
    /// The rest of a key, after a backslash.
    InKeyEscape,
    /// A colon, after a key.
    Colon,
    /// The first element of an array, or its end.
    FirstElement,
    /// A value.
    Value,
    /// The rest of a string.
    InString,
    /// The rest of a string, after a backslash.
    InStringEscape,
    /// The rest of a number, or of `true`, `false`, `null`.
    InScalar,
    /// A comma, or the end of the object or array.
    Comma,
}

impl ObjectScanner {
    /// Whether any byte of a message was seen.
    pub(crate) fn has_begun(&self) -> bool {
        self.expected != Expected::Message
    }

    /// Takes the next bytes; where the object ends in them, how many are its own.
    pub(crate) fn scan(&mut self, chunk: &[u8]) -> Result<Option<usize>, String> {
        let mut at = 0;
        while at < chunk.len() {
            match self.expected {
                Expected::InKey | Expected::InString => {
                    // Most of a request is strings: this is the loop that counts.
                    match memchr::memchr2(b'"', b'\\', &chunk[at..]) {
                        None => return Ok(None),
                        Some(offset) => {
                            at += offset;
                            self.expected = self.after_special(chunk[at]);
                        }
                    }
                    at += 1;
                }
                Expected::InKeyEscape => {
                    self.expected = Expected::InKey;
                    at += 1;
                }
                Expected::InStringEscape => {
                    self.expected = Expected::InString;
                    at += 1;
                }
                Expected::InScalar if is_scalar(chunk[at]) => at += 1,
                Expected::InScalar => self.expected = Expected::Comma,
                _ => {
                    if !matches!(chunk[at], b' ' | b'\t' | b'\n' | b'\r') {
                        self.take_token(chunk[at])?;
                        if self.open.is_empty() {
                            return Ok(Some(at + 1));
                        }
                    }
                    at += 1;
                }
            }
        }
        Ok(None)
    }

    /// What comes after a quote or a backslash within a string.
    fn after_special(&self, byte: u8) -> Expected {
        match (self.expected, byte) {
            (Expected::InKey, b'"') => Expected::Colon,
            (Expected::InKey, _) => Expected::InKeyEscape,
            (_, b'"') => Expected::Comma,
            (_, _) => Expected::InStringEscape,
        }
    }

    fn take_token(&mut self, byte: u8) -> Result<(), String> {
        self.expected = match (self.expected, byte) {
            (Expected::Message | Expected::Value | Expected::FirstElement, b'{') => {
                self.push(Container::Object)?;
                Expected::FirstKey
            }
            (Expected::FirstKey, b'}') => self.pop(Container::Object)?,
            (Expected::FirstKey | Expected::Key, b'"') => Expected::InKey,
            (Expected::Colon, b':') => Expected::Value,
            (Expected::Value | Expected::FirstElement, b'[') => {
                self.push(Container::Array)?;
                Expected::FirstElement
            }
            (Expected::FirstElement, b']') => self.pop(Container::Array)?,
            (Expected::Value | Expected::FirstElement, b'"') => Expected::InString,
            (Expected::Value | Expected::FirstElement, _) if is_scalar(byte) => Expected::InScalar,
            (Expected::Comma, b',') if self.open.last() == Some(&Container::Array) => Expected::Value,
            (Expected::Comma, b',') => Expected::Key,
            (Expected::Comma, b'}') => self.pop(Container::Object)?,
            (Expected::Comma, b']') => self.pop(Container::Array)?,
            (expected, _) => {
                return Err(format!("{:?} where {} should be", char::from(byte), expected.name()));
            }
        };
        Ok(())
    }

    fn push(&mut self, container: Container) -> Result<(), String> {
        if self.open.len() == DEPTH_LIMIT {
            return Err(format!("it is nested more than {DEPTH_LIMIT} deep"));
        }
        self.open.push(container);
        Ok(())
    }

    fn pop(&mut self, container: Container) -> Result<Expected, String> {
        match self.open.pop() {
            Some(open) if open == container => Ok(Expected::Comma),
            _ => Err("an object is closed as an array, or an array as an object".to_owned()),
        }
    }
}

impl Expected {
    fn name(self) -> &'static str {
        match self {
            Expected::Message => "'{'",
            Expected::FirstKey => "a key or '}'",
            Expected::Key => "a key",
            Expected::Colon => "':'",
            Expected::FirstElement => "a value or ']'",
            Expected::Value => "a value",
            Expected::Comma => "',' or an end",
            Expected::InKey | Expected::InKeyEscape | Expected::InString | Expected::InStringEscape => {
                "the rest of a string"
            }
            Expected::InScalar => "the rest of a number",
        }
    }
}

fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// A request as JSON has it; `I` is what its inputs are read as.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound = "I: Deserialize<'de> + Default")]
struct JsonRequest<I> {
    #[serde(default, deserialize_with = "or_default")]
    arguments: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    inputs: I,
    #[serde(default, alias = "request_id", deserialize_with = "or_default")]
    request_id: Int32,
    #[serde(default, deserialize_with = "or_default")]
    cancel: bool,
    #[serde(default, deserialize_with = "or_default")]
    verbosity: Int32,
    #[serde(default, alias = "sandbox_dir", deserialize_with = "or_default")]
    sandbox_dir: String,
}

#[derive(Deserialize)]
struct JsonInput {
    #[serde(default, deserialize_with = "or_default")]
    path: String,
    #[serde(default)]
    digest: Digest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonResponse {
    #[serde(default, alias = "exit_code", deserialize_with = "or_default")]
    exit_code: Int32,
    #[serde(default, deserialize_with = "or_default")]
    output: String,
    #[serde(default, alias = "request_id", deserialize_with = "or_default")]
    request_id: Int32,
    #[serde(default, alias = "was_cancelled", deserialize_with = "or_default")]
    was_cancelled: bool,
}

/// A request to write. Fields with their default value are left out, as proto3 JSON has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonRequestToWrite<'a> {
    #[serde(skip_serializing_if = "is_default")]
    arguments: &'a [String],
    #[serde(skip_serializing_if = "is_default")]
    inputs: Vec<JsonInputToWrite<'a>>,
    #[serde(skip_serializing_if = "is_default")]
    request_id: i32,
    #[serde(skip_serializing_if = "is_default")]
    cancel: bool,
    #[serde(skip_serializing_if = "is_default")]
    verbosity: i32,
    #[serde(skip_serializing_if = "is_default")]
    sandbox_dir: &'a str,
}

#[derive(Default, PartialEq, Serialize)]
struct JsonInputToWrite<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    digest: String,
}

/// A response to write. The code and the id are always there, for whoever reads along.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonResponseToWrite<'a> {
    exit_code: i32,
    #[serde(skip_serializing_if = "is_default")]
    output: &'a str,
    request_id: i32,
    #[serde(skip_serializing_if = "is_default")]
    was_cancelled: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `null` stands for the default value in proto3 JSON.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(value: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(value).map(Option::unwrap_or_default)
}

/// An int32, which may be written `1`, `"1"`, `1.0` or `1e0`.
#[derive(Clone, Copy, Default)]
struct Int32(i32);

impl<'de> Deserialize<'de> for Int32 {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Int32, D::Error> {
        // By way of a value, since serde_json hands numbers over in another way where any crate of the program asks it to
        // keep all their digits (its feature `arbitrary_precision`).
        let value = serde_json::Value::deserialize(value)?;
        let found = match &value {
            serde_json::Value::Number(number) => number
                .as_i64()
                .and_then(|integer| i32::try_from(integer).ok())
                .or_else(|| of_float(number.as_f64()?)),
            serde_json::Value::String(text) => text.parse().ok().or_else(|| of_float(text.parse().ok()?)),
            _ => None,
        };
        found.map(Int32).ok_or_else(|| {
            de::Error::custom(format_args!("{value} is not a 32-bit integer, nor a string that holds one"))
        })
    }
}

/// The integer that a float is, if it is one.
fn of_float(value: f64) -> Option<i32> {
    let is_integer = value.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value);
    is_integer.then_some(value as i32)
}

/// A digest is a token: base64 by the rules, but whatever it is, it must not stop a build.
#[derive(Default)]
struct Digest(Vec<u8>);

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Digest, D::Error> {
        Ok(match serde_json::Value::deserialize(value)? {
            serde_json::Value::String(text) => {
                Digest(BASE64.decode(&text).unwrap_or_else(|_| text.into_bytes()))
            }
            serde_json::Value::Null => Digest::default(),
            other => Digest(other.to_string().into_bytes()),
        })
    }
}

impl<I> JsonRequest<I> {
    fn into_request(self, inputs: impl FnOnce(I) -> Vec<Input>) -> WorkRequest {
        WorkRequest {
            arguments: self.arguments,
            inputs: inputs(self.inputs),
            request_id: self.request_id.0,
            cancel: self.cancel,
            verbosity: self.verbosity.0,
            sandbox_dir: self.sandbox_dir,
        }
    }
}

pub(crate) fn decode_request(object: &[u8], inputs: Inputs) -> Result<WorkRequest, String> {
    match inputs {
        Inputs::Keep => {
            let request: JsonRequest<Vec<JsonInput>> = decode(object)?;
            Ok(request.into_request(|inputs| {
                inputs.into_iter().map(|input| Input { path: input.path, digest: input.digest.0 }).collect()
            }))
        }
        Inputs::Skip => {
            let request: JsonRequest<IgnoredAny> = decode(object)?;
            Ok(request.into_request(|_| Vec::new()))
        }
    }
}

pub(crate) fn decode_response(object: &[u8]) -> Result<WorkResponse, String> {
    let response: JsonResponse = decode(object)?;
    Ok(WorkResponse {
        exit_code: response.exit_code.0,
        output: response.output,
        request_id: response.request_id.0,
        was_cancelled: response.was_cancelled,
    })
}

fn decode<'de, T: Deserialize<'de>>(object: &'de [u8]) -> Result<T, String> {
    serde_json::from_slice(object).map_err(|error| error.to_string())
}

pub(crate) fn encode_request(request: &WorkRequest) -> Vec<u8> {
    let inputs = request.inputs.iter();
    encode(&JsonRequestToWrite {
        arguments: &request.arguments,
        inputs: inputs
            .map(|input| JsonInputToWrite { path: &input.path, digest: BASE64.encode(&input.digest) })
            .collect(),
        request_id: request.request_id,
        cancel: request.cancel,
        verbosity: request.verbosity,
        sandbox_dir: &request.sandbox_dir,
    })
}

pub(crate) fn encode_response(response: &WorkResponse) -> Vec<u8> {
    encode(&JsonResponseToWrite {
        exit_code: response.exit_code,
        output: &response.output,
        request_id: response.request_id,
        was_cancelled: response.was_cancelled,
    })
}

fn encode(message: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(message).expect("strings, numbers and lists are always JSON");
    bytes.push(b'\n');
    bytes
}
