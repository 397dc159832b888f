//! The state that a pool's handles, workers and jobs share, and how a decision of the
//! [policy](crate::worker::policy) is carried out.
//!
//! There is one lock. It guards the counts, the queue and the worker table, and no user code runs
//! under it. A thread that needs another thread asks the policy under the lock, and turns the
//! answer into an [`Assignment`]: the idle worker is off the stack, or the row of the new one is
//! reserved, so every other thread sees the decision. Then it releases the lock and carries the
//! assignment out.

use std::mem;
use std::sync::Arc;

use runtime_core::fork::{ForkCheck, ForkedError};
use runtime_core::park::Parker;
use runtime_core::slab::Key;
use runtime_core::sync::{Mutex, MutexGuard, lock_unless};

use crate::deadlock::wait_table::WaitTable;
use crate::job::closure::{Job, RemoveFromQueue};
use crate::pool::no_thread::NoThread;
use crate::pool::settings::Settings;
use crate::pool::submit_error::Rejection;
use crate::queue::job_list::WaitingJob;
use crate::queue::job_queue::{JobQueue, Removed};
use crate::queue::lane_config::LaneId;
use crate::queue::permit::{Permit, WhenFull, grant};
use crate::worker::current::{PoolId, WorkerId};
use crate::worker::policy::{Dispatch, Policy, Role};
use crate::worker::table::WorkerTable;

/// *Shared by* the pool's handles and workers. *Guarded by* its lock; the settings never change.
pub(crate) struct Shared {
    pub(crate) id: PoolId,
    pub(crate) settings: Settings,
    pub(crate) main_lane: LaneId,
    start_worker: StartWorker,
    /// The process in which the pool's threads are, from the first submit on.
    process: ForkCheck,
    state: Mutex<PoolState>,
}

/// Starts the thread of a reserved row. Fails if that leaves the pool without any thread.
pub(crate) type StartWorker = fn(&Arc<Shared>, WorkerId, Role) -> Result<(), NoThread>;

/// The state under the lock.
pub(crate) struct PoolState {
    pub(crate) policy: Policy,
    pub(crate) queue: JobQueue,
    pub(crate) workers: WorkerTable,
    /// The jobs for which workers wait.
    pub(crate) waits: WaitTable,
    /// The threads that wait in a shutdown. *Woken by* the thread that makes
    /// [`PoolState::is_quiet`] true.
    pub(crate) shutdown_waiters: Vec<Arc<Parker>>,
    /// The reason why the pool is closed, if that is that this is a forked child.
    forked: Option<ForkedError>,
}

/// A dispatch that is to be carried out outside the lock.
#[must_use]
pub(crate) enum Assignment {
    Nothing,
    Unpark(Arc<Parker>),
    Start(WorkerId, Role),
}

/// A job that was removed from the queue, and the threads to notify of it.
#[must_use]
pub(crate) struct Removal {
    removed: Removed,
    waiters: Vec<Arc<Parker>>,
}

impl Removal {
    /// Notifies the threads, and returns the job. Call this outside the lock.
    pub(crate) fn finish(self) -> WaitingJob {
        grant(self.removed.permit);
        self.waiters.iter().for_each(|waiter| waiter.unpark());
        self.removed.job
    }
}

impl PoolState {
    /// Turns a dispatch into an assignment. From here on the worker counts as assigned.
    pub(crate) fn assign(&mut self, dispatch: Dispatch) -> Assignment {
        debug_assert_eq!(self.policy.queued(), self.queue.takeable(), "two ways to count");
        match dispatch {
            Dispatch::Nothing => Assignment::Nothing,
            Dispatch::Wake(role) => match self.workers.assign_idle(role) {
                Some(parker) => Assignment::Unpark(parker),
                None => unreachable!("the policy counts the idle workers"),
            },
            Dispatch::Start(role) => Assignment::Start(self.workers.reserve(), role),
        }
    }

    /// Takes a job out of the queue unrun, unless it has left the queue before.
    pub(crate) fn remove_job(&mut self, key: Key) -> Option<Removal> {
        let removed = self.queue.remove(key)?;
        if removed.was_takeable {
            self.policy.remove();
        }
        let waiters = self.take_shutdown_waiters_if(removed.was_last_must_run);
        Some(Removal { removed, waiters })
    }

    /// Takes the threads that wait in a shutdown, if they can make progress. The caller unparks
    /// them outside the lock.
    pub(crate) fn take_shutdown_waiters_if(&mut self, can_progress: bool) -> Vec<Arc<Parker>> {
        if can_progress { mem::take(&mut self.shutdown_waiters) } else { Vec::new() }
    }

    /// The same, once the pool is quiet.
    pub(crate) fn take_waiters_if_quiet(&mut self) -> Vec<Arc<Parker>> {
        self.take_shutdown_waiters_if(self.is_quiet())
    }

    /// Whether every thread has retired, except those whose jobs have shut the pool down.
    pub(crate) fn is_quiet(&self) -> bool {
        self.policy.threads() <= self.workers.shutting_down()
    }
}

impl Shared {
    pub(crate) fn new(settings: Settings, start_worker: StartWorker) -> Shared {
        let queue = JobQueue::new(settings.main_lane.clone());
        Shared {
            id: PoolId::next(),
            main_lane: queue.main_lane(),
            start_worker,
            process: ForkCheck::unused(),
            state: Mutex::new(PoolState {
                policy: Policy::new(settings.threads_max),
                queue,
                workers: WorkerTable::default(),
                waits: WaitTable::default(),
                shutdown_waiters: Vec::new(),
                forked: None,
            }),
            settings,
        }
    }

    /// Locks the state. For the pool's own threads, and after a [check](Shared::check_process).
    pub(crate) fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock()
    }

    /// Locks the state, from any thread. In a forked child, a thread that does not exist there may
    /// hold the lock for ever; then this fails.
    pub(crate) fn lock_checked(&self) -> Result<MutexGuard<'_, PoolState>, ForkedError> {
        let mut forked = Ok(());
        let is_hopeless = || {
            forked = self.process.check();
            forked.is_err()
        };
        match lock_unless(&self.state, is_hopeless) {
            Some(state) => Ok(state),
            None => Err(forked.expect_err("the lock is hopeless only in a forked child")),
        }
    }

    /// [`lock_checked`](Shared::lock_checked) where no error can be returned.
    ///
    /// # Panics
    /// In a forked child, if the lock was held at the fork.
    #[track_caller]
    pub(crate) fn lock_to_look(&self) -> MutexGuard<'_, PoolState> {
        match self.lock_checked() {
            Ok(state) => state,
            Err(forked) => panic!("the blocking pool cannot be used: {forked}"),
        }
    }

    /// Releases the lock, and wakes the threads that wait in a shutdown if the pool is quiet.
    pub(crate) fn notify_waiters_if_quiet(&self, mut state: MutexGuard<'_, PoolState>) {
        let waiters = state.take_waiters_if_quiet();
        drop(state);
        waiters.iter().for_each(|waiter| waiter.unpark());
    }

    /// Fails if this process is a forked child, which has none of the pool's threads.
    pub(crate) fn check_process(&self) -> Result<(), ForkedError> {
        self.process.check()
    }

    /// Step 2 of a blocking call: puts the job into its lane, and dispatches a worker if the policy
    /// asks for one. Returns the permit, if the submitter waits for one.
    pub(crate) fn enqueue(
        self: &Arc<Self>,
        job: Arc<dyn Job>,
        lane: LaneId,
        when_full: WhenFull,
    ) -> Result<Option<Permit>, Rejection> {
        let cores = self.settings.cores();
        self.process.check_cheaply().map_err(Rejection::Forked)?;
        let mut state = self.lock_checked().map_err(Rejection::Forked)?;
        if state.policy.is_closed() {
            return Err(state.forked.map_or(Rejection::Closed, Rejection::Forked));
        }
        let Some(pushed) = state.queue.push(job, lane, when_full) else {
            return Err(Rejection::Full);
        };
        let dispatch =
            if pushed.is_takeable { state.policy.submit(cores) } else { Dispatch::Nothing };
        let assignment = state.assign(dispatch);
        drop(state);
        if matches!(assignment, Assignment::Nothing) {
            return Ok(pushed.permit);
        }
        self.check_process().map_err(|forked| self.close_in_child(pushed.key, forked))?;
        match self.carry_out(assignment) {
            Ok(()) => Ok(pushed.permit),
            Err(no_thread) => no_thread.reject(pushed.key),
        }
    }

    /// Closes the pool, because this is a forked child, and takes back the job. The jobs of the
    /// parent stay where they are.
    #[cold]
    fn close_in_child(&self, key: Key, forked: ForkedError) -> Rejection {
        let mut state = self.lock();
        state.forked = Some(forked);
        state.policy.close();
        let removal = state.remove_job(key);
        drop(state);
        drop(removal);
        Rejection::Forked(forked)
    }

    /// Wakes or starts the worker of an assignment. Fails only if that leaves the pool without any
    /// thread.
    #[inline]
    pub(crate) fn carry_out(self: &Arc<Self>, assignment: Assignment) -> Result<(), NoThread> {
        match assignment {
            Assignment::Nothing => Ok(()),
            Assignment::Unpark(parker) => {
                parker.unpark();
                Ok(())
            }
            Assignment::Start(worker, role) => (self.start_worker)(self, worker, role),
        }
    }

    /// [`carry_out`](Shared::carry_out) for a worker, which is a thread of the pool itself.
    #[inline]
    pub(crate) fn carry_out_on_worker(self: &Arc<Self>, assignment: Assignment) {
        let has_thread = self.carry_out(assignment).is_ok();
        debug_assert!(has_thread, "the calling worker is a thread of the pool");
    }
}

impl RemoveFromQueue for Shared {
    fn remove_from_queue(&self, key: Key) -> bool {
        let Ok(mut state) = self.lock_checked() else { return false };
        let Some(removal) = state.remove_job(key) else { return false };
        drop(state);
        drop(removal.finish());
        true
    }
}
