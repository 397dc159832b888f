//! A hold on a virtual clock.

use std::sync::Arc;

use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

/// Keeps a virtual clock from moving. Drop it after the result of the work has been published.
#[must_use = "the clock can move again when the hold is dropped"]
#[derive(Debug)]
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
        // While the clock was held, the loop slept without a deadline.
        self.shared.parker.unpark();
    }
}
