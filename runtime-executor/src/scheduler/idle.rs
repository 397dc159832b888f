//! The sleep of a loop that has nothing to do.

use std::cell::Cell;
use std::time::{Duration, Instant};

use runtime_core::fork::{ForkCheck, ForkedError};
use runtime_core::park::Unparked;

use crate::scheduler::core::Core;
use crate::scheduler::idle_check::Checked;
use crate::scheduler::report::{NextTurn, TurnCounts};
use crate::task::waker::TaskKey;
use crate::time::virtual_time;

/// The time for which a turn may sleep if nothing is ready.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SleepLimit {
    Unlimited,
    /// The sleep is unlimited while tasks are left. Without tasks the turn does not sleep, because
    /// nothing would end the sleep.
    WhileTasksAreLeft,
    AtMost(Duration),
}

impl SleepLimit {
    /// Returns whether the loop may spin before the sleep. A host that turns the loop may have work
    /// of its own.
    fn allows_spin(self, core: &Core) -> bool {
        match self {
            SleepLimit::Unlimited => true,
            SleepLimit::WhileTasksAreLeft => core.task_count() > 0,
            SleepLimit::AtMost(_) => false,
        }
    }
}

/// The end of a turn of an idle loop.
pub(crate) enum IdleEnd {
    /// The loop has slept.
    Slept(Unparked),
    /// The loop was not allowed to sleep. The value shows when the next turn is due.
    Due(NextTurn),
}

/// The state that all sleeps of one call of `block_on`, `turn` or `drain` share.
#[derive(Default)]
pub(crate) struct IdleSleep {
    fork_guard: ForkGuard,
}

impl IdleSleep {
    /// Sleeps until a wake, an event of a socket, the next deadline, or the end of `limit`. The
    /// `batch` has been polled.
    #[inline]
    pub(crate) fn sleep(
        &self,
        core: &Core,
        batch: &mut Vec<TaskKey>,
        limit: SleepLimit,
        counts: &TurnCounts,
    ) -> IdleEnd {
        if matches!(limit, SleepLimit::AtMost(_)) && !core.poller.is_empty() {
            core.poller.poll();
            if !core.ready.is_empty() || core.poller.is_full() {
                return IdleEnd::Due(NextTurn::Now);
            }
        }
        if core.shared.spin.is_on() && limit.allows_spin(core) && spin(core) {
            return IdleEnd::Due(NextTurn::Now);
        }
        if core.tasks.give_back() {
            core.timers.borrow_mut().shrink();
            core.ready.shrink(batch);
        }
        let deadline = core.timers.borrow().next_deadline();
        let next = deadline.map_or(NextTurn::OnWake, NextTurn::At);
        let until = match limit {
            SleepLimit::Unlimited => deadline,
            SleepLimit::WhileTasksAreLeft if core.task_count() == 0 => return IdleEnd::Due(next),
            SleepLimit::WhileTasksAreLeft => deadline,
            SleepLimit::AtMost(Duration::ZERO) => return IdleEnd::Due(next),
            // The turn reports its work to the caller before the loop sleeps.
            SleepLimit::AtMost(_) if counts.is_anything() => return IdleEnd::Due(next),
            SleepLimit::AtMost(duration) => {
                deadline.into_iter().chain(core.shared.clock.after(duration)).min()
            }
        };
        IdleEnd::Slept(self.sleep_until(core, until))
    }

    /// Sleeps until a wake or a deadline, and calls the observer before and after the sleep. If the
    /// observer has given the loop work, the loop does not sleep.
    #[inline]
    fn sleep_until(&self, core: &Core, until: Option<Instant>) -> Unparked {
        if core.observer.is_none() {
            return self.park(core, until);
        }
        let checked = Checked::now(core);
        core.observe(|observer| observer.parked(until));
        let unparked =
            if checked.is_current(core) { self.park(core, until) } else { Unparked::Expired };
        core.observe(|observer| observer.unparked());
        unparked
    }

    /// Parks the thread. A virtual clock is moved to the deadline instead, unless a job holds the
    /// clock.
    #[inline]
    fn park(&self, core: &Core, until: Option<Instant>) -> Unparked {
        core.record_parked(until);
        let park = |until| {
            self.fork_guard.before_sleep(&core.shared.process);
            core.poller.park(&core.shared.parker, until)
        };
        let unparked = if core.shared.clock.is_virtual() {
            virtual_time::advance(core, until).unwrap_or_else(|| park(None))
        } else {
            park(until)
        };
        core.record_unparked(unparked);
        unparked
    }
}

/// Spins until there is a message, an event of a socket or a due timer, or the spin is over.
/// Returns whether there is a message, or a task is ready.
#[cold]
fn spin(core: &Core) -> bool {
    let deadline = core.timers.borrow().next_deadline();
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let has_event = || {
        core.poller.poll();
        !core.ready.is_empty()
    };
    core.shared.spin.before_park(&core.shared.parker, left, has_event) || !core.ready.is_empty()
}

/// The fork check of one call that may sleep several times. In a forked child there may be nothing
/// left that could end a sleep.
#[derive(Default)]
pub(crate) struct ForkGuard {
    has_asked: Cell<bool>,
}

impl ForkGuard {
    /// Asks the operating system before the first sleep. Before later sleeps it uses the last
    /// answer that any check in the process got, which costs no system call.
    ///
    /// # Panics
    /// In a forked child of the process that made the loop.
    #[inline]
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
