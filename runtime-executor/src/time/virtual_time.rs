//! The sleep of a loop with a virtual clock: the time moves to the next deadline.

use std::time::Instant;

use runtime_core::park::Unparked;

use crate::scheduler::core::Core;
use crate::scheduler::idle_check::Checked;

/// Moves the clock to the deadline. Returns `None` if the loop must park instead, because there is
/// no deadline that the clock can reach, or a job holds the clock. The end of that hold unparks the
/// loop.
///
/// A job publishes its result before it releases its hold. If the clock is free and the parker is
/// not notified, no result is on its way. A wait for a socket does not hold the clock, because the
/// data may never arrive. But the events that have arrived are received before the time moves. The
/// wakers of these events may make tasks ready or set timers; the time does not move then.
pub(crate) fn advance(core: &Core, until: Option<Instant>) -> Option<Unparked> {
    let clock = &core.shared.clock;
    let until = until.filter(|&until| clock.reaches(until) && clock.may_advance())?;
    let checked = Checked::now(core);
    core.poller.poll();
    if core.shared.parker.take_notification() {
        return Some(Unparked::Notified);
    }
    if checked.is_current(core) {
        clock.advance_to(until);
    }
    Some(Unparked::Expired)
}
