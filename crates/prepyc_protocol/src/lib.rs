//! Bazel's persistent-worker protocol, both ends of it: messages, the two wire formats, the serving loop.
//!
//! It knows no Python and no bytecode; whoever serves hands it a function from request to outcome.
//! The rules it keeps are numbered in `docs/worker_protocol.md`.
//!
//! * A worker makes a [`Server`], and calls [`Server::serve`] with its two streams and a handler.
//! * Whoever drives a worker starts it with [`Client::spawn`] and calls [`Client::submit`].
//! * Tests and recorders that break the rules on purpose use the streams themselves:
//!   [`RequestReader`], [`ResponseReader`], [`write_request`], [`write_response`].

mod client;
mod detect;
mod json;
mod message;
mod proto;
mod schedule;
mod serve;
mod stream;

pub use client::{Client, ClientError, Plexing, ProcessEnd, Reply};
pub use detect::detect;
pub use message::{Input, Protocol, UnknownProtocol, WorkRequest, WorkResponse};
pub use schedule::{Cancellation, Cancelled, QUEUE_LIMIT_BYTES};
pub use serve::{End, Outcome, ServeError, ServeOptions, Server, Stopper};
pub use stream::{
    Inputs, MESSAGE_LIMIT_BYTES, ReadError, RequestReader, ResponseReader, write_request, write_response,
};
