//! From one source file to one pyc on disk: the engine that compiles, staleness, and publishing.
//!
//! The steps a caller strings together, one file at a time:
//!
//! 1. [`staleness::judge`]: is there anything to do?
//! 2. [`Source::read`]: the bytes, with the mtime, size and mode that belong to them.
//! 3. [`Engine::submit`] (or [`Engine::compile`]): source to marshalled code object.
//! 4. [`pyc_bytes`]: header and code.
//! 5. [`publish::publish`]: whole or not at all.
//!
//! Nothing here prints, parses arguments or decides an exit code.

mod diagnostic;
mod engine;
mod filename;
mod interpreter;
mod job;
pub mod layout;
mod native;
mod optimize;
pub mod publish;
mod source;
pub mod staleness;
mod target;

pub use diagnostic::{Diagnostic, Severity};
pub use engine::{
    CompileFailure, CompileRequest, CompileResult, Compiled, Engine, EngineError, has_native_compiler,
    pyc_bytes,
};
pub use filename::Filename;
pub use interpreter::Limits;
pub use layout::Layout;
pub use optimize::Optimize;
pub use source::{MAX_SOURCE_BYTES, Source, SourceError, SourceStat};
pub use staleness::{Freshness, InvalidationMode, Reason};
pub use target::{InterpreterVersion, Target, TargetError};
