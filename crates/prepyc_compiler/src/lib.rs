//! Python's syntax tree to code objects, field for field those of CPython's own compiler.
//!
//! Pure: no I/O, no clock, no environment, no globals. What differs between versions is asked of
//! [`prepyc_version::Features`] and never compared.

mod assemble;
mod backend;
mod cfg;
mod codegen;
mod compile;
mod constants;
mod docstring;
mod error;
pub mod evaluate;
mod future;
mod instruction_set;
mod limits;
mod location;
mod mangle;
mod nan;
mod op;
mod preprocess;
mod sequence;
mod stack;
mod stage;
#[cfg(test)]
mod stage_tests;
pub mod symtable;
mod unit;
mod unparse;
mod warning;

pub use backend::Backend;
pub use codegen::Optimize;
pub use compile::{CompileOptions, Compiled, Compiler, compile};
pub use constants::{ConstantTable, NameTable, same_constant};
pub use error::{CompileError, ErrorKind, ErrorPlace, Rejection, SourceError, UnsupportedVersion};
pub use future::{FutureFeatures, future_features};
pub use limits::Limit;
pub use location::Location;
pub use op::Op;
pub use sequence::{InstructionSequence, Label};
pub use stage::{Stage, Watch};
pub use unit::{CodeFlags, CodeUnitMetadata};
pub use warning::{Warning, WarningKind};

/// Whether there is a compiler for that version: [`compile()`] makes its code objects.
#[must_use]
pub const fn supports(version: prepyc_version::PyVersion) -> bool {
    version.features().native_compiler_is_exact
}
