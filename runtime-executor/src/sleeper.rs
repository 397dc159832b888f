//! A thread that drives a future without turning a loop: how it sleeps, and what time does then.
//!
//! A job holds a virtual clock, because the time must not move while it is at work. A job that
//! blocks on a future is not at work while it sleeps: it may be waiting for that very clock. So it
//! lets go of its hold to sleep, and has one again when it is woken, with no gap between the wake
//! and its next step in which the clock could move on without it.
//!
//! 1. Who wakes unparks the thread, takes a hold, then swaps `asleep` to false. If it found true it
//!    leaves the hold to the sleeper; else it gives it back.
//! 2. Who goes to sleep swaps `asleep` to true, and lets go of its hold unless it has been notified
//!    already.
//! 3. Who gets up takes a hold, then swaps `asleep` to false. If it found false, a waker has left
//!    it one, and one of the two is given back.
//!
//! A wake that 2 does not see as a notice has not come to its swap, and will find true. Between 1
//! and 3 there may be a hold too many, which only makes the clock wait; there is never one too few.

use std::sync::Arc;
use std::task::Wake;

use runtime_core::park::Parker;
use runtime_core::sync::atomic::{AtomicBool, Ordering};

use crate::remote::Remote;

/// *Shared by* the thread that made it and the wakers of its future. *Guarded by* its parker and
/// one flag. *Woken by* being a waker.
pub(crate) struct Sleeper {
    parker: Parker,
    /// The loop whose clock this thread holds while it is at work, if it does.
    held: Option<Arc<Remote>>,
    asleep: AtomicBool,
}

impl Sleeper {
    pub(crate) fn new(held: Option<Arc<Remote>>) -> Sleeper {
        Sleeper { parker: Parker::new(), held, asleep: AtomicBool::new(false) }
    }

    /// Sleeps until it is woken; at once if it was since the last sleep.
    pub(crate) fn sleep(&self) {
        match &self.held {
            Some(remote) => self.sleep_unheld(remote),
            None => drop(self.parker.park(None)),
        }
    }

    /// Steps 2 and 3.
    fn sleep_unheld(&self, remote: &Remote) {
        // ORDERING: AcqRel, paired with the swap in `wake_by_ref`: who finds that wake's false also
        // finds its notice.
        self.asleep.swap(true, Ordering::AcqRel);
        let let_go = !self.parker.is_notified();
        if let_go {
            remote.clock.release();
            remote.parker.unpark();
        }
        let _ = self.parker.park(None);
        remote.clock.hold();
        // ORDERING: AcqRel, as above: a hold that was left is taken before it is given back.
        if !self.asleep.swap(false, Ordering::AcqRel) {
            remote.clock.release();
        }
        if !let_go {
            remote.clock.release();
        }
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Step 1.
    fn wake_by_ref(self: &Arc<Self>) {
        self.parker.unpark();
        let Some(remote) = &self.held else { return };
        remote.clock.hold();
        // ORDERING: AcqRel, paired with the swaps in `sleep_unheld`. A swap, because several may
        // wake at once and one alone leaves its hold.
        if !self.asleep.swap(false, Ordering::AcqRel) {
            remote.clock.release();
            remote.parker.unpark();
        }
    }
}
