//! Bazel's persistent-worker protocol, both ends of it: messages, the two wire formats, the serving loop.
//!
//! It knows no Python and no bytecode; whoever serves hands it a function from request to response.
//! The rules it keeps are numbered in `docs/worker_protocol.md`.
