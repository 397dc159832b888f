//! The end of a pool: how long to wait, and what is reported.
//!
//! 1. The pool is closed: no job is accepted any more; the idle workers are woken; whoever finds
//!    the queue empty retires, and what was accepted is still run.
//! 2. Who shuts down waits until every thread has retired, if it waits at all; the last one wakes
//!    it, and it joins what was left.
//! 3. If it does not wait, or no longer, it cancels what is queued, asks what runs to stop, and
//!    reports it. Jobs that must run it leaves alone, and waits for them, if waiting is not wrong
//!    where it was called.
//!
//! One of the pool's own workers cannot wait for itself. It counts as an *insider* until the job
//! that shuts down has ended, and waits only until all threads left are insiders; its own job is
//! then in its report.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::context::is_on_loop;
use runtime_core::join::JoinError;
use runtime_core::metadata::Metadata;
use runtime_core::park::Parker;

use crate::pool::shared::{Shared, State};
use crate::pool::stats::RunningJob;
use crate::queue::fifo::Entry;
use crate::queue::lanes::announce;
use crate::worker::lifecycle::{Place, current_place, join_all};
use crate::worker::policy::Role;
use crate::worker::table::SeatId;

/// How long a shutdown waits for the jobs that were accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Until all have been run, the queued ones too, and every thread has ended.
    Wait,
    /// The same, but at most so long. Then what is still queued is cancelled, and what still runs
    /// is asked to [stop](crate::is_cancelled), left, and reported.
    WaitAtMost(Duration),
    /// Not at all: what is queued is cancelled, and what runs is asked to
    /// [stop](crate::is_cancelled), left, and reported.
    Leave,
}

/// What a shutdown left undone.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The jobs that it cancelled before they began, the oldest first.
    pub cancelled: Vec<Metadata>,
    /// The jobs that were running when it returned. They cannot be stopped; their results come
    /// when they come.
    pub running: Vec<RunningJob>,
    /// The jobs that [must run](crate::LaneBuilder::must_run) and still waited for a thread when it
    /// returned, because it could not wait for them itself.
    pub waiting: Vec<Metadata>,
}

impl Report {
    /// Whether nothing was left undone.
    pub fn is_clean(&self) -> bool {
        self.cancelled.is_empty() && self.running.is_empty() && self.waiting.is_empty()
    }
}

/// Lists longer than this are cut short.
const LIST_MAX: usize = 8;

/// `` 1 job still runs: `copy` (spawned at src/main.rs:1:5), for 7s; 2 jobs were cancelled: ... ``
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("every job has ended");
        }
        let lists = [
            (&self.running.iter().map(|job| job as _).collect::<Vec<_>>(), STILL_RUN),
            (&self.waiting.iter().map(|job| job as _).collect(), STILL_WAIT),
            (&self.cancelled.iter().map(|job| job as _).collect(), WERE_CANCELLED),
        ];
        let mut separator = "";
        for (jobs, (one, many)) in lists.into_iter().filter(|(jobs, _)| !jobs.is_empty()) {
            let what = if jobs.len() == 1 { one } else { many };
            write!(f, "{separator}{} {what}: ", jobs.len())?;
            write_list(f, jobs)?;
            separator = "; ";
        }
        Ok(())
    }
}

const STILL_RUN: (&str, &str) = ("job still runs", "jobs still run");
const STILL_WAIT: (&str, &str) = ("job still waits", "jobs still wait");
const WERE_CANCELLED: (&str, &str) = ("job was cancelled", "jobs were cancelled");

fn write_list(f: &mut fmt::Formatter<'_>, list: &[&dyn fmt::Display]) -> fmt::Result {
    for (index, item) in list.iter().take(LIST_MAX).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    match list.len().saturating_sub(LIST_MAX) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

/// How a wait ended.
#[derive(PartialEq, Eq)]
enum Waited {
    Quiet,
    Expired,
}

impl Shared {
    pub(crate) fn shutdown(self: &Arc<Self>, how: Shutdown) -> Report {
        if self.check_process().is_err() {
            return Report::default();
        }
        self.close();
        let waited = match how {
            Shutdown::Leave => Waited::Expired,
            Shutdown::Wait => self.wait_until_quiet(None),
            Shutdown::WaitAtMost(limit) => self.wait_until_quiet(Instant::now().checked_add(limit)),
        };
        let cancelled = match waited {
            Waited::Quiet => Vec::new(),
            Waited::Expired => self.cancel_all(),
        };
        let now = Instant::now();
        let state = self.lock();
        let waiting = state.lanes.waiting(|_| true).map(|job| job.metadata().clone()).collect();
        Report { cancelled, running: state.running(now, None), waiting }
    }

    /// Step 1. Does nothing if it was done before.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.policy.close();
        let idle: Vec<_> = std::iter::from_fn(|| state.roster.call_idle(Role::Worker)).collect();
        drop(state);
        idle.iter().for_each(|parker| parker.unpark());
    }

    /// Step 3. The closures are dropped here, outside the lock; their destructors may do anything.
    fn cancel_all(&self) -> Vec<Metadata> {
        let mut state = self.lock();
        let waiting = state.lanes.drain(|rules| !rules.must_run);
        let left = state.lanes.takeable();
        state.policy.cancel_all_but(left);
        let running = state.roster.running().map(|(_, running)| Arc::clone(&running.job));
        let running: Vec<_> = running.filter(|job| !state.lanes.is_must(job.lane())).collect();
        let is_must_left = state.lanes.must_run() > 0;
        drop(state);
        running.iter().for_each(|job| job.request_cancel());
        let cancelled = waiting.into_iter().map(|Entry { job, admission, .. }| {
            job.discard(JoinError::cancelled(job.metadata().clone()));
            announce(admission);
            job.metadata().clone()
        });
        let cancelled = cancelled.collect();
        if is_must_left && !is_on_loop() && current_place(self) == Place::Outside {
            let _over = self.wait_for(None, None, |state| state.lanes.must_run() == 0);
        }
        cancelled
    }

    /// Step 2.
    fn wait_until_quiet(self: &Arc<Self>, deadline: Option<Instant>) -> Waited {
        let seat = match current_place(self) {
            Place::Outside => return self.wait_outside(deadline),
            Place::Retired => return self.wait_for(deadline, None, State::is_quiet),
            Place::Inside(seat) => seat,
        };
        let mut state = self.lock();
        state.roster.make_insider(seat);
        // For insiders that wait already, one less to wait for.
        let waiters = state.take_released_waiters();
        drop(state);
        waiters.iter().for_each(|waiter| waiter.unpark());
        self.wait_for(deadline, Some(seat), State::is_quiet)
    }

    fn wait_outside(&self, deadline: Option<Instant>) -> Waited {
        let is_over = |state: &State| state.policy.threads() == 0 && state.roster.handles_are_in();
        if self.wait_for(deadline, None, is_over) == Waited::Expired {
            return Waited::Expired;
        }
        let left = self.lock().roster.take_left();
        let joined = left.len();
        join_all(left);
        let mut state = self.lock();
        state.roster.joined(joined);
        let waiters = state.take_released_waiters();
        drop(state);
        waiters.iter().for_each(|waiter| waiter.unpark());
        Waited::Quiet
    }

    /// Waits until `is_over`, and once says on stderr for whom, if it takes long.
    fn wait_for(
        &self,
        deadline: Option<Instant>,
        own_seat: Option<SeatId>,
        is_over: impl Fn(&State) -> bool,
    ) -> Waited {
        if is_over(&self.lock()) {
            return Waited::Quiet;
        }
        let begun = Instant::now();
        let mut notice =
            self.settings.slow_shutdown_notice.and_then(|after| begun.checked_add(after));
        let parker = Arc::new(Parker::new());
        loop {
            let now = Instant::now();
            if notice.take_if(|notice| *notice <= now).is_some() {
                self.say_for_whom(now.saturating_duration_since(begun), own_seat);
            }
            let mut state = self.lock();
            if is_over(&state) {
                state.withdraw(&parker);
                return Waited::Quiet;
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                state.withdraw(&parker);
                return Waited::Expired;
            }
            state.withdraw(&parker);
            state.waiters.push(Arc::clone(&parker));
            drop(state);
            let _ = parker.park([deadline, notice].into_iter().flatten().min());
        }
    }

    #[cold]
    fn say_for_whom(&self, waited: Duration, own_seat: Option<SeatId>) {
        let now = Instant::now();
        let state = self.lock();
        let running = state.running(now, own_seat);
        let queued = state.lanes.queued() + state.lanes.in_line();
        drop(state);
        let report = Report { running, ..Report::default() };
        let name = &self.settings.thread_name;
        // Nobody is left to tell if stderr is closed.
        let _ = writeln!(
            std::io::stderr(),
            "the shutdown of pool `{name}` has waited {waited:.1?} (queued: {queued}); {report}"
        );
    }
}
