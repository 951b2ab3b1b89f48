//! `prepyc build`, `run`, `test`, `zip`, `explain`, `report`: what Bazel would make of a workspace's Python targets.

mod arguments;
mod command_name;
mod flags;
mod label_flags;
mod options;
mod patterns;
mod reading;
mod workspace;

#[allow(unused_imports, reason = "for the command line that runs them")]
pub(crate) use arguments::{TypedCommand, sheltered};
