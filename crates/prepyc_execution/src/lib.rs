//! Runs actions: an action is a command, inputs by digest and named outputs; strategies run it, a cache may spare it.
//!
//! It knows the precompiler's command line ([`precompiler`]), but no targets and no BUILD files.
//!
//! * Whoever builds makes [`Action`]s, an [`Executor`] with [`ExecutorOptions`], and calls [`Executor::run`].
//! * An action is not run where its outputs are known to be what it would make (the ledger of the last build), nor where
//!   the disk cache has them. Else the first of its mnemonic's strategies that can run it does.
//! * Whoever runs an action hands over bytes; only [`Executor`] writes to where outputs go.

mod action;
mod cancel;
mod codec;
mod digest;
mod disk_cache;
mod event;
mod executor;
mod file_state;
mod guardian;
mod ledger;
mod options;
mod outcome;
mod outputs;
pub mod precompiler;
mod prepare;
mod run;
mod strategy;

pub use action::{Action, ActionError, Input, Output, Program, Rejection, Tool};
pub use cancel::CancelToken;
pub use digest::Digest;
pub use event::{Event, Progress};
pub use executor::Executor;
pub use guardian::{Guardian, Watched};
pub use options::{
    EngineSource, ExecutorOptions, Limits, OnFailure, PerMnemonic, StrategyKind, UnknownStrategy,
    WorkerOptions,
};
pub use outcome::{ExecutionError, Outcome, RanBy};
