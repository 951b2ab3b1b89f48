//! Compiling by prepyc's own compiler: threads, and CPython's words for what it finds wrong.

mod caller;
mod compile;
mod fallback;
mod pool;
mod words;

use crate::Target;
use crate::job::Job;

use caller::CallersThread;
pub(crate) use fallback::Fallback;
use pool::NativePool;
use prepyc_version::PyVersion;

/// Our own compiler, wherever it runs.
#[derive(Debug)]
pub(crate) enum NativeCompiler {
    Pool(NativePool),
    Caller(Box<CallersThread>),
}

impl NativeCompiler {
    /// On at most `max_threads` threads of its own (at least one); none is started yet.
    pub(crate) fn on_threads(version: PyVersion, max_threads: usize) -> NativeCompiler {
        NativeCompiler::Pool(NativePool::new(version, max_threads))
    }

    /// On the thread of whoever submits.
    pub(crate) fn on_callers_thread(version: PyVersion) -> NativeCompiler {
        NativeCompiler::Caller(Box::new(CallersThread::new(version)))
    }

    pub(crate) fn target(&self) -> &Target {
        match self {
            NativeCompiler::Pool(pool) => pool.target(),
            NativeCompiler::Caller(caller) => caller.target(),
        }
    }

    /// See [`Engine::submit`](crate::Engine::submit).
    pub(crate) fn submit(&self, job: Job) {
        match self {
            NativeCompiler::Pool(pool) => pool.submit(job),
            NativeCompiler::Caller(caller) => caller.submit(job),
        }
    }

    /// See [`Engine::shut_down`](crate::Engine::shut_down). What is being compiled is answered all the same.
    pub(crate) fn shut_down(&self) {
        match self {
            NativeCompiler::Pool(pool) => pool.shut_down(),
            NativeCompiler::Caller(caller) => caller.shut_down(),
        }
    }
}
