//! A waiting task with a place of its own, so that any number of tasks may wait.

use super::selector::Direction;
use super::source::IoSource;
use super::waiters::WaiterSlot;

/// A waiting task with a slot of its own. Dropping this value releases the slot.
pub(super) struct OwnWaiter<'a> {
    source: &'a IoSource,
    direction: Direction,
    pub(super) slot: WaiterSlot,
}

impl OwnWaiter<'_> {
    pub(super) fn new(source: &IoSource, direction: Direction) -> OwnWaiter<'_> {
        OwnWaiter { source, direction, slot: WaiterSlot::Own(None) }
    }
}

impl Drop for OwnWaiter<'_> {
    fn drop(&mut self) {
        self.source.release(self.direction, &mut self.slot);
    }
}
