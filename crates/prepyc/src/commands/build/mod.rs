//! `prepyc build`, `run`, `test`, `zip`, `explain`, `report`: what Bazel would make of a workspace's Python targets.

mod arguments;
mod asked;
mod command_name;
mod engines;
mod execution;
mod flags;
mod label_flags;
mod options;
mod outcome;
mod patterns;
mod pip_hubs;
mod reading;
mod reporting;
mod running;
mod session;
mod workspace;

pub(crate) use arguments::{TypedCommand, sheltered};

use super::ExitStatus;
use super::console::Console;

/// Reads the command line and the `.bazelrc` files, and does what they ask for.
pub(crate) fn run(typed: TypedCommand, console: &mut Console) -> anyhow::Result<ExitStatus> {
    let environment = reading::Environment::of_process()?;
    running::run(reading::read(typed, &environment)?, console)
}
