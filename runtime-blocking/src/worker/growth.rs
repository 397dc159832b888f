//! The policy of the monitor: how the pool grows while jobs block, and what happens if it cannot.
//!
//! The monitor runs no jobs. It looks at the queue every 100 µs ([`PATIENCE`]):
//!
//! - G1. The queue is empty: the monitor becomes an ordinary idle worker.
//! - G2. A job has ended since the last look, so the queue moves: the monitor keeps waiting.
//! - G3. No job has ended, so the running jobs must be blocked: the monitor adds threads, as many
//!   as there are cores, then twice as many each time. The monitor dispatches all new workers
//!   itself. A variant in which the new workers dispatch each other was measured and is slower,
//!   because they then contend with the jobs for the cores.
//! - G4. No thread can be added (`threads_max` is reached, or the system refuses a thread) and the
//!   queue does not move: the monitor runs a job itself. No monitor is needed then, because each
//!   worker that ends a job takes the next job.

use std::time::Duration;

use crate::worker::policy::{Dispatch, Policy, Role};
use crate::worker::start_backoff::StartBackoff;

/// The time without the end of any job after which threads are added.
pub(crate) const PATIENCE: Duration = Duration::from_micros(100);

/// The next action of the monitor after a look at the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum MonitorAction {
    /// Sleep for [`PATIENCE`], then look again with this count of ended jobs.
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
        if self.queued == 0 {
            self.monitor = false;
            if self.closed {
                return MonitorAction::Retire;
            }
            self.idle += 1;
            return MonitorAction::StandDown;
        }
        if has_moved || self.queued <= self.arriving {
            return MonitorAction::WaitAgain(self.ended);
        }
        if self.idle == 0 && self.vacancies_for_growth() == 0 {
            self.monitor = false;
            self.queued -= 1;
            self.busy += 1;
            return MonitorAction::Take;
        }
        let by = self.step;
        self.step = self.step.saturating_mul(2);
        MonitorAction::Grow { by, seen: self.ended }
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
