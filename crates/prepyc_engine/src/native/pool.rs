//! Threads that compile, and the line of requests before them.
//!
//! A thread is started only when a request finds none idle, so that one file costs one thread and none at all cost
//! nothing. Whoever submits waits while the line is full, and is woken when half of it is gone: not once a file.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use prepyc_version::PyVersion;

use super::compile::KeptCompiler;
use crate::job::Job;
use crate::{EngineError, Target};

/// The stack of a compiling thread, in bytes: a megabyte is enough for the compiler, which takes a stack of its own for
/// sources that nest deeper than people write.
const STACK_BYTES: usize = 8 << 20;
/// So many requests may wait.
const MAX_WAITING_REQUESTS: usize = 64;
/// So many bytes of source may wait; one request always does.
const MAX_WAITING_BYTES: usize = 16 << 20;

/// Our own compiler on several threads.
#[derive(Debug)]
pub(crate) struct NativePool {
    target: Target,
    shared: Arc<Shared>,
}

struct Shared {
    version: PyVersion,
    max_threads: usize,
    line: Mutex<Line>,
    /// Something for an idle thread to do, or the end.
    work: Condvar,
    /// Room in the line, or the end.
    room: Condvar,
}

/// Who waits for what.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Job>,
    waiting_bytes: usize,
    threads: Vec<JoinHandle<()>>,
    idle_threads: usize,
    /// How many callers of `submit` wait for room.
    crowd: usize,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    Ended,
}

impl NativePool {
    /// A pool of at most `max_threads` threads (at least one); none is started yet.
    pub(crate) fn new(version: PyVersion, max_threads: usize) -> NativePool {
        let shared = Shared {
            version,
            max_threads: max_threads.max(1),
            line: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
        };
        NativePool { target: Target::from_release(version.into()), shared: Arc::new(shared) }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// See [`Engine::submit`](crate::Engine::submit).
    pub(crate) fn submit(&self, job: Job) {
        let mut line = self.shared.lock();
        while line.is_full(job.bytes()) && line.phase == Phase::Open {
            line.crowd += 1;
            line = self.shared.room.wait(line).unwrap_or_else(PoisonError::into_inner);
            line.crowd -= 1;
        }
        if line.phase == Phase::Ended {
            drop(line);
            return job.shut_down();
        }
        line.push(job);
        if line.idle_threads > 0 {
            self.shared.work.notify_one();
        }
        // One that is being woken still counts as idle.
        if line.waiting.len() <= line.idle_threads || line.threads.len() == self.shared.max_threads {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("compiler".to_owned()).stack_size(STACK_BYTES);
        match thread.spawn(move || work(&shared)) {
            Ok(thread) => line.threads.push(thread),
            // Those that run do it all.
            Err(_) if !line.threads.is_empty() => {}
            Err(error) => {
                let waiting = line.take_all();
                drop(line);
                let error = EngineError::Thread { reason: error.to_string() };
                waiting.into_iter().for_each(|job| job.fail(error.clone()));
            }
        }
    }

    /// See [`Engine::shut_down`](crate::Engine::shut_down). What is being compiled is answered all the same.
    pub(crate) fn shut_down(&self) {
        let mut line = self.shared.lock();
        line.phase = Phase::Ended;
        let waiting = line.take_all();
        drop(line);
        self.shared.work.notify_all();
        self.shared.room.notify_all();
        waiting.into_iter().for_each(Job::shut_down);
    }
}

impl Drop for NativePool {
    fn drop(&mut self) {
        self.shut_down();
        let threads = std::mem::take(&mut self.shared.lock().threads);
        for thread in threads {
            // A `done` may hold the last handle to the engine; its thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request; `None` at the end.
    fn next(&self) -> Option<Job> {
        let mut line = self.lock();
        loop {
            if line.phase == Phase::Ended {
                return None;
            }
            if let Some(job) = line.pop() {
                if line.crowd > 0 && line.has_emptied() {
                    drop(line);
                    self.room.notify_all();
                }
                return Some(job);
            }
            line.idle_threads += 1;
            line = self.work.wait(line).unwrap_or_else(PoisonError::into_inner);
            line.idle_threads -= 1;
        }
    }
}

impl Line {
    fn is_full(&self, bytes: usize) -> bool {
        let is_crowded = self.waiting.len() >= MAX_WAITING_REQUESTS
            || self.waiting_bytes.saturating_add(bytes) > MAX_WAITING_BYTES;
        is_crowded && !self.waiting.is_empty()
    }

    /// Whether it is worth waking those who wait for room.
    fn has_emptied(&self) -> bool {
        let is_half =
            self.waiting.len() <= MAX_WAITING_REQUESTS / 2 && self.waiting_bytes <= MAX_WAITING_BYTES / 2;
        is_half || self.waiting.is_empty()
    }

    fn push(&mut self, job: Job) {
        self.waiting_bytes += job.bytes();
        self.waiting.push_back(job);
    }

    fn pop(&mut self) -> Option<Job> {
        let job = self.waiting.pop_front()?;
        self.waiting_bytes -= job.bytes();
        Some(job)
    }

    fn take_all(&mut self) -> VecDeque<Job> {
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting)
    }
}

/// A thread's life: one request after the other, until the end.
fn work(shared: &Shared) {
    let mut compiler = KeptCompiler::new(shared.version);
    while let Some(job) = shared.next() {
        let result = compiler.compile(&job.request);
        job.finish(result);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NativePool").field("version", &self.version).finish_non_exhaustive()
    }
}
