//! rules_python's precompiler contract: the options of its command line, what they mean, and doing it.
//!
//! There is one reader of those options and one way from sources to pycs, whether an action runs in this process or
//! `prepyc-worker` runs it (`docs/precompiling.md` §7).

mod arguments;
mod batch;
mod compile;

pub use arguments::{ArgumentError, CompileArguments};
pub use batch::{Batch, Module};
pub use compile::{Blame, CompiledBatch, Failure, Failures, compile};
