//! The events of a task that are recorded away from the loop: wakes by other threads, and
//! cancellation.

use runtime_core::record::event::{Event, WakeRoute};

#[cfg(feature = "record")]
use crate::task::waker::ReadyQueue;
use crate::task::waker::TaskWaker;

impl<C: ?Sized> TaskWaker<C> {
    /// W2. `swap` sets `posted`, and returns its former value. The event is numbered before the
    /// swap, so it precedes the poll that the wake causes.
    #[inline]
    pub(super) fn recorded_post(&self, swap: impl FnOnce() -> bool) -> bool {
        self.shared.recorder.record_around(swap, |&was_posted| Event::Woken {
            key: self.key.to_bits(),
            route: if was_posted { WakeRoute::Elided } else { WakeRoute::Posted },
        })
    }

    pub(super) fn record_cancelled(&self) {
        self.shared.recorder.record(|| Event::TaskCancelled { key: self.key.to_bits() });
    }
}

#[cfg(feature = "record")]
impl ReadyQueue {
    /// The number of keys.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}
