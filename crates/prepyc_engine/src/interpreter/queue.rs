//! Who gets which request. Nothing here waits, starts a process or calls anybody back.
//!
//! A request waits in `waiting` until a slot has room, then stands in that slot's flight, in the order it is written;
//! the first one is the *head*, the one being compiled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::Limits;
use super::process::Process;
use crate::job::Job;
use crate::{CompileRequest, EngineError};

/// All requests that are not done, and the slots that do them.
pub(super) struct Queue {
    waiting: VecDeque<Job>,
    waiting_bytes: usize,
    pub(super) slots: Vec<Slot>,
    /// Processes in a row that died before any of them had answered.
    pub(super) failed_starts: u32,
    pub(super) end: Option<End>,
}

/// Why nothing is compiled any more.
#[derive(Clone)]
pub(super) enum End {
    /// The pool is being dropped.
    ShutDown,
    /// The interpreter does not work.
    Broken(EngineError),
}

/// At most one process and the requests it has been given.
pub(super) struct Slot {
    pub(super) phase: Phase,
    /// Oldest first: written, being written or to be written.
    flight: VecDeque<Job>,
    /// How many of them the writing thread has taken up.
    taken: usize,
    /// Their sources' bytes.
    bytes: usize,
    /// Since when the first of them has been the first.
    head_since: Instant,
    pub(super) process: Option<Arc<Process>>,
}

/// What a slot is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
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

impl Queue {
    pub(super) fn new(slots: usize) -> Queue {
        Queue {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            slots: (0..slots).map(|_| Slot::new()).collect(),
            failed_starts: 0,
            end: None,
        }
    }

    /// Whether a request of so many bytes has to wait before it may wait here.
    pub(super) fn is_full(&self, limits: &Limits, bytes: usize) -> bool {
        let crowded = self.waiting.len() >= limits.waiting_requests
            || self.waiting_bytes.saturating_add(bytes) > limits.waiting_bytes;
        crowded && !self.waiting.is_empty()
    }

    /// Puts a request at the end of the line.
    pub(super) fn push(&mut self, job: Job) {
        self.waiting_bytes += job.bytes();
        self.waiting.push_back(job);
    }

    /// Puts requests that a dead process leaves first in line again.
    pub(super) fn push_first(&mut self, jobs: VecDeque<Job>) {
        for job in jobs.into_iter().rev() {
            self.waiting_bytes += job.bytes();
            self.waiting.push_front(job);
        }
    }

    /// Takes all that waits.
    pub(super) fn take_waiting(&mut self) -> VecDeque<Job> {
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting)
    }

    /// Gives waiting requests to slots: to an idle process first, then to a new one, then behind others' requests.
    /// Returns the slots that have something to do now.
    pub(super) fn place(&mut self, limits: &Limits) -> Vec<usize> {
        let mut woken = Vec::new();
        if self.end.is_some() {
            return woken;
        }
        while let Some(first) = self.waiting.front() {
            let bytes = first.bytes();
            // A process that is being started will want one.
            let starting = self.slots.iter().filter(|slot| slot.phase == Phase::Starting).count();
            let spare = self.waiting.len() > starting;
            let find = |wanted: &dyn Fn(&Slot) -> bool| self.slots.iter().position(wanted);
            if let Some(slot) = find(&|slot| slot.phase == Phase::Live && slot.flight.is_empty()) {
                self.give(slot);
                woken.push(slot);
            } else if let Some(slot) = find(&|slot| slot.phase == Phase::Dormant).filter(|_| spare) {
                self.slots[slot].phase = Phase::Starting;
                woken.push(slot);
            } else if let Some(slot) = self.least_busy(limits, bytes).filter(|_| spare) {
                self.give(slot);
                woken.push(slot);
            } else {
                break;
            }
        }
        woken
    }

    fn least_busy(&self, limits: &Limits, bytes: usize) -> Option<usize> {
        let has_room = |slot: &Slot| {
            slot.phase == Phase::Live
                && slot.flight.len() < limits.requests_in_flight
                && slot.bytes.saturating_add(bytes) <= limits.bytes_in_flight
        };
        let open = (0..self.slots.len()).filter(|&slot| has_room(&self.slots[slot]));
        open.min_by_key(|&slot| self.slots[slot].bytes)
    }

    fn give(&mut self, slot: usize) {
        if let Some(job) = self.waiting.pop_front() {
            self.waiting_bytes -= job.bytes();
            self.slots[slot].push(job);
        }
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

    /// Since when the head has been the head; None if there is none.
    pub(super) fn head_since(&self) -> Option<Instant> {
        (!self.flight.is_empty()).then_some(self.head_since)
    }

    /// The next request to write, if there is one.
    pub(super) fn take_up(&mut self) -> Option<CompileRequest> {
        let job = self.flight.get(self.taken)?;
        self.taken += 1;
        Some(job.request.clone())
    }

    /// What was taken up last has not reached the process.
    pub(super) fn undo_take_up(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// Whether the head may have reached the process.
    pub(super) fn has_begun(&self) -> bool {
        self.taken > 0
    }

    /// Takes the head, which has been answered. None if the process answers what it was not asked.
    pub(super) fn pop(&mut self) -> Option<Job> {
        self.taken = self.taken.checked_sub(1)?;
        let job = self.flight.pop_front()?;
        self.bytes -= job.bytes();
        self.head_since = Instant::now();
        Some(job)
    }

    /// Makes a request the head again, because its answer was none.
    pub(super) fn undo_pop(&mut self, job: Job) {
        self.taken += 1;
        self.bytes += job.bytes();
        self.flight.push_front(job);
    }

    /// Takes all requests from a dead process.
    pub(super) fn take_flight(&mut self) -> VecDeque<Job> {
        (self.taken, self.bytes) = (0, 0);
        std::mem::take(&mut self.flight)
    }
}

impl Job {
    pub(super) fn end(self, end: &End) {
        match end {
            End::ShutDown => self.shut_down(),
            End::Broken(error) => self.fail(error.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Filename, Optimize};

    const LIMITS: Limits =
        Limits { requests_in_flight: 3, bytes_in_flight: 100, waiting_requests: 4, ..Limits::STANDARD };

    /// A queue with slots of these phases, and so many requests of ten bytes each.
    fn queue(phases: &[Phase], requests: usize) -> Queue {
        let mut queue = Queue::new(phases.len());
        for (slot, phase) in queue.slots.iter_mut().zip(phases) {
            slot.phase = *phase;
        }
        (0..requests).for_each(|number| queue.push(job(&number.to_string(), 10)));
        queue
    }

    fn job(name: &str, bytes: usize) -> Job {
        let request = CompileRequest {
            source: vec![b'#'; bytes].into(),
            filename: Filename::from_bytes(name),
            optimize: Optimize::None,
        };
        Job { request, done: Box::new(|_| ()) }
    }

    fn flights(queue: &Queue) -> Vec<usize> {
        queue.slots.iter().map(|slot| slot.flight.len()).collect()
    }

    #[test]
    fn one_request_goes_to_the_idle_process_and_wakes_no_other() {
        let mut queue = queue(&[Phase::Dormant, Phase::Live], 1);
        assert_eq!(queue.place(&LIMITS), [1]);
        assert_eq!(flights(&queue), [0, 1]);
        assert_eq!(queue.slots[0].phase, Phase::Dormant);
    }

    #[test]
    fn a_second_request_starts_a_process_that_nobody_takes_it_from() {
        let mut queue = queue(&[Phase::Live, Phase::Dormant], 2);
        assert_eq!(queue.place(&LIMITS), [0, 1]);
        assert_eq!((flights(&queue), queue.slots[1].phase), (vec![1, 0], Phase::Starting));
        assert!(queue.place(&LIMITS).is_empty());
        queue.slots[1].phase = Phase::Live;
        assert_eq!(queue.place(&LIMITS), [1]);
        assert_eq!(flights(&queue), [1, 1]);
    }

    #[test]
    fn flights_are_bounded_by_number_and_bytes() {
        let mut queue = queue(&[Phase::Live, Phase::Live], 9);
        queue.place(&LIMITS);
        assert_eq!((flights(&queue), queue.waiting.len()), (vec![3, 3], 3));
        let mut large = Queue::new(1);
        large.slots[0].phase = Phase::Live;
        large.push(job("large", 1000));
        large.push(job("small", 1));
        large.place(&LIMITS);
        assert_eq!((flights(&large), large.waiting.len()), (vec![1], 1));
    }

    #[test]
    fn nothing_is_given_to_dying_or_gone_slots() {
        let mut queue = queue(&[Phase::Dying, Phase::Gone], 2);
        assert!(queue.place(&LIMITS).is_empty());
    }

    #[test]
    fn a_large_request_may_wait_if_nothing_else_does() {
        let limits = Limits { waiting_bytes: 50, ..LIMITS };
        assert!(!queue(&[], 0).is_full(&limits, 1000));
        assert!(queue(&[], 1).is_full(&limits, 1000));
        assert!(!queue(&[], 3).is_full(&limits, 10));
        assert!(queue(&[], 4).is_full(&limits, 1));
    }

    #[test]
    fn a_dead_process_leaves_its_requests_first_in_line() {
        let mut queue = queue(&[Phase::Live], 5);
        queue.place(&LIMITS);
        assert!(queue.slots[0].pop().is_none(), "nothing was written yet");
        assert!(queue.slots[0].take_up().is_some() && queue.slots[0].take_up().is_some());
        let answered = queue.slots[0].pop().unwrap();
        assert_eq!(answered.request.filename.as_bytes(), b"0");
        let mut left = queue.slots[0].take_flight();
        left.pop_front();
        queue.push_first(left);
        let names: Vec<_> = queue.take_waiting().iter().map(|job| job.request.filename.to_string()).collect();
        assert_eq!(names, ["2", "3", "4"]);
        assert_eq!((queue.waiting_bytes, queue.slots[0].bytes), (0, 0));
    }
}
