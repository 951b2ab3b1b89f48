//! Strategies: ways to run an action. Each gets what there is to know and hands over the outputs' bytes.
//!
//! A strategy neither publishes nor caches, and does not know where outputs go: running an action elsewhere (by its command,
//! its inputs' digests and its outputs' names) is one more of them.

pub(crate) mod builtin;

use crate::cancel::CancelToken;
use crate::outcome::ExecutionError;
use crate::prepare::Prepared;

/// What is to be run now.
pub(crate) struct Spawn<'a> {
    pub(crate) prepared: &'a Prepared<'a>,
    pub(crate) cancel: &'a CancelToken,
}

/// An action that was run.
#[derive(Debug)]
pub(crate) struct Made {
    /// What its outputs hold, in the order of the action's.
    pub(crate) outputs: Vec<Vec<u8>>,
    /// What the tool said.
    pub(crate) text: String,
}

/// An action that has no outputs.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The tool will not have the inputs, and says why.
    Rejected(String),
    /// Something else is wrong.
    Failed(ExecutionError),
    /// It was given up because that was asked for.
    Cancelled,
}

impl<E: Into<ExecutionError>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Failed(error.into())
    }
}
