//! Which request is where: waiting, running, at its files, answered. Every rule about ids and cancelling is here.
//!
//! All of it is one table under one lock, which is never held while anything is read, compiled or written. Answers are
//! sent under that lock too, so a request is answered where its state changes, and once.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::message::{WorkRequest, WorkResponse};
use crate::serve::{Event, Outcome};

/// How much the requests that wait may take, in bytes; what comes on top is answered with an error at once.
///
/// A request is about a kilobyte without its inputs, so this is no limit that a build meets. It is there so that memory
/// stays bounded without ever letting standard input wait, which would hold up cancel requests.
pub const QUEUE_LIMIT_BYTES: usize = 256 << 20;

/// The request was given up: what belongs to it may not be touched any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request was cancelled")]
pub struct Cancelled;

/// One request as its handler sees it: the way to its files.
///
/// Once a request is answered, nothing of it may be touched, and one that is cancelled is answered at once. So whatever
/// a handler does with the files of a request, it does within [`access`](Self::access) or [`commit`](Self::commit);
/// what it does in memory needs neither.
#[derive(Debug)]
pub struct Cancellation<'a> {
    schedule: &'a Schedule,
    key: JobKey,
}

/// One request from its arrival to its answer. Counts up, so that it tells generations of one id apart.
type JobKey = u64;

#[derive(Debug)]
struct Job {
    id: i32,
    /// What is to be done; taken by the thread that does it.
    request: Option<WorkRequest>,
    stage: Stage,
    /// What its handler is at the files for, while it is within `access` or `commit`.
    at_files: Option<Purpose>,
    /// The request that took over this one's id, and starts when this one is done with its files.
    successor: Option<JobKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waits for another job: the one before it in singleplex, or the one whose id it took, as its successor.
    Held,
    /// Waits for a thread.
    Ready,
    /// Its handler runs. It can be cancelled.
    Running,
    /// It was asked to be cancelled while its handler, or its predecessor's, was at the files: that is answered when
    /// they are left.
    CancelAsked,
    /// Its handler has begun to publish: it will be answered as usual.
    Committed,
    /// Answered as cancelled, replaced, or abandoned: it may not go to its files, and what its handler says is dropped.
    Void,
}

#[derive(Debug)]
pub(crate) struct Schedule {
    table: Mutex<Table>,
    /// There is work, or the end of it.
    work: Condvar,
    /// A job has left its files.
    left_files: Condvar,
}

#[derive(Debug)]
struct Table {
    jobs: BTreeMap<JobKey, Job>,
    next_key: JobKey,
    ready: VecDeque<JobKey>,
    /// The newest unanswered job of each multiplex id.
    multiplex: HashMap<i32, JobKey>,
    /// The unanswered jobs of id 0, in order. Only the first is ready or running.
    singleplex: VecDeque<JobKey>,
    queued_bytes: usize,
    queue_limit_bytes: usize,
    unanswered: usize,
    idle_threads: usize,
    closed: bool,
    answers: Sender<Event>,
}

/// Whether another thread would help with the job that was just accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hands {
    Enough,
    Wanted,
}

/// Why a handler is at the files of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Access,
    Commit,
}

impl Cancellation<'_> {
    /// Whether the answer no longer depends on the handler.
    pub fn is_cancelled(&self) -> bool {
        let table = self.schedule.lock();
        table.jobs.get(&self.key).is_none_or(|job| matches!(job.stage, Stage::Void | Stage::CancelAsked))
    }

    /// Runs what reads files of the request. If a cancel arrives meanwhile, it is answered when that returns.
    pub fn access<T>(&self, read: impl FnOnce() -> T) -> Result<T, Cancelled> {
        self.at_files(Purpose::Access, read)
    }

    /// Runs what publishes the result, unless the request was cancelled first. From here on a cancel has no effect.
    pub fn commit<T>(&self, publish: impl FnOnce() -> T) -> Result<T, Cancelled> {
        self.at_files(Purpose::Commit, publish)
    }

    fn at_files<T>(&self, purpose: Purpose, action: impl FnOnce() -> T) -> Result<T, Cancelled> {
        self.schedule.go_to_files(self.key, purpose)?;
        let _leave = LeaveFiles { schedule: self.schedule, key: self.key };
        Ok(action())
    }
}

/// Leaves the files however the action ends, by panic too.
struct LeaveFiles<'a> {
    schedule: &'a Schedule,
    key: JobKey,
}

impl Drop for LeaveFiles<'_> {
    fn drop(&mut self) {
        self.schedule.lock().leave_files(self.key);
        self.schedule.work.notify_one();
        self.schedule.left_files.notify_all();
    }
}

impl Schedule {
    pub(crate) fn new(answers: Sender<Event>, queue_limit_bytes: usize) -> Schedule {
        Schedule {
            table: Mutex::new(Table {
                jobs: BTreeMap::new(),
                next_key: 0,
                ready: VecDeque::new(),
                multiplex: HashMap::new(),
                singleplex: VecDeque::new(),
                queued_bytes: 0,
                queue_limit_bytes,
                unanswered: 0,
                idle_threads: 0,
                closed: false,
                answers,
            }),
            work: Condvar::new(),
            left_files: Condvar::new(),
        }
    }

    /// Takes in what the reader read: a request to do, or a cancel.
    pub(crate) fn accept(&self, request: WorkRequest) -> Hands {
        let mut table = self.lock();
        if table.closed {
            return Hands::Enough;
        }
        if request.cancel {
            table.cancel(request.request_id);
        } else {
            table.add(request);
        }
        let waiting = table.ready.len();
        let hands = if waiting > table.idle_threads { Hands::Wanted } else { Hands::Enough };
        drop(table);
        if waiting > 0 {
            self.work.notify_one();
        }
        hands
    }

    /// Waits for a job and runs the handler on it; `false` where there will be no more.
    pub(crate) fn work_once(&self, handle: impl FnOnce(&WorkRequest, &Cancellation<'_>) -> Outcome) -> bool {
        let Some((key, request)) = self.take() else { return false };
        let outcome = handle(&request, &Cancellation { schedule: self, key });
        drop(request);
        // A request that this lets go is taken by this very thread.
        self.lock().finish(key, outcome);
        true
    }

    /// How many requests have no answer yet.
    pub(crate) fn unanswered(&self) -> usize {
        self.lock().unanswered
    }

    /// Gives everything up, and waits until no job is publishing any more, for at most `limit`.
    pub(crate) fn abandon(&self, limit: Duration) {
        let mut table = self.lock();
        table.closed = true;
        table.ready.clear();
        table.unanswered = 0;
        for job in table.jobs.values_mut() {
            job.stage = Stage::Void;
        }
        self.work.notify_all();
        let wait = self.left_files.wait_timeout_while(table, limit, |table| {
            // A handler that publishes is let finish: it must leave neither half its files nor temporary ones.
            table.jobs.values().any(|job| job.at_files == Some(Purpose::Commit))
        });
        drop(wait);
    }

    fn take(&self) -> Option<(JobKey, WorkRequest)> {
        let mut table = self.lock();
        loop {
            if table.closed {
                return None;
            }
            if let Some(taken) = table.take_ready() {
                return Some(taken);
            }
            table.idle_threads += 1;
            table = self.work.wait(table).unwrap_or_else(PoisonError::into_inner);
            table.idle_threads -= 1;
        }
    }

    fn go_to_files(&self, key: JobKey, purpose: Purpose) -> Result<(), Cancelled> {
        let mut table = self.lock();
        let job = table.jobs.get_mut(&key).ok_or(Cancelled)?;
        match (job.stage, purpose) {
            (Stage::Running, Purpose::Commit) => job.stage = Stage::Committed,
            (Stage::Running | Stage::Committed, _) => {}
            _ => return Err(Cancelled),
        }
        job.at_files = Some(purpose);
        Ok(())
    }

    /// The table stays whole if a thread panics: nothing between its changes can.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add(&mut self, request: WorkRequest) {
        let id = request.request_id;
        if self.queued_bytes.saturating_add(request.size_bytes()) > self.queue_limit_bytes {
            let output = "prepyc: too many requests are waiting for this worker; send fewer at a time\n";
            self.answer(WorkResponse {
                exit_code: 1,
                output: output.to_owned(),
                request_id: id,
                was_cancelled: false,
            });
            return;
        }
        let key = self.next_key;
        self.next_key += 1;
        self.queued_bytes += request.size_bytes();
        self.unanswered += 1;
        let stage = Stage::Held;
        self.jobs.insert(key, Job { id, request: Some(request), stage, at_files: None, successor: None });
        let held = if id == 0 {
            self.singleplex.push_back(key);
            self.singleplex.len() > 1
        } else {
            let predecessor = self.multiplex.insert(id, key);
            predecessor.is_some_and(|old| self.replace(old, key))
        };
        if !held {
            self.release(key);
        }
    }

    /// Voids a job whose id was taken before its answer. Says whether the new one has to wait for it.
    ///
    /// Bazel before 8.3 may take an id again between the cancel and its answer; what it wants is the new request.
    fn replace(&mut self, old: JobKey, new: JobKey) -> bool {
        self.unanswered -= 1;
        let Some(job) = self.jobs.get_mut(&old) else { return false };
        // One that publishes now must be through before the new one begins, or its older result would come last.
        let wait = job.at_files.is_some() || matches!(job.stage, Stage::Held | Stage::CancelAsked);
        if wait {
            job.successor = Some(new);
        }
        let was = self.void(old);
        if was == Some(Stage::Ready) {
            self.jobs.remove(&old);
        }
        wait
    }

    /// Makes a job unable to act, and says where it was.
    fn void(&mut self, key: JobKey) -> Option<Stage> {
        let job = self.jobs.get_mut(&key)?;
        if let Some(request) = job.request.take() {
            self.queued_bytes -= request.size_bytes();
        }
        Some(std::mem::replace(&mut job.stage, Stage::Void))
    }

    /// Lets a held job go: to a thread, or, if it was voided meanwhile, on to its own successor.
    fn release(&mut self, key: JobKey) {
        let mut next = Some(key);
        while let Some(key) = next.take() {
            let Some(job) = self.jobs.get_mut(&key) else { return };
            match job.stage {
                Stage::Void => {
                    next = job.successor;
                    self.jobs.remove(&key);
                }
                Stage::CancelAsked => {
                    let id = job.id;
                    self.answer_cancelled(key, id);
                }
                _ => {
                    job.stage = Stage::Ready;
                    self.ready.push_back(key);
                }
            }
        }
    }

    fn take_ready(&mut self) -> Option<(JobKey, WorkRequest)> {
        while let Some(key) = self.ready.pop_front() {
            // A job that was cancelled while it waited is gone from the table.
            let Some(job) = self.jobs.get_mut(&key) else { continue };
            let Some(request) = job.request.take() else { continue };
            job.stage = Stage::Running;
            self.queued_bytes -= request.size_bytes();
            return Some((key, request));
        }
        None
    }

    /// A cancel for an id that is unknown or answered says nothing.
    fn cancel(&mut self, id: i32) {
        let newest = if id == 0 { self.singleplex.back() } else { self.multiplex.get(&id) };
        let Some(&key) = newest else { return };
        let Some(job) = self.jobs.get_mut(&key) else { return };
        match job.stage {
            Stage::Running if job.at_files.is_some() => job.stage = Stage::CancelAsked,
            Stage::Held if id != 0 => job.stage = Stage::CancelAsked,
            Stage::Held | Stage::Ready | Stage::Running => self.answer_cancelled(key, id),
            Stage::CancelAsked | Stage::Committed | Stage::Void => {}
        }
    }

    fn answer_cancelled(&mut self, key: JobKey, id: i32) {
        let was = self.void(key);
        let handled = matches!(was, Some(Stage::Running))
            || self.jobs.get(&key).is_some_and(|job| job.at_files.is_some());
        if !handled {
            // No thread has taken it up, so none will take it off the table.
            self.jobs.remove(&key);
        }
        self.close_answered(key, id);
        self.answer(WorkResponse {
            exit_code: 0,
            output: String::new(),
            request_id: id,
            was_cancelled: true,
        });
    }

    fn leave_files(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get_mut(&key) else { return };
        let successor = job.successor.take();
        if job.stage == Stage::CancelAsked {
            let id = job.id;
            self.answer_cancelled(key, id);
        }
        if let Some(job) = self.jobs.get_mut(&key) {
            job.at_files = None;
        }
        if let Some(successor) = successor {
            self.release(successor);
        }
    }

    fn finish(&mut self, key: JobKey, outcome: Outcome) {
        let Some(job) = self.jobs.remove(&key) else { return };
        if job.stage == Stage::Void {
            return;
        }
        self.close_answered(key, job.id);
        self.answer(WorkResponse {
            exit_code: outcome.exit_code,
            output: outcome.output,
            request_id: job.id,
            was_cancelled: false,
        });
    }

    /// Takes a job that is being answered off the lists of those that are not.
    fn close_answered(&mut self, key: JobKey, id: i32) {
        self.unanswered -= 1;
        if id != 0 {
            self.multiplex.remove(&id);
            return;
        }
        if self.singleplex.front() != Some(&key) {
            self.singleplex.retain(|&other| other != key);
            return;
        }
        self.singleplex.pop_front();
        if let Some(&next) = self.singleplex.front() {
            self.release(next);
        }
    }

    /// If nobody listens any more, the server has ended, and so will the process.
    fn answer(&self, response: WorkResponse) {
        let _ = self.answers.send(Event::Answer(response));
    }
}
