//! Compiling on the thread that asks.
//!
//! For a process that compiles one file: a thread and its memory cost as much as compiling a few hundred lines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use prepyc_version::PyVersion;

use super::compile::KeptCompiler;
use crate::Target;
use crate::job::Job;

/// Our own compiler on the threads of those who submit, one request at a time.
#[derive(Debug)]
pub(crate) struct CallersThread {
    target: Target,
    compiler: Mutex<KeptCompiler>,
    has_ended: AtomicBool,
}

impl CallersThread {
    pub(crate) fn new(version: PyVersion) -> CallersThread {
        let compiler = Mutex::new(KeptCompiler::new(version));
        let target = Target::from_release(version.into());
        CallersThread { target, compiler, has_ended: AtomicBool::new(false) }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// Compiles, and answers before it returns.
    pub(crate) fn submit(&self, job: Job) {
        let mut compiler = self.compiler.lock().unwrap_or_else(PoisonError::into_inner);
        if self.has_ended.load(Ordering::Acquire) {
            drop(compiler);
            return job.shut_down();
        }
        let result = compiler.compile(&job.request);
        drop(compiler);
        job.finish(result);
    }

    /// See [`Engine::shut_down`](crate::Engine::shut_down). What is being compiled is answered all the same.
    pub(crate) fn shut_down(&self) {
        self.has_ended.store(true, Ordering::Release);
    }
}
