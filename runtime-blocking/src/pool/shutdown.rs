//! The end of a pool: how long to wait, and what to report.
//!
//! - S1. The pool is closed: it accepts no more jobs, and the idle workers are woken. A worker that
//!   finds the queue empty retires, so the accepted jobs are still run.
//! - S2. If `how` is not [`Leave`](Shutdown::Leave), the shutdown waits until every thread has
//!   retired. The last thread to retire wakes the shutdown.
//! - S3. The shutdown joins the threads that no worker has joined. If several shutdowns wait at
//!   once, one of them takes the handles, and the others wait until it has joined them.
//! - S4. If the shutdown does not wait, or its time limit has passed, it cancels the queued jobs,
//!   requests the running jobs to stop, and reports the cancelled and the running jobs. It neither
//!   cancels nor stops the jobs of lanes with `must_run`: it reports the jobs that still wait, and
//!   the workers run them after it has returned. The report is made under the lock under which the
//!   jobs are chosen, so it names every job that was requested to stop, even one that stops at
//!   once.
//!
//! A shutdown with a limit sleeps only in a park with that deadline. A join has no deadline, and
//! may wait for a destructor of a thread-local that blocks. A write to stderr may block, too. Such
//! a shutdown therefore leaves both to helper threads that it starts. It joins the helper for joins
//! only when that helper has nothing left to do.
//!
//! A worker whose job shuts its own pool down cannot wait for itself. Such a worker is counted as
//! *shutting down* until its job ends. Its shutdown waits only until all remaining threads are
//! counted as shutting down, and then reports the worker's own job among the running jobs.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::join::JoinError;
use runtime_core::park::Parker;
use runtime_core::sync::thread::JoinHandle;

use crate::pool::report::PoolReport;
use crate::pool::shared::{PoolShared, PoolState};
use crate::queue::job_list::WaitingJob;
use crate::queue::permit::grant;
use crate::worker::current::{Membership, WorkerId, membership};
use crate::worker::policy::Role;
use crate::worker::thread_handles::join_all;

/// How long a shutdown waits for the jobs that were accepted.
///
/// No kind of job lengthens a limit. Jobs of lanes that [must
/// run](crate::LaneBuilder::must_run) are neither cancelled nor asked to stop. If they have not
/// ended within the limit, the shutdown [reports](PoolReport) them and returns, and the pool's
/// threads run them to their end in the background. Jobs that change files are in such a lane. They
/// are lost if the process ends before they have.
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
        let deadline = match how {
            Shutdown::WaitAtMost(limit) => Instant::now().checked_add(limit),
            Shutdown::Wait | Shutdown::Leave => None,
        };
        if self.close() {
            self.record_shutdown_end(0);
            return PoolReport::default();
        }
        let end = match how {
            Shutdown::Leave => WaitEnd::Expired,
            Shutdown::Wait | Shutdown::WaitAtMost(_) => self.wait_until_quiet(deadline),
        };
        let report = match end {
            WaitEnd::Over => self.lock().report(Instant::now(), None),
            WaitEnd::Expired => self.cancel_all(),
        };
        self.record_shutdown_end(report.running.len());
        report
    }

    /// S1. Does nothing if the pool is closed already. Returns whether the pool is over: it has no
    /// thread, and therefore no job, and no thread has to be joined.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.lock();
        state.record_close();
        state.policy.close();
        if state.policy.threads() == 0 && state.threads.are_joined() {
            return true;
        }
        let idle: Vec<_> = std::iter::from_fn(|| state.assign_idle(Role::Worker)).collect();
        drop(state);
        idle.iter().for_each(|parker| parker.unpark());
        false
    }

    /// S4. The closures are dropped outside the lock, because their destructors are user code.
    fn cancel_all(&self) -> PoolReport {
        let mut state = self.lock();
        let waiting = state.drain_jobs(|lane| !lane.must_run);
        let left = state.queue.takeable();
        state.policy.remove_all_but(left);
        let mut report = state.report(Instant::now(), None);
        let mut requested = Vec::new();
        for (reported, (_, running)) in report.running.iter_mut().zip(state.workers.running()) {
            if !state.queue.lane(running.lane).config.must_run {
                reported.is_abandoned = true;
                requested.push(Arc::clone(&running.job));
            }
        }
        drop(state);
        requested.into_iter().for_each(|job| job.request_cancel());
        let cancelled = waiting.into_iter().map(|WaitingJob { job, permit, .. }| {
            job.discard(JoinError::shut_down(job.metadata().clone()));
            grant(permit);
            job.metadata().clone()
        });
        report.cancelled = cancelled.collect();
        report
    }

    /// S2 and S3.
    fn wait_until_quiet(self: &Arc<Self>, deadline: Option<Instant>) -> WaitEnd {
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

    fn wait_and_join(self: &Arc<Self>, deadline: Option<Instant>) -> WaitEnd {
        let have_retired =
            |state: &PoolState| state.policy.threads() == 0 && state.threads.are_complete();
        if self.wait_until(deadline, None, have_retired) == WaitEnd::Expired {
            return WaitEnd::Expired;
        }
        let joining = self.join_retired(deadline);
        // Another shutdown may have taken the handles and still be joining the threads.
        let end = self.wait_until(deadline, None, |state| state.threads.are_complete());
        if let (WaitEnd::Over, Some(joining)) = (&end, joining) {
            join_all(vec![joining]);
        }
        end
    }

    /// S3. If there is a deadline, returns the thread that joins the retired threads.
    fn join_retired(self: &Arc<Self>, deadline: Option<Instant>) -> Option<JoinHandle<()>> {
        let retired = self.lock().threads.take_retired();
        if retired.is_empty() {
            return None;
        }
        let (joined, shared) = (retired.len(), Arc::clone(self));
        let join = move || {
            join_all(retired);
            shared.note_joined(joined);
        };
        if deadline.is_none() {
            join();
            return None;
        }
        let joining = self.settings.start_helper("join", Box::new(join));
        if joining.is_err() {
            // The handles were dropped with the closure, which detaches the threads.
            self.note_joined(joined);
        }
        joining.ok()
    }

    fn note_joined(&self, threads: usize) {
        let mut state = self.lock();
        state.threads.joined(threads);
        self.notify_waiters_if_quiet(state);
    }

    /// Waits until `is_over` returns true or the deadline has passed. If the wait takes long,
    /// prints the reason on stderr once.
    fn wait_until(
        &self,
        deadline: Option<Instant>,
        own: Option<WorkerId>,
        is_over: impl Fn(&PoolState) -> bool,
    ) -> WaitEnd {
        let state = self.lock();
        if is_over(&state) {
            return WaitEnd::Over;
        }
        self.record_shutdown_wait(&state);
        drop(state);
        let begun = Instant::now();
        let mut notice =
            self.settings.slow_shutdown_notice.and_then(|after| begun.checked_add(after));
        let parker = Arc::new(Parker::new());
        loop {
            let now = Instant::now();
            let mut state = self.lock();
            state.shutdown_waiters.retain(|other| !Arc::ptr_eq(other, &parker));
            if is_over(&state) {
                return WaitEnd::Over;
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return WaitEnd::Expired;
            }
            if notice.take_if(|notice| *notice <= now).is_some() {
                // One snapshot: what the notice says was true under this lock, and the wait was not
                // over.
                let report = state.report(now, own);
                drop(state);
                self.print_notice(now.saturating_duration_since(begun), &report, deadline);
                continue;
            }
            state.shutdown_waiters.push(Arc::clone(&parker));
            drop(state);
            let _ = parker.park([deadline, notice].into_iter().flatten().min());
        }
    }

    #[cold]
    fn print_notice(&self, waited: Duration, report: &PoolReport, deadline: Option<Instant>) {
        let name = &self.settings.thread_name;
        let left = if report.is_clean() {
            "no job is left, but its threads have not ended".to_owned()
        } else {
            report.to_string()
        };
        let text = format!("aside: the shutdown of pool `{name}` has waited {waited:.1?}; {left}");
        // If stderr is closed, or no thread can be started, the notice is lost.
        let print = move || drop(writeln!(std::io::stderr(), "{text}"));
        match deadline {
            None => print(),
            Some(_) => drop(self.settings.start_helper("notice", Box::new(print))),
        }
    }
}
