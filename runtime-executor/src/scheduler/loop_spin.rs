//! The bounded spin of a loop before it sleeps, while it expects the end of a blocking call.

use std::time::Duration;

use runtime_core::park::Parker;
use runtime_core::spin::Spin;
use runtime_core::sync::atomic::{AtomicUsize, Ordering};

/// The loop's spin, and the number of calls for whose end the loop spins.
///
/// *Shared by* the loop, which spins, and the threads that begin and end its calls. *Guarded by*
/// its atomic, which is a hint. *Woken by* nothing: the parker's word ends a spin.
pub(crate) struct LoopSpin {
    spin: Spin,
    /// The number of the loop's blocking calls that are queued or run.
    calls: AtomicUsize,
}

impl LoopSpin {
    pub(crate) fn new(limit: Duration) -> LoopSpin {
        LoopSpin { spin: Spin::new(limit), calls: AtomicUsize::new(0) }
    }

    /// Returns whether the loop spins, and its calls are counted.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.spin.is_on()
    }

    /// Counts a call that begins.
    pub(crate) fn call_began(&self) {
        // ORDERING: Relaxed. The count decides only whether the loop spins. The parker's word
        // orders everything that a call publishes.
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a call that has ended, after its result was published.
    pub(crate) fn call_ended(&self) {
        // ORDERING: Relaxed, as in `call_began`.
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// Looks for a notification, for at most the limit and for at most `left`. The spin ends when
    /// no call is left, or `is_over` returns true. Returns whether there is a notification.
    pub(crate) fn before_park(
        &self,
        parker: &Parker,
        left: Option<Duration>,
        mut is_over: impl FnMut() -> bool,
    ) -> bool {
        // ORDERING: Relaxed, as in `call_began`.
        self.calls.load(Ordering::Relaxed) > 0
            && self.spin.before_park(parker, left, || {
                // ORDERING: Relaxed, as in `call_began`.
                self.calls.load(Ordering::Relaxed) == 0 || is_over()
            })
    }
}
