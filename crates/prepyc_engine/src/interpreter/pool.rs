//! The pool: processes, their threads, and what becomes of requests if a process dies.
//!
//! Each *slot* is at most one process and two threads: one reads its answers, makes them canonical and calls `done`;
//! the other, for as long as the process lives, writes requests to it. A process is started only when there is a
//! request for it.

use std::io;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use prepyc_bytecode::Program;

use super::Limits;
use super::frame::{self, Garbage, Head, Kind};
use super::process::{Process, ReadFailure, ResponseReader, find_executable};
use super::queue::{End, Phase, Queue};
use crate::job::Job;
use crate::{CompileFailure, CompileRequest, CompileResult, Compiled, EngineError, Target};

/// So many processes in a row may die before any has answered; then the interpreter is given up.
const MAX_FAILED_STARTS: u32 = 3;

/// Several interpreters of one target.
#[derive(Debug)]
pub(crate) struct InterpreterPool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    executable: PathBuf,
    target: Target,
    limits: Limits,
    queue: Mutex<Queue>,
    /// One for each slot: something for its threads to do, or the end.
    wake: Vec<Condvar>,
    /// Room in the queue, or the end.
    room: Condvar,
}

impl InterpreterPool {
    /// Starts the first process, to learn the target; the others follow when there is work for them.
    pub(crate) fn start(
        executable: &Path,
        workers: usize,
        limits: Limits,
    ) -> Result<InterpreterPool, EngineError> {
        let executable = find_executable(executable)?;
        let process = Arc::new(Process::spawn(&executable)?);
        let (reader, target) = process.greet(&limits)?;
        let workers = workers.max(1);
        let mut queue = Queue::new(workers);
        queue.slots[0].phase = Phase::Live;
        queue.slots[0].process = Some(Arc::clone(&process));
        let shared = Arc::new(Shared {
            executable,
            target,
            limits,
            queue: Mutex::new(queue),
            wake: (0..workers).map(|_| Condvar::new()).collect(),
            room: Condvar::new(),
        });
        let mut pool = InterpreterPool { shared, threads: Vec::with_capacity(workers) };
        let mut first = Some((process, reader));
        for slot in 0..workers {
            let (shared, started) = (Arc::clone(&pool.shared), first.take());
            let thread = thread::Builder::new().spawn(move || run_slot(&shared, slot, started));
            pool.threads.push(thread.map_err(|error| no_thread(&pool.shared.executable, &error))?);
        }
        Ok(pool)
    }

    pub(crate) fn target(&self) -> &Target {
        &self.shared.target
    }

    /// See [`Engine::submit`](crate::Engine::submit).
    pub(crate) fn submit(&self, job: Job) {
        if u32::try_from(job.bytes()).is_err() {
            let (filename, size_bytes) = (job.request.filename.clone(), job.bytes());
            return job.fail(EngineError::TooLarge { filename, size_bytes });
        }
        let mut queue = self.shared.lock();
        while queue.end.is_none() && queue.is_full(&self.shared.limits, job.bytes()) {
            queue = self.shared.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(end) = queue.end.clone() {
            drop(queue);
            return job.end(&end);
        }
        queue.push(job);
        self.shared.place(&mut queue);
    }

    /// See [`Engine::shut_down`](crate::Engine::shut_down).
    pub(crate) fn shut_down(&self) {
        let mut queue = self.shared.lock();
        self.shared.end(&mut queue, End::ShutDown);
        let waiting = queue.take_waiting();
        drop(queue);
        waiting.into_iter().for_each(|job| job.end(&End::ShutDown));
    }
}

impl Drop for InterpreterPool {
    fn drop(&mut self) {
        self.shut_down();
        for thread in self.threads.drain(..) {
            // A `done` may hold the last handle to the engine; its thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives waiting requests to slots, and wakes whom it concerns.
    fn place(&self, queue: &mut Queue) {
        let woken = queue.place(&self.limits);
        woken.iter().for_each(|&slot| self.wake[slot].notify_all());
        if !woken.is_empty() {
            self.room.notify_all();
        }
    }

    /// Lets a slot have a new process when there is a request for one.
    fn revive(&self, slot: usize) {
        let mut queue = self.lock();
        queue.slots[slot].phase = Phase::Dormant;
        self.place(&mut queue);
    }

    /// Ends everything: no request is taken any more, all processes are killed.
    fn end(&self, queue: &mut Queue, end: End) {
        queue.end.get_or_insert(end);
        for (slot, wake) in queue.slots.iter().zip(&self.wake) {
            if let Some(process) = &slot.process {
                process.kill();
            }
            wake.notify_all();
        }
        self.room.notify_all();
    }

    /// Counts a process that died before it did anything; gives up if there were too many.
    fn start_failed(&self, slot: usize, error: EngineError) {
        let mut queue = self.lock();
        queue.failed_starts += 1;
        queue.slots[slot].process = None;
        queue.slots[slot].phase = Phase::Dormant;
        if queue.failed_starts >= MAX_FAILED_STARTS {
            if queue.slots.iter().any(|slot| slot.phase == Phase::Live) {
                // Too many processes for this machine, perhaps: those that run go on.
                queue.slots[slot].phase = Phase::Gone;
            } else {
                let end = End::Broken(error);
                self.end(&mut queue, end.clone());
                let waiting = queue.take_waiting();
                drop(queue);
                return waiting.into_iter().for_each(|job| job.end(&end));
            }
        }
        self.place(&mut queue);
    }
}

fn no_thread(executable: &Path, error: &io::Error) -> EngineError {
    EngineError::Start { executable: executable.to_owned(), reason: format!("no thread for it: {error}") }
}

/// A slot's life: start a process when one is wanted, read its answers until it dies, again.
fn run_slot(shared: &Arc<Shared>, slot: usize, mut started: Option<(Arc<Process>, ResponseReader)>) {
    loop {
        let outcome = match started.take() {
            Some(started) => Ok(started),
            None if wait_until_wanted(shared, slot) => start_process(shared, slot),
            None => return,
        };
        let (process, reader) = match outcome {
            Ok(started) => started,
            Err(error) => {
                shared.start_failed(slot, error);
                continue;
            }
        };
        let feeder = {
            let (shared, process) = (Arc::clone(shared), Arc::clone(&process));
            thread::Builder::new().spawn(move || feed(&shared, slot, &process))
        };
        if feeder.is_err() {
            // Without it the process sees the end of its input, and is dealt with as one that died.
            process.hang_up();
        }
        let (failure, answered) = read_answers(shared, slot, &process, reader);
        shared.lock().slots[slot].phase = Phase::Dying;
        process.hang_up();
        shared.wake[slot].notify_all();
        feeder.into_iter().for_each(|feeder| drop(feeder.join()));
        clear_up(shared, slot, &process, failure, answered);
    }
}

/// False at the end.
fn wait_until_wanted(shared: &Shared, slot: usize) -> bool {
    let mut queue = shared.lock();
    loop {
        if queue.end.is_some() {
            return false;
        }
        if queue.slots[slot].phase == Phase::Starting {
            return true;
        }
        queue = shared.wake[slot].wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

fn start_process(shared: &Shared, slot: usize) -> Result<(Arc<Process>, ResponseReader), EngineError> {
    let process = Arc::new(Process::spawn(&shared.executable)?);
    let mut queue = shared.lock();
    if queue.end.is_some() {
        process.kill();
    }
    // From here on dropping the pool kills it, even if it never greets.
    queue.slots[slot].process = Some(Arc::clone(&process));
    drop(queue);
    let (reader, target) = process.greet(&shared.limits)?;
    if target != shared.target {
        let reason = format!("it has become another Python while it was in use: {target}");
        return Err(EngineError::Start { executable: shared.executable.clone(), reason });
    }
    let mut queue = shared.lock();
    queue.slots[slot].phase = Phase::Live;
    shared.place(&mut queue);
    drop(queue);
    Ok((process, reader))
}

/// Writes a slot's requests to its process, as long as both are there.
fn feed(shared: &Shared, slot: usize, process: &Process) {
    let mut sequence: u32 = 0;
    let mut queue = shared.lock();
    loop {
        if queue.slots[slot].phase != Phase::Live {
            return;
        }
        let Some(request) = queue.slots[slot].take_up() else {
            queue = shared.wake[slot].wait(queue).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        drop(queue);
        sequence = sequence.wrapping_add(1);
        let head = frame::encode_request(sequence, &request);
        if head.as_ref().is_some_and(|head| process.write_all(head).is_err()) {
            // It has died already: that is not this request's doing.
            shared.lock().slots[slot].undo_take_up();
            return process.hang_up();
        }
        if head.is_none() || process.write_all(&request.source).is_err() {
            // Whoever reads sees its end, or is made to.
            return process.hang_up();
        }
        queue = shared.lock();
    }
}

/// Answers a process's requests until it fails; says how, and whether it ever answered.
fn read_answers(
    shared: &Shared,
    slot: usize,
    process: &Process,
    mut reader: ResponseReader,
) -> (ReadFailure, Answered) {
    let mut sequence: u32 = 0;
    let mut answered = Answered::Never;
    let deadline = || shared.lock().slots[slot].head_since().map(|since| since + shared.limits.request_time);
    loop {
        let (head, body) = match reader.response(deadline) {
            Ok(response) => response,
            Err(failure) => return (failure, answered),
        };
        sequence = sequence.wrapping_add(1);
        if head.sequence != sequence || head.kind == Kind::Hello {
            return (ReadFailure::Garbage, answered);
        }
        let mut queue = shared.lock();
        let Some(job) = queue.slots[slot].pop() else {
            return (ReadFailure::Garbage, answered);
        };
        queue.failed_starts = 0;
        answered = Answered::Once;
        shared.place(&mut queue);
        drop(queue);
        match answer(shared, process, &job.request, head, &body) {
            Ok(result) => job.finish(result),
            Err(Garbage) => {
                // The rest of the stream is as little to be trusted. The request is the head again.
                shared.lock().slots[slot].undo_pop(job);
                return (ReadFailure::Garbage, answered);
            }
        }
    }
}

/// Whether a process has answered any request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    Never,
    Once,
}

/// What a response means. The error is a body that no driver sends.
fn answer(
    shared: &Shared,
    process: &Process,
    request: &CompileRequest,
    head: Head,
    body: &[u8],
) -> Result<CompileResult, Garbage> {
    if head.kind == Kind::Rejected {
        let (diagnostic, warnings) = frame::decode_rejected(body, request)?;
        return Ok(Err(CompileFailure::Rejected { diagnostic: Box::new(diagnostic), warnings }));
    }
    let (code, warnings) = frame::decode_compiled(body, request)?;
    let unreadable = |reason: String| EngineError::UnreadableCode {
        executable: process.executable().to_owned(),
        filename: request.filename.clone(),
        reason,
    };
    let code = match shared.target.version() {
        None => code.to_vec(),
        Some(version) => {
            let canonical =
                catch_unwind(|| Program::from_marshal(code, version).map(|program| program.to_marshal()));
            match canonical {
                Ok(Ok(code)) => code,
                Ok(Err(error)) => return Ok(Err(unreadable(error.to_string()).into())),
                Err(_) => {
                    return Ok(Err(unreadable("prepyc failed over it; please report this".into()).into()));
                }
            }
        }
    };
    Ok(Ok(Compiled { code, warnings }))
}

/// After a process's death: the head, if it may have had a part in it, gets the error; the others wait again, first in
/// line.
fn clear_up(shared: &Shared, slot: usize, process: &Process, failure: ReadFailure, answered: Answered) {
    let reason = process.explain(failure, &shared.limits);
    let mut queue = shared.lock();
    let begun = queue.slots[slot].has_begun();
    let mut flight = queue.slots[slot].take_flight();
    queue.slots[slot].process = None;
    if let Some(end) = queue.end.clone() {
        drop(queue);
        return flight.into_iter().for_each(|job| job.end(&end));
    }
    let executable = shared.executable.clone();
    let head = if begun { flight.pop_front() } else { None };
    queue.push_first(flight);
    let Some(head) = head else {
        drop(queue);
        // Nothing that was asked has reached it. If it never answered at all it counts as one that does not start.
        return match answered {
            Answered::Never => shared.start_failed(slot, EngineError::Start { executable, reason }),
            Answered::Once => shared.revive(slot),
        };
    };
    drop(queue);
    shared.revive(slot);
    let filename = head.request.filename.clone();
    head.fail(EngineError::Interpreter { executable, filename, reason });
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterpreterPool").field("target", &self.target).finish_non_exhaustive()
    }
}
