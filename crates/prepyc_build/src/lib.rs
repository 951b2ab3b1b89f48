//! `prepyc build`: packages to a plan, the plan to actions, their outputs to trees that run.
//!
//! * [`analysis::analyze`] makes an [`analysis::Analysis`] of what was asked for.
//! * [`build()`] runs the actions that it needs.
//! * [`explain::explain`] says why.

mod actions;
pub mod analysis;
mod assemble;
mod build;
mod closure;
mod content;
pub mod explain;
pub mod launcher;
mod outputs;
pub mod report;
pub mod runfiles;
pub mod testing;
mod tools;
mod wanted;
pub mod zip;

pub use assemble::{AssembleError, assemble, launcher, repository_mapping, runfiles_tree};
pub use build::{Built, Counts, Message, Severity, build};
pub use content::{Contents, MainPath, ProgramContent, Shipped, ShippedKind, SourceOfPyc};
pub use outputs::{OUTPUT_FOLDER, Outputs};
pub use tools::Tools;
pub use wanted::Wanted;
