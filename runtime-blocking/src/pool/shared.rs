//! The state that a pool's handles, workers and jobs share, and how a decision of the
//! [policy](crate::worker::policy) is carried out.
//!
//! There is one lock. It guards the counts, the queue and the worker table, and no user code runs
//! under it. A thread that needs another thread asks the policy under the lock, and turns the
//! answer into an [`Assignment`]. The assignment takes an idle worker off the stack, or reserves a
//! row for a new worker, so every other thread sees the decision. Then the thread releases the lock
//! and carries out the assignment.

use std::sync::Arc;

use runtime_core::fork::ForkCheck;
use runtime_core::park::Parker;
use runtime_core::record::Recorder;
use runtime_core::sync::{Mutex, MutexGuard};

use crate::deadlock::wait_table::WaitTable;
use crate::job::closure::Job;
use crate::pool::no_thread::NoThread;
use crate::pool::settings::Settings;
use crate::pool::submit_error::Rejection;
use crate::queue::job_queue::JobQueue;
use crate::queue::lane_config::LaneId;
use crate::queue::permit::{Permit, WhenFull};
use crate::worker::current::{CoreId, PoolId, WorkerId};
use crate::worker::policy::{Dispatch, Policy, Role};
use crate::worker::table::WorkerTable;
use crate::worker::thread_handles::ThreadHandles;
use crate::worker::worker_spin::WorkerSpin;

/// *Shared by* the pool's handles and workers. *Guarded by* its lock; the settings never change.
pub(crate) struct PoolShared {
    pub(crate) id: PoolId,
    pub(crate) settings: Settings,
    pub(crate) spin: WorkerSpin,
    pub(crate) main_lane: LaneId,
    start_worker: StartWorker,
    pub(super) process: ForkCheck,
    pub(super) state: Mutex<PoolState>,
}

/// Starts the thread of a reserved row. The error means that the pool has no thread at all.
pub(crate) type StartWorker = fn(&Arc<PoolShared>, WorkerId, Role) -> Result<(), NoThread>;

/// The state under the lock.
pub(crate) struct PoolState {
    pub(crate) policy: Policy,
    pub(crate) queue: JobQueue,
    pub(crate) workers: WorkerTable,
    pub(crate) threads: ThreadHandles,
    /// The jobs for which workers wait.
    pub(crate) waits: WaitTable,
    /// The threads that wait in a shutdown. *Woken by* the thread that makes
    /// [`PoolState::is_quiet`] true.
    pub(crate) shutdown_waiters: Vec<Arc<Parker>>,
    pub(crate) recorder: Recorder,
    /// The core of the thread that woke a worker last.
    pub(crate) waking_core: Option<CoreId>,
}

pub(crate) type LockedPool<'a> = MutexGuard<'a, PoolState>;

/// A dispatch, to be carried out outside the lock.
#[must_use]
pub(crate) enum Assignment {
    Nothing,
    Unpark(Arc<Parker>),
    Start(WorkerId, Role),
}

impl PoolState {
    /// Turns a dispatch into an assignment. From here on the worker counts as assigned.
    pub(crate) fn assign(&mut self, dispatch: Dispatch) -> Assignment {
        debug_assert_eq!(self.policy.queued(), self.queue.takeable(), "two ways to count");
        match dispatch {
            Dispatch::Nothing => Assignment::Nothing,
            Dispatch::Wake(role) => Assignment::Unpark(self.assign_counted(role)),
            Dispatch::Start(role) => Assignment::Start(self.reserve_worker(), role),
        }
    }
}

impl PoolShared {
    pub(crate) fn new(settings: Settings, start_worker: StartWorker) -> PoolShared {
        let (queue, main_lane) = JobQueue::new(settings.main_lane.clone());
        PoolShared {
            id: PoolId::next(),
            spin: WorkerSpin::new(&settings),
            main_lane,
            start_worker,
            process: ForkCheck::unused(),
            state: Mutex::new(PoolState {
                policy: Policy::new(settings.threads_max),
                queue,
                workers: WorkerTable::default(),
                threads: ThreadHandles::default(),
                waits: WaitTable::default(),
                shutdown_waiters: Vec::new(),
                recorder: settings.recorder.clone(),
                waking_core: None,
            }),
            settings,
        }
    }

    /// Locks the state. For the pool's own threads, and after a [check](PoolShared::check_process).
    pub(crate) fn lock(&self) -> LockedPool<'_> {
        self.state.lock()
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
        let mut state = self.lock_for_submit()?;
        let Some(pushed) = state.push_job(job, lane, when_full) else {
            return Err(Rejection::Full);
        };
        let dispatch =
            if pushed.is_takeable { state.policy.submit(cores) } else { Dispatch::Nothing };
        let assignment = state.assign(dispatch);
        drop(state);
        if matches!(assignment, Assignment::Nothing) {
            return Ok(pushed.permit);
        }
        self.check_before_dispatch(pushed.ticket)?;
        match self.carry_out(assignment) {
            Ok(()) => Ok(pushed.permit),
            Err(no_thread) => no_thread.reject(pushed.ticket),
        }
    }

    /// Wakes or starts the worker of an assignment. Fails only if no worker can be started and the
    /// pool has no thread.
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

    /// Like [`carry_out`](PoolShared::carry_out), for a worker of this pool.
    #[inline]
    pub(crate) fn carry_out_on_worker(self: &Arc<Self>, assignment: Assignment) {
        let has_thread = self.carry_out(assignment).is_ok();
        debug_assert!(has_thread, "the calling worker is a thread of the pool");
    }
}
