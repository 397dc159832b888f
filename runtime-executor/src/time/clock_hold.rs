//! A hold on a loop's clock, for the time of a blocking call.

use std::fmt;
use std::sync::Arc;

use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

/// Keeps a virtual clock from moving, and counts as a blocking call for which the loop may
/// [spin](crate::Config::spin_before_park). Drop it after the result of the work has been
/// published.
#[must_use = "the clock can move again when the hold is dropped"]
pub struct ClockHold {
    shared: Arc<Shared<Message>>,
}

impl ClockHold {
    pub(crate) fn new(shared: Arc<Shared<Message>>) -> ClockHold {
        shared.clock.hold();
        if shared.spin.is_on() {
            shared.spin.call_began();
        }
        ClockHold { shared }
    }
}

impl Drop for ClockHold {
    fn drop(&mut self) {
        if self.shared.spin.is_on() {
            self.shared.spin.call_ended();
        }
        self.shared.clock.release();
        if self.shared.clock.is_virtual() {
            // While the clock was held, the loop slept without a deadline, so it must be woken.
            self.shared.parker.unpark();
        }
    }
}

impl fmt::Debug for ClockHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClockHold").field("clock", &self.shared.clock).finish()
    }
}
