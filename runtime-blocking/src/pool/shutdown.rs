//! The end of a pool: how long to wait, and what to report.
//!
//! - S1. The pool is closed: it accepts no more jobs, and the idle workers are woken. A worker that
//!   finds the queue empty retires, so the accepted jobs are still run.
//! - S2. If `how` is not [`Leave`](Shutdown::Leave), the shutdown waits until every thread has
//!   retired. The last thread to retire wakes the shutdown, which joins the threads that no worker
//!   has joined.
//! - S3. If the shutdown does not wait, or its time limit has passed, it cancels the queued jobs,
//!   requests the running jobs to stop, and reports the cancelled and the running jobs. It neither
//!   cancels nor stops the jobs of lanes with `must_run`. It waits for these jobs, except on a
//!   thread that turns an event loop and on a thread of the pool itself.
//!
//! A worker whose job shuts its own pool down cannot wait for itself. Such a worker is counted as
//! *shutting down* until its job ends. Its shutdown waits only until all remaining threads are
//! counted as shutting down, and then reports the worker's own job among the running jobs.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::context::is_on_loop;
use runtime_core::join::JoinError;
use runtime_core::metadata::Metadata;
use runtime_core::park::Parker;

use crate::pool::report::PoolReport;
use crate::pool::shared::{PoolShared, PoolState};
use crate::queue::job_list::WaitingJob;
use crate::queue::permit::grant;
use crate::worker::current::{Membership, WorkerId, membership};
use crate::worker::policy::Role;
use crate::worker::thread_handles::join_all;

/// How long a shutdown waits for the jobs that were accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Waits until all accepted jobs have run, including the queued ones, and every thread has
    /// ended.
    Wait,
    /// As [`Wait`](Shutdown::Wait), but at most for this time. After this time, the queued jobs are
    /// cancelled, and the running jobs are requested to [stop](crate::is_cancelled) and reported.
    WaitAtMost(Duration),
    /// Does not wait: the queued jobs are cancelled, and the running jobs are requested to
    /// [stop](crate::is_cancelled) and reported.
    Leave,
}

/// The way in which a wait ended.
#[derive(PartialEq, Eq)]
enum WaitEnd {
    Over,
    Expired,
}

impl PoolShared {
    pub(crate) fn shutdown(self: &Arc<Self>, how: Shutdown) -> PoolReport {
        if self.check_process().is_err() {
            return PoolReport::default();
        }
        self.close();
        let end = match how {
            Shutdown::Leave => WaitEnd::Expired,
            Shutdown::Wait => self.wait_until_quiet(None),
            Shutdown::WaitAtMost(limit) => self.wait_until_quiet(Instant::now().checked_add(limit)),
        };
        let cancelled = match end {
            WaitEnd::Over => Vec::new(),
            WaitEnd::Expired => self.cancel_all(),
        };
        let now = Instant::now();
        let state = self.lock();
        let waiting = state.queue.waiting().map(|waiting| waiting.job.metadata().clone());
        PoolReport { cancelled, running: state.running(now, None), waiting: waiting.collect() }
    }

    /// S1. Does nothing if the pool is closed already.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.policy.close();
        let idle: Vec<_> = std::iter::from_fn(|| state.workers.assign_idle(Role::Worker)).collect();
        drop(state);
        idle.iter().for_each(|parker| parker.unpark());
    }

    /// S3. The closures are dropped outside the lock, because their destructors are user code.
    fn cancel_all(&self) -> Vec<Metadata> {
        let mut state = self.lock();
        let waiting = state.queue.drain(|lane| !lane.must_run);
        let left = state.queue.takeable();
        state.policy.remove_all_but(left);
        let running = state.workers.running().map(|(_, running)| running);
        let running = running.filter(|running| !state.queue.lane(running.lane).config.must_run);
        let running: Vec<_> = running.map(|running| Arc::clone(&running.job)).collect();
        let has_must_run = state.queue.must_run() > 0;
        drop(state);
        running.iter().for_each(|job| job.request_cancel());
        let cancelled = waiting.into_iter().map(|WaitingJob { job, permit, .. }| {
            job.discard(JoinError::cancelled(job.metadata().clone()));
            grant(permit);
            job.metadata().clone()
        });
        let cancelled = cancelled.collect();
        if has_must_run && !is_on_loop() && membership(self.id) == Membership::Outsider {
            let _over = self.wait_until(None, None, |state| state.queue.must_run() == 0);
        }
        cancelled
    }

    /// S2.
    fn wait_until_quiet(&self, deadline: Option<Instant>) -> WaitEnd {
        let worker = match membership(self.id) {
            Membership::Outsider => return self.wait_and_join(deadline),
            Membership::Retired => return self.wait_until(deadline, None, PoolState::is_quiet),
            Membership::Worker(worker) => worker,
        };
        let mut state = self.lock();
        state.workers.set_shuts_down(worker);
        // Other workers that shut the pool down have one thread fewer to wait for.
        self.notify_waiters_if_quiet(state);
        self.wait_until(deadline, Some(worker), PoolState::is_quiet)
    }

    fn wait_and_join(&self, deadline: Option<Instant>) -> WaitEnd {
        let is_over =
            |state: &PoolState| state.policy.threads() == 0 && state.threads.are_complete();
        if self.wait_until(deadline, None, is_over) == WaitEnd::Expired {
            return WaitEnd::Expired;
        }
        let retired = self.lock().threads.take_retired();
        let joined = retired.len();
        join_all(retired);
        let mut state = self.lock();
        state.threads.joined(joined);
        self.notify_waiters_if_quiet(state);
        WaitEnd::Over
    }

    /// Waits until `is_over` returns true or the deadline has passed. If the wait takes long,
    /// prints the reason on stderr once.
    fn wait_until(
        &self,
        deadline: Option<Instant>,
        own: Option<WorkerId>,
        is_over: impl Fn(&PoolState) -> bool,
    ) -> WaitEnd {
        if is_over(&self.lock()) {
            return WaitEnd::Over;
        }
        let begun = Instant::now();
        let mut notice =
            self.settings.slow_shutdown_notice.and_then(|after| begun.checked_add(after));
        let parker = Arc::new(Parker::new());
        loop {
            let now = Instant::now();
            if notice.take_if(|notice| *notice <= now).is_some() {
                self.print_notice(now.saturating_duration_since(begun), own);
            }
            let mut state = self.lock();
            state.shutdown_waiters.retain(|other| !Arc::ptr_eq(other, &parker));
            if is_over(&state) {
                return WaitEnd::Over;
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return WaitEnd::Expired;
            }
            state.shutdown_waiters.push(Arc::clone(&parker));
            drop(state);
            let _ = parker.park([deadline, notice].into_iter().flatten().min());
        }
    }

    #[cold]
    fn print_notice(&self, waited: Duration, own: Option<WorkerId>) {
        let now = Instant::now();
        let state = self.lock();
        let running = state.running(now, own);
        let queued = state.queue.waiting().count();
        drop(state);
        let report = PoolReport { running, ..PoolReport::default() };
        let name = &self.settings.thread_name;
        // If stderr is closed, the notice is lost.
        let _ = writeln!(
            std::io::stderr(),
            "the shutdown of pool `{name}` has waited {waited:.1?} (queued: {queued}); {report}"
        );
    }
}
