//! The loop's end of the reactor.
//!
//! # A selector that fails
//!
//! A wait of the selector may fail, for example because the system lacks memory. The failed wait
//! has received no event and lost none: the system keeps the events for the next wait.
//!
//! - E1. After a failed wait the loop sleeps for 10 ms on its parker alone, and then waits again.
//!   Timers and wakes work meanwhile. A loop that is busy does not sleep, and waits again when it
//!   next polls the selector.
//! - E2. A selector that has failed for 200 ms in each wait may fail for long. Every task that
//!   waits for a socket is woken and gets the system's error, and so does every later wait and
//!   registration. Operations that need not wait continue to work.
//! - E3. The first wait that succeeds ends E2: tasks may wait again, and their events arrive.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::park::{Parker, PollWaker, Unparked};

use super::driver::{OpenedSelector, Reactor};
use super::selector::{EVENTS_MAX, ReadinessEvent, Selector, WaitForEvents};
use super::source::SelectorError;

/// Receives the events of a reactor's sockets. The first registration delivers the poller to the
/// loop.
///
/// # Drop
/// Dropping the poller, on any thread, shuts the reactor down.
pub(crate) struct Poller {
    reactor: Arc<Reactor>,
    /// Weak, so that a handle of the loop does not keep the selector open after the loop's end.
    selector: Weak<dyn Selector>,
    wait: Box<dyn WaitForEvents>,
    /// The events just received. Empty between two polls, except for its capacity.
    events: Vec<ReadinessEvent>,
    /// The wakers of the tasks that wait for the received events.
    woken: Vec<Waker>,
    /// True if the last wait may have left events behind: it received as many as one wait can
    /// receive, not counting a wake.
    is_full: bool,
    /// Present if the last wait failed.
    failing: Option<FailingWaits>,
}

/// The waits that have failed since the last wait that succeeded.
struct FailingWaits {
    since: Instant,
    /// True after step E2.
    are_reported: bool,
}

/// The sleep after a failed wait (E1).
const PAUSE: Duration = Duration::from_millis(10);

/// The time for which waits must fail before the failure is reported (E2).
const REPORTED_AFTER: Duration = Duration::from_millis(200);

/// Returns the selector. If the selector has just been opened, passes the poller to `deliver`. If
/// `deliver` drops the poller because the loop is gone, the reactor shuts down.
pub(super) fn deliver_poller(
    reactor: &Arc<Reactor>,
    opened: OpenedSelector,
    deliver: impl FnOnce(Poller),
) -> Arc<dyn Selector> {
    let OpenedSelector { selector, wait } = opened;
    if let Some(wait) = wait {
        deliver(Poller {
            reactor: Arc::clone(reactor),
            selector: Arc::downgrade(&selector),
            wait,
            events: Vec::new(),
            woken: Vec::new(),
            is_full: false,
            failing: None,
        });
    }
    selector
}

/// Returns the selector, for another event loop or thread to watch its descriptor. If this call
/// opens the selector, `deliver` brings the poller to the loop.
///
/// # Errors
/// The errors of the operating system. Another error if the loop is gone.
pub(crate) fn watch(
    reactor: &Arc<Reactor>,
    deliver: impl FnOnce(Poller),
) -> io::Result<Arc<dyn Selector>> {
    let opened = reactor.watch()?;
    Ok(deliver_poller(reactor, opened, deliver))
}

/// Returns a function that ends the loop's sleep in this selector.
pub(crate) fn waker(selector: &Arc<dyn Selector>) -> PollWaker {
    waker_of(Arc::downgrade(selector))
}

fn waker_of(selector: Weak<dyn Selector>) -> PollWaker {
    Box::new(move || {
        if let Some(selector) = selector.upgrade() {
            selector.wake();
        }
    })
}

impl Poller {
    /// Returns a function that ends the loop's sleep in the selector.
    pub(crate) fn waker(&self) -> PollWaker {
        waker_of(Weak::clone(&self.selector))
    }

    /// Receives events without sleeping.
    fn poll(&mut self) {
        self.receive(Some(Duration::ZERO));
    }

    /// Sleeps until there is an event, the parker is unparked, or the deadline has passed.
    fn park(&mut self, parker: &Parker, until: Option<Instant>) -> Unparked {
        let unparked = parker.park_in(|| {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            self.receive(left);
        });
        match (unparked, &self.failing) {
            (Unparked::Expired, Some(_)) if self.woken.is_empty() => pause(parker, until),
            _ => unparked,
        }
    }

    #[inline]
    fn receive(&mut self, timeout: Option<Duration>) {
        match self.wait.wait(timeout, &mut self.events) {
            Ok(()) => {
                if self.failing.is_some() {
                    self.recover();
                }
                self.is_full = self.events.len() + 1 >= EVENTS_MAX;
                self.reactor.dispatch(&mut self.events, &mut self.woken);
            }
            Err(error) => self.fail(&error),
        }
    }

    /// E2, if the waits have failed for long enough.
    #[cold]
    fn fail(&mut self, error: &io::Error) {
        let now = Instant::now();
        let failing = self.failing.get_or_insert(FailingWaits { since: now, are_reported: false });
        let failing_for = now.saturating_duration_since(failing.since);
        if !failing.are_reported && failing_for >= REPORTED_AFTER {
            failing.are_reported = true;
            self.reactor.fail(SelectorError::of(error), &mut self.woken);
        }
    }

    /// E3.
    #[cold]
    fn recover(&mut self) {
        if self.failing.take().is_some_and(|failing| failing.are_reported) {
            self.reactor.recover();
        }
    }
}

/// E1. Sleeps until the parker is unparked, the pause is over, or the deadline has passed.
#[cold]
fn pause(parker: &Parker, until: Option<Instant>) -> Unparked {
    let over = Instant::now() + PAUSE;
    parker.park(Some(until.map_or(over, |until| until.min(over))))
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.reactor.shut_down();
    }
}

/// The number of task polls between two polls of the selector, in a loop that is never idle. A poll
/// of the selector is a system call, which costs as much as about twenty of the shortest task
/// polls.
const INTERVAL: usize = 64;

/// The loop's place for its poller. The place is empty until the first registration.
///
/// Only the loop's thread uses the place. The thread does not borrow the place while wakers run,
/// because a woken task may register a socket at once.
#[derive(Default)]
pub(crate) struct PollerSlot {
    poller: RefCell<Option<Poller>>,
    /// The number of task polls since the last poll of the selector.
    task_polls: Cell<usize>,
}

impl PollerSlot {
    /// Returns whether the loop has no sockets.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.poller.borrow().is_none()
    }

    /// Stores the poller that the first registration delivers.
    pub(crate) fn install(&self, poller: Poller) {
        let former = self.poller.borrow_mut().replace(poller);
        drop_catching(former);
    }

    /// Returns whether the last wait may have left events behind.
    pub(crate) fn is_full(&self) -> bool {
        self.poller.borrow().as_ref().is_some_and(|poller| poller.is_full)
    }

    /// Counts the task polls of one turn. A turn that polled no task counts as one poll.
    #[inline]
    pub(crate) fn count_polls(&self, polls: usize) {
        self.task_polls.set(self.task_polls.get() + polls.max(1));
    }

    /// Makes the next poll of the selector due, after a task whose poll took long.
    #[cold]
    pub(crate) fn set_due(&self) {
        self.task_polls.set(INTERVAL);
    }

    /// Polls the selector if enough tasks have been polled since its last poll.
    #[inline]
    pub(crate) fn poll_if_due(&self) {
        if self.task_polls.get() >= INTERVAL {
            self.poll();
        }
    }

    /// S4 without sleeping: receives the events that have occurred, and wakes their tasks.
    #[inline]
    pub(crate) fn poll(&self) {
        self.task_polls.set(0);
        if !self.is_empty() {
            self.poll_installed();
        }
    }

    #[inline(never)]
    fn poll_installed(&self) {
        let expects_events = self.poller.borrow_mut().as_mut().is_some_and(|poller| {
            poller.is_full = false;
            poller.reactor.expects_events()
        });
        if expects_events {
            self.receive_by(Poller::poll);
        }
    }

    /// S4 with a sleep: parks the thread until it is unparked, there is an event, or the deadline
    /// has passed.
    pub(crate) fn park(&self, parker: &Parker, until: Option<Instant>) -> Unparked {
        self.task_polls.set(0);
        let mut unparked = None;
        self.receive_by(|poller| {
            unparked = Some(poller.park(parker, until));
        });
        // A loop without sockets sleeps on its parker alone.
        unparked.unwrap_or_else(|| parker.park(until))
    }

    /// Receives events by `receive`, and wakes their tasks while nothing is borrowed.
    fn receive_by(&self, receive: impl FnOnce(&mut Poller)) {
        let mut slot = self.poller.borrow_mut();
        let Some(poller) = slot.as_mut() else { return };
        receive(poller);
        let mut woken = std::mem::take(&mut poller.woken);
        drop(slot);
        // Popped from the end, which costs less than to drain the vector.
        woken.reverse();
        while let Some(waker) = woken.pop() {
            catch_panic(|| waker.wake());
        }
        // The empty vector is put back, so that its capacity is used again.
        if let Some(poller) = self.poller.borrow_mut().as_mut()
            && poller.woken.is_empty()
        {
            poller.woken = woken;
        }
    }

    /// S6. Drops the poller, which wakes all tasks that wait for a socket, with an error.
    pub(crate) fn close(&self) {
        let poller = self.poller.borrow_mut().take();
        drop_catching(poller);
    }
}
