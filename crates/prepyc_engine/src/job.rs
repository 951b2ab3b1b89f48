//! A request on its way through an engine, and whom to answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{CompileFailure, CompileRequest, CompileResult, EngineError};

/// What takes a request's result.
pub(crate) type Done = Box<dyn FnOnce(CompileResult) + Send>;

/// A request and whom to answer.
pub(crate) struct Job {
    pub(crate) request: CompileRequest,
    pub(crate) done: Done,
}

impl Job {
    /// The size of its source.
    pub(crate) fn bytes(&self) -> usize {
        self.request.source.len()
    }

    /// Answers it.
    pub(crate) fn finish(self, result: CompileResult) {
        // A panic in there has been reported by the panic hook and is its owner's affair: the engine lives on.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.done)(result)));
    }

    /// Answers it with an error that is not its source's.
    pub(crate) fn fail(self, error: EngineError) {
        self.finish(Err(CompileFailure::Engine(error)));
    }

    /// Answers that the engine takes no requests any more.
    pub(crate) fn shut_down(self) {
        let filename = self.request.filename.clone();
        self.fail(EngineError::ShutDown { filename });
    }
}
