//! The pool: who gets which request, and what becomes of it if a process dies.
//!
//! Each *slot* is at most one process and two threads: one reads its answers, makes them canonical and calls `done`;
//! the other, for as long as the process lives, writes requests to it. A request waits in `waiting` until a slot has
//! room, then stands in that slot's flight, in the order it is written; the first one is the *head*, the one being
//! compiled. A process is started only when there is a request for it.

use std::collections::VecDeque;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use prepyc_bytecode::Program;

use super::Limits;
use super::frame::{self, Garbage, Head, Kind};
use super::process::{Process, ReadFailure, ResponseReader, find_executable};
use crate::{CompileFailure, CompileRequest, CompileResult, Compiled, EngineError, Target};

/// So many processes in a row may die before any has answered; then the interpreter is given up.
const MAX_FAILED_STARTS: u32 = 3;

/// What a request ends in.
pub(crate) type Done = Box<dyn FnOnce(CompileResult) + Send>;

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
    state: Mutex<State>,
    /// One for each slot: something for its threads to do, or the end.
    wake: Vec<Condvar>,
    /// Room in `waiting`, or the end.
    room: Condvar,
}

struct State {
    waiting: VecDeque<Job>,
    waiting_bytes: usize,
    slots: Vec<Slot>,
    /// Processes in a row that died before any of them had answered.
    failed_starts: u32,
    end: Option<End>,
}

/// Why nothing is compiled any more.
#[derive(Clone)]
enum End {
    /// The pool is being dropped.
    ShutDown,
    /// The interpreter does not work.
    Broken(EngineError),
}

struct Slot {
    phase: Phase,
    /// Requests of the process, oldest first: written, being written or to be written.
    flight: VecDeque<Job>,
    /// How many of them the writing thread has taken up.
    taken: usize,
    /// Their sources' bytes.
    bytes: usize,
    /// Since when the first of them has been the first.
    head_since: Instant,
    process: Option<Arc<Process>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No process, and none wanted.
    Dormant,
    /// A process is being started, for a request that still waits.
    Starting,
    /// A process takes requests.
    Live,
    /// Its process has died; the slot's thread is clearing up.
    Dying,
    /// Its processes do not start, though others do: it is not tried again.
    Gone,
}

struct Job {
    request: CompileRequest,
    done: Done,
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
        let mut slots: Vec<Slot> = (0..workers).map(|_| Slot::new()).collect();
        slots[0].phase = Phase::Live;
        slots[0].process = Some(Arc::clone(&process));
        let shared = Arc::new(Shared {
            executable,
            target,
            limits,
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                waiting_bytes: 0,
                slots,
                failed_starts: 0,
                end: None,
            }),
            wake: (0..workers).map(|_| Condvar::new()).collect(),
            room: Condvar::new(),
        });
        let mut first = Some((process, reader));
        let threads = (0..workers)
            .map(|slot| {
                let shared = Arc::clone(&shared);
                let started = first.take();
                thread::spawn(move || run_slot(&shared, slot, started))
            })
            .collect();
        Ok(InterpreterPool { shared, threads })
    }

    pub(crate) fn target(&self) -> &Target {
        &self.shared.target
    }

    /// See [`Engine::submit`](crate::Engine::submit).
    pub(crate) fn submit(&self, request: CompileRequest, done: Done) {
        let job = Job { request, done };
        if u32::try_from(job.request.source.len()).is_err() {
            let error = EngineError::TooLarge {
                filename: job.request.filename.clone(),
                size_bytes: job.request.source.len(),
            };
            return job.fail(error);
        }
        let limits = &self.shared.limits;
        let mut state = self.shared.lock();
        while state.end.is_none() && state.is_full(limits, job.bytes()) {
            state = self.shared.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(end) = state.end.clone() {
            drop(state);
            return job.end(&end);
        }
        state.waiting_bytes += job.bytes();
        state.waiting.push_back(job);
        self.shared.place(&mut state);
    }

    /// See [`Engine::shut_down`](crate::Engine::shut_down).
    pub(crate) fn shut_down(&self) {
        let mut state = self.shared.lock();
        self.shared.end(&mut state, End::ShutDown);
        let waiting = std::mem::take(&mut state.waiting);
        state.waiting_bytes = 0;
        drop(state);
        waiting.into_iter().for_each(|job| job.end(&End::ShutDown));
    }
}

impl Drop for InterpreterPool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        self.shared.end(&mut state, End::ShutDown);
        drop(state);
        for thread in self.threads.drain(..) {
            // A `done` may hold the last handle to the engine; its thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
        let mut state = self.shared.lock();
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        left.into_iter().for_each(|job| job.end(&End::ShutDown));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives waiting requests to slots: to an idle process first, then to a new one, then behind others' requests.
    fn place(&self, state: &mut State) {
        while let Some(first) = state.waiting.front() {
            let bytes = first.bytes();
            // A process that is being started will want one.
            let starting = state.slots.iter().filter(|slot| slot.phase == Phase::Starting).count();
            let spare = state.waiting.len() > starting;
            let find = |wanted: &dyn Fn(&Slot) -> bool| state.slots.iter().position(wanted);
            let idle = find(&|slot| slot.phase == Phase::Live && slot.flight.is_empty());
            if let Some(slot) = idle {
                self.give(state, slot);
            } else if let Some(slot) = find(&|slot| slot.phase == Phase::Dormant).filter(|_| spare) {
                state.slots[slot].phase = Phase::Starting;
                self.wake[slot].notify_all();
            } else if let Some(slot) = self.least_busy(state, bytes).filter(|_| spare) {
                self.give(state, slot);
            } else {
                break;
            }
        }
    }

    fn least_busy(&self, state: &State, bytes: usize) -> Option<usize> {
        let has_room = |slot: &Slot| {
            slot.phase == Phase::Live
                && slot.flight.len() < self.limits.requests_in_flight
                && slot.bytes.saturating_add(bytes) <= self.limits.bytes_in_flight
        };
        let open = (0..state.slots.len()).filter(|&slot| has_room(&state.slots[slot]));
        open.min_by_key(|&slot| state.slots[slot].bytes)
    }

    fn give(&self, state: &mut State, slot: usize) {
        let Some(job) = state.waiting.pop_front() else {
            return;
        };
        let bytes = job.bytes();
        state.waiting_bytes -= bytes;
        state.slots[slot].push(job);
        self.wake[slot].notify_all();
        self.room.notify_all();
    }

    /// Ends everything: no request is taken any more, all processes are killed.
    fn end(&self, state: &mut State, end: End) {
        state.end.get_or_insert(end);
        for (slot, wake) in state.slots.iter().zip(&self.wake) {
            if let Some(process) = &slot.process {
                process.kill();
            }
            wake.notify_all();
        }
        self.room.notify_all();
    }

    /// Counts a process that died before it did anything; gives up if there were too many.
    fn start_failed(&self, slot: usize, error: EngineError) {
        let mut state = self.lock();
        state.failed_starts += 1;
        state.slots[slot].phase = Phase::Dormant;
        state.slots[slot].process = None;
        if state.failed_starts < MAX_FAILED_STARTS {
            return self.place(&mut state);
        }
        if state.slots.iter().any(|slot| slot.phase == Phase::Live) {
            // Too many processes for this machine, perhaps: those that run go on.
            state.slots[slot].phase = Phase::Gone;
            return self.place(&mut state);
        }
        let end = End::Broken(error);
        self.end(&mut state, end.clone());
        let waiting = std::mem::take(&mut state.waiting);
        state.waiting_bytes = 0;
        drop(state);
        waiting.into_iter().for_each(|job| job.end(&end));
    }
}

impl State {
    fn is_full(&self, limits: &Limits, bytes: usize) -> bool {
        let crowded = self.waiting.len() >= limits.waiting_requests
            || self.waiting_bytes.saturating_add(bytes) > limits.waiting_bytes;
        crowded && !self.waiting.is_empty()
    }
}

impl Slot {
    fn new() -> Slot {
        Slot {
            phase: Phase::Dormant,
            flight: VecDeque::new(),
            taken: 0,
            bytes: 0,
            head_since: Instant::now(),
            process: None,
        }
    }

    fn push(&mut self, job: Job) {
        if self.flight.is_empty() {
            self.head_since = Instant::now();
        }
        self.bytes += job.bytes();
        self.flight.push_back(job);
    }

    /// Takes the request that has been answered. None if the process answers what it was not asked.
    fn pop(&mut self) -> Option<Job> {
        if self.taken == 0 {
            return None;
        }
        let job = self.flight.pop_front()?;
        self.taken -= 1;
        self.bytes -= job.bytes();
        self.head_since = Instant::now();
        Some(job)
    }
}

impl Job {
    fn bytes(&self) -> usize {
        self.request.source.len()
    }

    fn finish(self, result: CompileResult) {
        // A panic in there has been reported by the panic hook and is its owner's affair: the pool lives on.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.done)(result)));
    }

    fn fail(self, error: EngineError) {
        self.finish(Err(CompileFailure::Engine(error)));
    }

    fn end(self, end: &End) {
        let error = match end {
            End::ShutDown => EngineError::ShutDown { filename: self.request.filename.clone() },
            End::Broken(error) => error.clone(),
        };
        self.fail(error);
    }
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
            thread::spawn(move || feed(&shared, slot, &process))
        };
        let (failure, answered) = read_answers(shared, slot, &process, reader);
        shared.lock().slots[slot].phase = Phase::Dying;
        process.hang_up();
        shared.wake[slot].notify_all();
        let _ = feeder.join();
        clear_up(shared, slot, &process, failure, answered);
    }
}

/// False at the end.
fn wait_until_wanted(shared: &Shared, slot: usize) -> bool {
    let mut state = shared.lock();
    loop {
        if state.end.is_some() {
            return false;
        }
        if state.slots[slot].phase == Phase::Starting {
            return true;
        }
        state = shared.wake[slot].wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

fn start_process(shared: &Shared, slot: usize) -> Result<(Arc<Process>, ResponseReader), EngineError> {
    let process = Arc::new(Process::spawn(&shared.executable)?);
    let mut state = shared.lock();
    if state.end.is_some() {
        process.kill();
    }
    // From here on dropping the pool kills it, even if it never greets.
    state.slots[slot].process = Some(Arc::clone(&process));
    drop(state);
    let (reader, target) = process.greet(&shared.limits)?;
    if target != shared.target {
        let reason = format!("it has become another Python while it was in use: {target}");
        return Err(EngineError::Start { executable: shared.executable.clone(), reason });
    }
    let mut state = shared.lock();
    state.slots[slot].phase = Phase::Live;
    shared.place(&mut state);
    drop(state);
    Ok((process, reader))
}

/// Writes a slot's requests to its process, as long as both are there.
fn feed(shared: &Shared, slot: usize, process: &Process) {
    let mut sequence: u32 = 0;
    let mut state = shared.lock();
    loop {
        let own = &mut state.slots[slot];
        if own.phase != Phase::Live {
            return;
        }
        let Some(job) = own.flight.get(own.taken) else {
            state = shared.wake[slot].wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let request = job.request.clone();
        own.taken += 1;
        drop(state);
        sequence = sequence.wrapping_add(1);
        let mut writer = process.writer();
        let written = frame::encode_request(sequence, &request).is_some_and(|head| {
            writer.write_all(&head).and_then(|()| writer.write_all(&request.source)).is_ok()
        });
        if !written {
            // Whoever reads sees its end, or is made to.
            return process.hang_up();
        }
        state = shared.lock();
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
    let deadline = || {
        let state = shared.lock();
        let own = &state.slots[slot];
        (!own.flight.is_empty()).then(|| own.head_since + shared.limits.request_time)
    };
    loop {
        let (head, body) = match reader.response(deadline) {
            Ok(response) => response,
            Err(failure) => return (failure, answered),
        };
        sequence = sequence.wrapping_add(1);
        if head.sequence != sequence || head.kind == Kind::Hello {
            return (ReadFailure::Garbage, answered);
        }
        let mut state = shared.lock();
        let Some(job) = state.slots[slot].pop() else {
            return (ReadFailure::Garbage, answered);
        };
        state.failed_starts = 0;
        answered = Answered::Once;
        shared.place(&mut state);
        drop(state);
        match answer(shared, process, &job.request, head, &body) {
            Ok(result) => job.finish(result),
            Err(Garbage) => {
                // The rest of the stream is as little to be trusted. The request is the head again.
                let mut state = shared.lock();
                let own = &mut state.slots[slot];
                own.bytes += job.bytes();
                own.taken += 1;
                own.flight.push_front(job);
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
        let (diagnostic, warnings) = frame::decode_rejected(body, &request.filename)?;
        return Ok(Err(CompileFailure::Rejected { diagnostic: Box::new(diagnostic), warnings }));
    }
    let (code, warnings) = frame::decode_compiled(body, &request.filename)?;
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

/// After a process's death: its head gets the error, the others wait again, first in line.
fn clear_up(shared: &Shared, slot: usize, process: &Process, failure: ReadFailure, answered: Answered) {
    let reason = process.explain(failure, &shared.limits);
    let mut state = shared.lock();
    let own = &mut state.slots[slot];
    let mut flight = std::mem::take(&mut own.flight);
    (own.taken, own.bytes, own.process) = (0, 0, None);
    if let Some(end) = state.end.clone() {
        drop(state);
        return flight.into_iter().for_each(|job| job.end(&end));
    }
    let executable = shared.executable.clone();
    let Some(head) = flight.pop_front() else {
        drop(state);
        // Nobody asked it anything. If it never answered at all it counts as one that does not start.
        return match answered {
            Answered::Never => shared.start_failed(slot, EngineError::Start { executable, reason }),
            Answered::Once => shared.revive(slot),
        };
    };
    for job in flight.into_iter().rev() {
        state.waiting_bytes += job.bytes();
        state.waiting.push_front(job);
    }
    drop(state);
    shared.revive(slot);
    let filename = head.request.filename.clone();
    head.fail(EngineError::Interpreter { executable, filename, reason });
}

impl Shared {
    /// Lets a slot have a new process when there is a request for one.
    fn revive(&self, slot: usize) {
        let mut state = self.lock();
        state.slots[slot].phase = Phase::Dormant;
        self.place(&mut state);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterpreterPool").field("target", &self.target).finish_non_exhaustive()
    }
}
