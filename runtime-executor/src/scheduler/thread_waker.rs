//! A thread that drives a future without turning a loop: how it sleeps, and what time does then.
//!
//! A job holds a virtual clock, because the time must not move while it is at work. A job that
//! blocks on a future is not at work while it sleeps: it may be waiting for that very clock. So it
//! lets go of its hold to sleep, and has one again when it is woken, with no gap between the wake
//! and its next step in which the clock could move on without it.
//!
//! 1. Who wakes takes a hold, then unparks the thread. If that found it asleep, the hold is left to
//!    the sleeper; else it is given back.
//! 2. Who goes to sleep lets go of its hold when it counts as asleep, and not before. If it was
//!    notified already it does not sleep, and keeps its hold.
//!
//! Whether the thread sleeps is one word, the parker's, and one waker alone finds that it does: so
//! each sleep gives one hold away and gets one back. (Were it a flag beside the parker, a waker
//! could be overtaken between the two: its notice would end one sleep, and its hold be left to the
//! next, which nobody ends.)

use std::sync::Arc;
use std::task::Wake;

use runtime_core::park::Parker;

use crate::scheduler::shared::Remote;

/// *Shared by* the thread that made it and the wakers of its future. *Guarded by* its parker.
/// *Woken by* being a waker.
pub(crate) struct Sleeper {
    parker: Parker,
    /// The loop whose clock this thread holds while it is at work, if it does.
    held: Option<Arc<Remote>>,
}

impl Sleeper {
    pub(crate) fn new(held: Option<Arc<Remote>>) -> Sleeper {
        Sleeper { parker: Parker::new(), held }
    }

    /// Sleeps until it is woken; at once if it was since the last sleep. (Step 2.)
    pub(crate) fn sleep(&self) {
        self.parker.park_with(|| self.let_go());
    }

    fn let_go(&self) {
        if let Some(remote) = &self.held {
            remote.clock.release();
            // The loop sleeps without a deadline while the clock is held.
            remote.parker.unpark();
        }
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Step 1.
    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(remote) = &self.held {
            remote.clock.hold();
        }
        let left_to_the_sleeper = self.parker.unpark_and_report();
        if !left_to_the_sleeper {
            self.let_go();
        }
    }
}
