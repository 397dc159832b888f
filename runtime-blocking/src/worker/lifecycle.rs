//! The life of a worker: look for a job, run it, look again, wait, retire.
//!
//! ```text
//!             ┌───────────────┐
//!   woken, or │  next         │── a job ──▶ run ──▶ next ...
//!   started ─▶│  (or, as the  │── none ───▶ wait ──▶ woken, as a worker or as the monitor
//!             │   monitor,    │               └─────▶ the keep-alive has passed: retire
//!             │   monitor)    │── none, and the pool is closed: retire
//!             └───────────────┘
//! ```
//!
//! Reporting the end of a job and looking for the next one is one critical section, so a busy
//! worker takes the lock once per job. A job runs until what its closure held has been dropped and
//! the awaiting task has been woken. So a waker that never returns keeps only its worker busy.

use std::sync::Arc;
use std::time::Instant;

use runtime_core::catch_panic::drop_catching;
use runtime_core::park::{Parker, Unparked};
use runtime_core::sync::thread::{self, JoinHandle};

use crate::deadlock::driver;
use crate::job::cancel;
use crate::job::closure::Job;
use crate::pool::shared::{LockedPool, PoolShared, PoolState};
use crate::queue::job_queue::Popped;
use crate::queue::permit::grant;
use crate::worker::core_follower::CoreFollower;
use crate::worker::current::{self, WorkerId};
use crate::worker::policy::{Arrival, Dispatch, Role, WorkerAction};
use crate::worker::table::CurrentJob;
use crate::worker::thread_handles::join_all;

pub(super) struct Worker {
    pub(super) shared: Arc<PoolShared>,
    pub(super) id: WorkerId,
    pub(super) parker: Arc<Parker>,
    follower: CoreFollower,
}

/// The next step of a worker.
pub(super) enum WorkerStep {
    Run(Arc<dyn Job>),
    /// Yield the core, and look again. The time of the next job or wait counts from this instant,
    /// so it includes the yield.
    Yield(Instant),
    /// Wait for an assignment, at most until the given time.
    Wait(Option<Instant>),
    Monitor,
    Retire(Departure),
}

/// The last step of a worker that has retired.
pub(super) struct Departure {
    /// The threads that retired before, and that this worker joins.
    before: Vec<JoinHandle<()>>,
    /// The threads that wait in a shutdown and can make progress.
    waiters: Vec<Arc<Parker>>,
}

/// The body of a worker's thread.
pub(crate) fn run(shared: Arc<PoolShared>, id: WorkerId, role: Role) {
    current::enter(shared.id, id);
    let _tracked = driver::track_worker(&shared, id);
    let follower = CoreFollower::new(&shared.settings);
    let worker = Worker { shared, id, parker: Arc::new(Parker::new()), follower };
    let mut step = worker.begin(role);
    let mut in_a_row = 0;
    loop {
        step = match step {
            WorkerStep::Run(job) => {
                cancel::run_as_current(Arc::clone(&job) as _, || job.run());
                drop_catching(job);
                in_a_row += 1;
                let is_burst = in_a_row >= worker.shared.settings.burst;
                let arrival = if is_burst { Arrival::ManyJobsEnded } else { Arrival::JobEnded };
                worker.next(arrival, Instant::now())
            }
            WorkerStep::Yield(since) => {
                thread::yield_now();
                worker.next(Arrival::Dispatched, since)
            }
            WorkerStep::Wait(deadline) => worker.wait(deadline, std::mem::take(&mut in_a_row)),
            WorkerStep::Monitor => worker.monitor(),
            WorkerStep::Retire(Departure { before, waiters }) => {
                waiters.iter().for_each(|waiter| waiter.unpark());
                return join_all(before);
            }
        };
    }
}

impl Worker {
    fn begin(&self, role: Role) -> WorkerStep {
        let mut state = self.shared.lock();
        state.add_worker(self.id, Arc::clone(&self.parker));
        state.policy.started();
        drop(state);
        self.begin_as(role)
    }

    fn begin_as(&self, role: Role) -> WorkerStep {
        match role {
            Role::Worker => self.next(Arrival::Dispatched, Instant::now()),
            Role::Monitor => WorkerStep::Monitor,
        }
    }

    /// Step 3 of a blocking call: looks for a job under the lock, then makes at most one dispatch.
    fn next(&self, arrival: Arrival, now: Instant) -> WorkerStep {
        let mut state = self.shared.lock();
        let ended = self.report_end(&mut state, now);
        let step = match state.policy.next(arrival) {
            WorkerAction::Take(dispatch) => self.take_job(state, now, dispatch),
            WorkerAction::YieldAndRetry => {
                drop(state);
                WorkerStep::Yield(now)
            }
            WorkerAction::Wait => self.become_idle(state, now),
            WorkerAction::Retire => self.retire(state),
        };
        // Each branch of the `match` has released the lock.
        drop_catching(ended);
        step
    }

    /// Reports that this worker's job has ended, if there was one. Returns the job, to be dropped
    /// outside the lock.
    #[inline]
    fn report_end(&self, state: &mut PoolState, now: Instant) -> Option<CurrentJob> {
        let current = state.end_job(self.id)?;
        let ran_for = thread::time_between(current.since, now);
        state.policy.add_run_time(ran_for);
        self.follower.job_ended(ran_for, state);
        if state.queue.ended(current.lane) {
            state.policy.release();
        }
        Some(current)
    }

    /// Takes the next job, releases the lock, and carries the dispatch out.
    pub(super) fn take_job(
        &self,
        mut state: LockedPool<'_>,
        now: Instant,
        dispatch: Dispatch,
    ) -> WorkerStep {
        let popped = state.pop_job(self.id);
        let Popped { job, lane, permit } = popped.expect("the policy counts the takeable jobs");
        state.workers.begin(self.id, CurrentJob { job: Arc::clone(&job), lane, since: now });
        let assignment = state.assign(dispatch);
        drop(state);
        self.shared.carry_out_on_worker(assignment);
        grant(permit);
        WorkerStep::Run(job)
    }

    pub(super) fn become_idle(&self, mut state: LockedPool<'_>, now: Instant) -> WorkerStep {
        state.push_idle(self.id);
        drop(state);
        WorkerStep::Wait(now.checked_add(self.shared.settings.keep_alive))
    }

    /// Waits on the idle stack. The table, read under the lock, shows whether this worker was
    /// assigned a role. An unpark only ends the sleep, and may be late or left over from an earlier
    /// wait.
    fn wait(&self, deadline: Option<Instant>, jobs_before: usize) -> WorkerStep {
        self.shared.spin.spin_after(jobs_before, self.id, &self.parker);
        let restricted = self.follower.restrict_after(jobs_before);
        loop {
            let unparked = self.parker.park(deadline);
            let mut state = self.shared.lock();
            if let Some(role) = state.workers.take_assigned(self.id) {
                drop((state, restricted));
                return self.begin_as(role);
            }
            if unparked == Unparked::Expired {
                state.policy.retire();
                state.workers.remove_idle(self.id);
                return self.retire(state);
            }
        }
    }

    pub(super) fn retire(&self, mut state: LockedPool<'_>) -> WorkerStep {
        current::retire(self.shared.id);
        state.clear_worker(self.id);
        let joins = !state.policy.is_closed() || state.policy.threads() == 0;
        let before = if joins { state.threads.take_before() } else { Vec::new() };
        state.threads.retire(self.id);
        WorkerStep::Retire(Departure { before, waiters: state.take_waiters_if_quiet() })
    }
}
