//! The last check of a loop before it sleeps.
//!
//! The loop checks all its sources of work before it sleeps. A message of another thread may arrive
//! after that check; the parker does not sleep then. User code on the loop's own thread sends no
//! message: a wake or a spawn there changes the ready queue, and the first poll of a sleep sets a
//! timer. So the loop checks again if user code runs after the check. Two kinds do:
//!
//! - the observer's [`parked`](crate::Observer::parked);
//! - the wakers of sockets whose events arrive when a virtual clock is about to move.

use std::time::Instant;

use crate::scheduler::core::Core;

/// The state of a loop without ready tasks, as far as code on the loop's thread can change it
/// between the loop's check and its sleep.
#[derive(PartialEq)]
pub(crate) struct Checked {
    deadline: Option<Instant>,
    closed: bool,
}

impl Checked {
    pub(crate) fn now(core: &Core) -> Checked {
        Checked { deadline: core.timers.borrow().next_deadline(), closed: core.closed.get() }
    }

    /// Returns whether the loop may still sleep: no task is ready, and the state is the same.
    pub(crate) fn is_current(&self, core: &Core) -> bool {
        core.ready.is_empty() && *self == Checked::now(core)
    }
}
