//! A hold on a virtual clock.

use std::fmt;
use std::sync::Arc;

use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

/// Keeps a virtual clock from moving. Drop it after the result of the work has been published.
#[must_use = "the clock can move again when the hold is dropped"]
pub struct ClockHold {
    shared: Arc<Shared<Message>>,
}

impl ClockHold {
    pub(crate) fn new(shared: Arc<Shared<Message>>) -> ClockHold {
        shared.clock.hold();
        ClockHold { shared }
    }
}

impl Drop for ClockHold {
    fn drop(&mut self) {
        self.shared.clock.release();
        // While the clock was held, the loop slept without a deadline, so the loop must be woken.
        self.shared.parker.unpark();
    }
}

impl fmt::Debug for ClockHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockHold").field("clock", &self.shared.clock).finish()
    }
}
