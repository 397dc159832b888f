//! The policy of the monitor: how the pool grows while jobs block, and what happens if it cannot.
//!
//! The monitor runs no jobs. It looks at the queue every 100 µs
//! ([`PATIENCE`](crate::worker::round::PATIENCE)):
//!
//! - G1. The queue is empty: the monitor becomes an ordinary idle worker.
//! - G2. No job has ended since the last look, so the running jobs must be blocked: the monitor
//!   adds as many threads as there are cores, then twice as many each time until a job ends.
//! - G3. Jobs have ended. When as many have ended as workers are busy (a *round*), the monitor
//!   computes how long these jobs have run on average. Jobs of 100 µs or more block, too, although
//!   the queue moves: the monitor adds as many threads as are busy. There are two exceptions. If
//!   the jobs are shorter, a thread would cost more than it gains. If they have run half as long
//!   again as those before the last growth, they compute and contend for the cores: the last
//!   growth gained nothing, and another one would gain nothing either.
//! - G4. The monitor dispatches all new workers itself. A variant in which the new workers dispatch
//!   each other was measured and is slower, because they then contend with the jobs for the cores.
//! - G5. No thread can be added (`threads_max` is reached, or the system refuses a thread) and the
//!   queue does not move: the monitor runs a job itself. No monitor is needed then, because each
//!   worker that ends a job takes the next job.
//!
//! ```text
//! 1,000 jobs that sleep for 200 µs, 2 cores       1,000 jobs that compute for 200 µs, 2 cores
//!  look   workers  ran for                         workers  ran for
//!   1       2         -     G2: adds 2               2         -     G2: adds 2
//!   2       4         -     G2: adds 4               4         -     G2: adds 4
//!   4       8      270 µs   G3: adds 8               8      800 µs   G3: adds 8
//!   7      16      270 µs   G3: adds 16             16     1600 µs   half as long again: waits
//!  10      32      270 µs   ... as many as wait     16     1600 µs   waits
//! ```

use std::time::Duration;

use crate::worker::policy::{Dispatch, Policy, Role};
use crate::worker::round::Round;
use crate::worker::start_backoff::StartBackoff;

/// The next action of the monitor after a look at the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum MonitorAction {
    /// Sleep for [`PATIENCE`](crate::worker::round::PATIENCE), then look again with this count of
    /// ended jobs.
    WaitAgain(u64),
    /// Carry out [`Policy::grow`] at most `by` times, then wait again with this count.
    Grow { by: usize, seen: u64 },
    /// Take the next job and run it, as an ordinary worker.
    Take,
    /// Wait on top of the idle stack, as an ordinary worker.
    StandDown,
    /// End the thread.
    Retire,
}

/// The way to continue after a thread could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum StartFailure {
    /// Other threads run the waiting jobs. The dispatch wakes an idle worker or does nothing.
    Continue(Dispatch),
    /// There is no thread: the caller empties the queue and fails the jobs.
    NoThread,
}

impl Policy {
    /// Decides what the monitor does next. `seen` is the number of ended jobs at its last look, if
    /// there was one.
    pub(crate) fn tick(&mut self, seen: Option<u64>) -> MonitorAction {
        let has_moved = seen != Some(self.ended);
        if has_moved {
            self.step = self.cores;
            self.backoff.queue_has_moved();
        }
        let is_slow = has_moved && self.is_round_slow(seen);
        if self.queued == 0 {
            self.monitor = false;
            if self.closed {
                return MonitorAction::Retire;
            }
            self.idle += 1;
            return MonitorAction::StandDown;
        }
        if (has_moved && !is_slow) || self.queued <= self.arriving {
            return MonitorAction::WaitAgain(self.ended);
        }
        if self.idle == 0 && self.vacancies_for_growth() == 0 {
            if has_moved {
                return MonitorAction::WaitAgain(self.ended);
            }
            self.monitor = false;
            self.queued -= 1;
            self.busy += 1;
            return MonitorAction::Take;
        }
        let by = if is_slow { self.busy } else { self.step };
        if !is_slow {
            self.step = self.step.saturating_mul(2);
        }
        MonitorAction::Grow { by, seen: self.ended }
    }

    /// G3. Returns whether a round has ended whose jobs have blocked.
    fn is_round_slow(&mut self, seen: Option<u64>) -> bool {
        if seen.is_none() {
            self.round = Round::begin(self.ended, self.run_time);
        }
        self.round.is_slow(self.ended, self.run_time, self.busy)
    }

    /// Adds the time for which a job has run.
    #[inline]
    pub(crate) fn add_run_time(&mut self, run_time: Duration) {
        self.run_time += run_time;
    }

    /// Dispatches one of the workers that the monitor adds, unless the arriving workers suffice.
    pub(crate) fn grow(&mut self) -> Dispatch {
        if self.queued <= self.arriving {
            return Dispatch::Nothing;
        }
        self.dispatch(Role::Worker, self.vacancies_for_growth())
    }

    /// The number of threads that the monitor may start: none after a refusal.
    fn vacancies_for_growth(&self) -> usize {
        if self.backoff.stops_growth() { 0 } else { self.vacancies() }
    }

    /// Notes that a new thread runs. Next, the thread looks for a job or, if it is the monitor, at
    /// the queue.
    pub(crate) fn started(&mut self) {
        self.backoff = StartBackoff::default();
    }

    /// Notes that a dispatched thread could not be started.
    pub(crate) fn could_not_start(&mut self, role: Role) -> StartFailure {
        match role {
            Role::Worker => self.arriving -= 1,
            Role::Monitor => self.monitor = false,
        }
        self.backoff.refuse(self.ended);
        if self.threads() == 0 {
            self.queued = 0;
            return StartFailure::NoThread;
        }
        StartFailure::Continue(self.dispatch_if_needed(0))
    }

    /// Dispatches a worker although a start was refused before, because all workers wait for a
    /// queued job.
    pub(crate) fn dispatch_against_deadlock(&mut self) -> Dispatch {
        debug_assert!(!self.has_free_thread(), "a free thread would run the queued job");
        if self.queued == 0 {
            return Dispatch::Nothing;
        }
        self.dispatch(Role::Worker, self.vacancies())
    }
}
