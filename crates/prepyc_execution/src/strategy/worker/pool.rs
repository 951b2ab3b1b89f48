//! Which worker gets a request: the processes of each kind, and how many requests each has.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::instance::{self, Instance};
use super::spec::WorkerSpec;
use crate::digest::Digest;
use crate::outcome::ExecutionError;
use crate::strategy::folder::{ExecutionRoot, Folder};
use crate::strategy::process::LOOK_AGAIN;
use crate::strategy::{Failure, ProgramSpawn};

/// All workers of an executor.
#[derive(Debug)]
pub(crate) struct Workers {
    folder: PathBuf,
    /// Tells processes, and requests' directories, apart.
    numbers: AtomicUsize,
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// By the key of their kind.
    pools: BTreeMap<Digest, Pool>,
    /// What workers did wrong that no request is to blame for.
    complaints: Vec<String>,
}

/// The processes of one kind.
#[derive(Debug, Default)]
struct Pool {
    slots: Vec<Slot>,
    /// Being started.
    starting: usize,
    /// The start-up command line: of another kind with the same one, the tool has changed.
    command: Vec<String>,
}

#[derive(Debug)]
struct Slot {
    instance: Arc<Instance>,
    /// Requests it has now.
    requests: usize,
    /// Requests it ever had.
    served: usize,
}

/// The right to send one request to a worker.
pub(crate) struct Lease<'a> {
    workers: &'a Workers,
    key: Digest,
    instance: Arc<Instance>,
    number: usize,
    kind: LeaseKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LeaseKind {
    /// Of a pool's process.
    Shared,
    /// Of a process that has no other requests, before or after.
    Alone,
}

impl Workers {
    pub(crate) fn make_anew(folder: PathBuf) -> Result<Workers, ExecutionError> {
        let folder = Folder::make_anew(folder)?.path().to_owned();
        let (numbers, state) = (AtomicUsize::new(1), Mutex::default());
        Ok(Workers { folder, numbers, state, released: Condvar::new() })
    }

    fn next_number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A worker with room for a request; one is started if there may be another, else this waits.
    pub(crate) fn lease(
        &self,
        spec: &WorkerSpec,
        spawn: &ProgramSpawn<'_>,
        root: &ExecutionRoot,
    ) -> Result<Lease<'_>, Failure> {
        let mut state = self.lock();
        loop {
            if spawn.cancel.is_cancelled() {
                return Err(Failure::Cancelled);
            }
            state.discard_broken(spec.key);
            let pool = state.pool(spec);
            let mut slots = pool.slots.iter_mut();
            if let Some(slot) = slots.find(|slot| slot.requests < spec.max_requests) {
                slot.requests += 1;
                slot.served += 1;
                return Ok(self.lease_of(spec.key, &slot.instance, LeaseKind::Shared));
            }
            if pool.slots.len() + pool.starting < spec.max_instances {
                pool.starting += 1;
                break;
            }
            state = self.released.wait_timeout(state, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        let started =
            Instance::start(spec, self.next_number(), &self.folder, root, spawn.guardian).map(Arc::new);
        let mut state = self.lock();
        let pool = state.pool(spec);
        pool.starting -= 1;
        let lease = started.map(|instance| {
            pool.slots.push(Slot { instance: Arc::clone(&instance), requests: 1, served: 1 });
            self.lease_of(spec.key, &instance, LeaseKind::Shared)
        });
        self.released.notify_all();
        Ok(lease?)
    }

    /// A worker for one request alone.
    pub(crate) fn lease_fresh(
        &self,
        spec: &WorkerSpec,
        spawn: &ProgramSpawn<'_>,
        root: &ExecutionRoot,
    ) -> Result<Lease<'_>, Failure> {
        if spawn.cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let instance =
            Arc::new(Instance::start(spec, self.next_number(), &self.folder, root, spawn.guardian)?);
        Ok(self.lease_of(spec.key, &instance, LeaseKind::Alone))
    }

    fn lease_of(&self, key: Digest, instance: &Arc<Instance>, kind: LeaseKind) -> Lease<'_> {
        Lease { workers: self, key, instance: Arc::clone(instance), number: self.next_number(), kind }
    }

    /// What workers did wrong since this was last asked, after their last answers.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut state = self.lock();
        let keys: Vec<Digest> = state.pools.keys().copied().collect();
        keys.into_iter().for_each(|key| state.discard_broken(key));
        let slots = state.pools.values().flat_map(|pool| &pool.slots);
        let strays: Vec<String> = slots.filter_map(|slot| slot.instance.strays()).collect();
        state.complaints.extend(strays);
        std::mem::take(&mut state.complaints)
    }

    /// Ends all workers: each may leave by itself, all at once, and is then killed.
    pub(crate) fn close(&self, grace: Duration) {
        let pools = std::mem::take(&mut self.lock().pools);
        thread::scope(|scope| {
            for slot in pools.into_values().flat_map(|pool| pool.slots) {
                scope.spawn(move || instance::close(slot.instance, grace));
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The processes of that kind. Those of an older tool are ended once they are idle.
    fn pool(&mut self, spec: &WorkerSpec) -> &mut Pool {
        if !self.pools.contains_key(&spec.key) {
            let command = &spec.program.command;
            self.pools.retain(|_, pool| {
                let is_idle = pool.starting == 0 && pool.slots.iter().all(|slot| slot.requests == 0);
                !is_idle || pool.command != *command
            });
            let command = command.clone();
            self.pools.insert(spec.key, Pool { command, ..Pool::default() });
        }
        self.pools.entry(spec.key).or_default()
    }

    /// Lets go of idle processes that can be sent nothing more. Those with requests go with the last of them.
    fn discard_broken(&mut self, key: Digest) {
        let Some(pool) = self.pools.get_mut(&key) else { return };
        let complaints = &mut self.complaints;
        pool.slots.retain(|slot| {
            let is_kept = slot.instance.is_usable();
            if !is_kept && slot.requests == 0 {
                complaints.extend(slot.instance.complaint());
            }
            is_kept
        });
    }
}

impl Lease<'_> {
    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Unlike that of any other lease.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Whether the worker was never sent anything else.
    pub(crate) fn is_only_request(&self) -> bool {
        let state = self.workers.lock();
        let pool = state.pools.get(&self.key);
        let mut slots = pool.iter().flat_map(|pool| &pool.slots);
        // One that was let go of meanwhile had another request to find it broken.
        self.kind == LeaseKind::Alone
            || slots.any(|slot| Arc::ptr_eq(&slot.instance, &self.instance) && slot.served == 1)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if self.kind == LeaseKind::Alone {
            return;
        }
        let mut state = self.workers.lock();
        if let Some(pool) = state.pools.get_mut(&self.key) {
            let slot = pool.slots.iter_mut().find(|slot| Arc::ptr_eq(&slot.instance, &self.instance));
            if let Some(slot) = slot {
                slot.requests -= 1;
            }
        }
        self.workers.released.notify_all();
    }
}
