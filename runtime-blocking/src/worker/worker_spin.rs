//! The bounded spin of a worker before it sleeps.
//!
//! A worker that finds no further job goes onto the idle stack, and spins there before it parks. A
//! submit that assigns this worker unparks it as usual, but makes no system call while it spins. So
//! the policy and the table know nothing of a spin.

use std::time::Duration;

use runtime_core::park::Parker;
use runtime_core::spin::Spin;
use runtime_core::sync::atomic::{AtomicUsize, Ordering};

use crate::pool::settings::Settings;
use crate::worker::current::WorkerId;

/// The workers' spin, and the worker that spins.
///
/// At most one worker spins: the worker that became idle last, which the next job wakes.
///
/// *Shared by* the workers of a pool. *Guarded by* its atomic, which is a hint. *Woken by* nothing:
/// the parker's word ends a spin.
pub(crate) struct WorkerSpin {
    spin: Spin,
    /// The row of the worker that spins, or was the last to spin.
    spinner: AtomicUsize,
}

impl WorkerSpin {
    /// The spin of these settings. On one core, a spin would only delay the submitter.
    pub(crate) fn new(settings: &Settings) -> WorkerSpin {
        let limit = settings.spin_before_park;
        let is_useful = !limit.is_zero() && settings.cores() > 1;
        let limit = if is_useful { limit } else { Duration::ZERO };
        WorkerSpin { spin: Spin::new(limit), spinner: AtomicUsize::new(0) }
    }

    /// Looks for an assignment of an idle worker that has just run this many jobs. A worker that
    /// has run no job since its last wait does not spin.
    #[inline]
    pub(super) fn spin_after(&self, jobs: usize, worker: WorkerId, parker: &Parker) {
        if jobs > 0 && self.spin.is_on() {
            self.before_park(worker, parker);
        }
    }

    #[cold]
    fn before_park(&self, worker: WorkerId, parker: &Parker) {
        // ORDERING: Relaxed. The row only decides which worker spins. The parker's word and the
        // pool's lock order everything that a submitter publishes.
        self.spinner.swap(worker.row(), Ordering::Relaxed);
        self.spin.before_park(parker, None, || {
            // ORDERING: Relaxed, as above.
            self.spinner.load(Ordering::Relaxed) != worker.row()
        });
    }
}

#[cfg(test)]
mod tests;
