//! The waker of a thread that drives a future without turning a loop, and the hold of such a thread
//! on a virtual clock.
//!
//! A job holds the virtual clock while it works, because its work takes no virtual time. A job that
//! blocks on a future may wait for a time of that clock, so the job gives up its hold while it
//! sleeps. The wake gives the job a hold again, so the clock cannot move between the wake and the
//! job's next step.
//!
//! - V1. The waker takes a hold and unparks the thread. If the thread was asleep, the hold passes
//!   to the thread. Otherwise the waker releases the hold.
//! - V2. The thread releases its hold only after it has become PARKED. If the thread was notified
//!   already, it does not sleep and keeps its hold.
//!
//! The word of the parker alone shows whether the thread sleeps, and only one waker finds the
//! thread asleep. So each sleep gives up one hold and gets one back. With a separate flag, another
//! waker could run between a waker's access to the flag and its access to the parker. Then the
//! notification would end one sleep, and the hold would pass to the next sleep, which no waker
//! ends.

use std::sync::Arc;
use std::task::Wake;

use runtime_core::park::Parker;

use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

/// *Shared by* the thread that drives the future and the future's wakers. *Guarded by* its parker.
/// *Woken by* a wake.
pub(crate) struct ThreadWaker {
    parker: Parker,
    /// The loop whose clock this thread holds while it works.
    held: Option<Arc<Shared<Message>>>,
}

impl ThreadWaker {
    pub(crate) fn new(held: Option<Arc<Shared<Message>>>) -> ThreadWaker {
        ThreadWaker { parker: Parker::new(), held }
    }

    /// Sleeps until a wake; returns at once if there was a wake since the last sleep. (V2)
    pub(crate) fn sleep(&self) {
        self.parker.park_with(|| self.release());
    }

    fn release(&self) {
        if let Some(shared) = &self.held {
            shared.clock.release();
            // While the clock was held, the loop slept without a deadline, so the loop must be
            // woken.
            shared.parker.unpark();
        }
    }
}

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// V1.
    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(shared) = &self.held {
            shared.clock.hold();
        }
        let was_asleep = self.parker.unpark_and_report();
        if !was_asleep {
            self.release();
        }
    }
}
