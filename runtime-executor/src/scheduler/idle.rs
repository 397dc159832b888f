//! How a thread sleeps that has nothing to do.

use std::cell::Cell;
use std::time::Instant;

use runtime_core::fork::{ForkCheck, ForkedError};
use runtime_core::park::Unparked;

use crate::scheduler::core::Core;
use crate::time::virtual_time;

/// Sleeps until a wake, an event of a socket, or the deadline. With a virtual clock the time moves
/// instead, if nothing keeps it from moving.
pub(crate) fn sleep(core: &Core, fork_guard: &ForkGuard, until: Option<Instant>) -> Unparked {
    core.observe(|observer| observer.parked(until));
    let park = |until| {
        fork_guard.before_sleep(&core.shared.process);
        core.poller.park(&core.shared.parker, until)
    };
    let unparked = if core.shared.clock.is_virtual() {
        virtual_time::advance(core, until).unwrap_or_else(|| park(None))
    } else {
        park(until)
    };
    core.observe(|observer| observer.unparked());
    unparked
}

/// The fork check of one call that may sleep several times. In a forked child nothing may be left
/// to end a sleep.
#[derive(Default)]
pub(crate) struct ForkGuard {
    has_asked: Cell<bool>,
}

impl ForkGuard {
    /// Asks the operating system before the first sleep. Before later ones it compares with the
    /// last answer that any check in the process got, which costs no system call.
    ///
    /// # Panics
    /// In a forked child of the process that made the loop.
    pub(crate) fn before_sleep(&self, process: &ForkCheck) {
        let checked =
            if self.has_asked.replace(true) { process.check_cheaply() } else { process.check() };
        checked.unwrap_or_else(fail);
    }
}

#[cold]
fn fail(forked: ForkedError) {
    panic!("the runtime cannot be used: {forked}");
}
