//! The core on which a worker sleeps between single calls.
//!
//! If each call is awaited at once, the loop and the worker take turns: one sleeps while the other
//! runs. If each of them has a core of its own, both cores halt once in each call, and a halted
//! core may take far longer to continue than the call takes, above all in a virtual machine. If
//! they share a core, each wake-up is a switch from one thread to the other. The kernel wakes a
//! thread on the core on which it slept, if that core is idle. So two threads that have begun on
//! two cores stay there.
//!
//! Therefore a worker that has run a single short job does not let the kernel choose the core on
//! which it is woken: it sleeps where it is. If two jobs in a row were submitted on another core,
//! it *follows* to that core. One is not enough, because the kernel may move the loop to the
//! worker's core, and then both would change places at each call. Only the sleep is restricted:
//! while the worker runs a job, the kernel may move it to any core.
//!
//! A worker does none of this on one core, or if a setting turns it off. Nor does it after a job
//! that took longer than a halted core to continue, while other workers run jobs, or if the threads
//! spin: all of these gain from a core of their own.

use std::cell::Cell;
use std::time::Duration;

use crate::pool::settings::Settings;
use crate::pool::shared::PoolState;
use crate::worker::cores::{self, Restriction};
use crate::worker::current::CoreId;

/// A job that has run for this time or less is short. A halted core takes up to 45 µs to continue.
const SHORT: Duration = Duration::from_micros(50);

/// The number of jobs in a row, each submitted on another core, after which a worker follows.
const CROSSED_MAX: u32 = 2;

/// The worker's choice of a core. *Shared by* nothing: it belongs to the worker's thread.
pub(super) struct CoreFollower {
    is_on: bool,
    /// The core of the thread that woke the worker for the job that has just ended.
    target: Cell<Option<CoreId>>,
    crossed: Cell<u32>,
}

impl CoreFollower {
    pub(super) fn new(settings: &Settings) -> CoreFollower {
        let may_spin = !settings.spin_before_park.is_zero();
        let is_on = settings.choose_cores && !may_spin && settings.cores() > 1;
        CoreFollower { is_on, target: Cell::default(), crossed: Cell::default() }
    }

    /// Notes the end of a job, under the pool's lock.
    #[inline]
    pub(super) fn job_ended(&self, ran_for: Duration, state: &PoolState) {
        let is_alone = state.policy.busy() == 1;
        self.target.set(state.waking_core.filter(|_| is_alone && ran_for <= SHORT));
    }

    /// Restricts the sleep of a worker that has run this many jobs since its last sleep, if that
    /// may gain something. The restriction must be dropped after the sleep.
    #[inline]
    pub(super) fn restrict_after(&self, jobs: usize) -> Option<Restriction> {
        let target = self.target.take().filter(|_| jobs == 1 && self.is_on)?;
        Restriction::new(self.place(cores::current()?, target))
    }

    /// The core on which to sleep.
    fn place(&self, own: CoreId, target: CoreId) -> CoreId {
        let crossed = if own == target { 0 } else { self.crossed.get() + 1 };
        let follows = crossed == CROSSED_MAX;
        self.crossed.set(if follows { 0 } else { crossed });
        if follows { target } else { own }
    }
}

#[cfg(test)]
mod tests;
