//! A registered descriptor: the readiness and the waiters of both directions, which the loop and
//! all users of the descriptor share.

use std::io;
use std::task::{Context, Poll, Waker};

use runtime_core::catch_panic::drop_catching;
use runtime_core::sync::Mutex;

use super::readiness::{ReactorGone, Readiness, Tick};
use super::selector::{Direction, ReadinessEvent};
use super::waiters::{WaiterSlot, Waiters};

/// An error of the selector: the code of the operating system, or 0 if there is none. It can be
/// copied, so that many tasks can report it. It is small, so that the result of a check fits into
/// registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SelectorError(i32);

impl SelectorError {
    pub(super) fn of(error: &io::Error) -> SelectorError {
        SelectorError(error.raw_os_error().unwrap_or(0))
    }

    pub(super) fn to_io(self) -> io::Error {
        match self.0 {
            0 => io::Error::other("the runtime cannot receive the events of its sockets"),
            code => io::Error::from_raw_os_error(code),
        }
    }
}

/// The reason why a task cannot wait for a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CannotWait {
    /// The reactor has shut down.
    ReactorGone,
    /// The selector has been failing for some time.
    SelectorFails(SelectorError),
}

impl From<ReactorGone> for CannotWait {
    fn from(_: ReactorGone) -> CannotWait {
        CannotWait::ReactorGone
    }
}

/// A call of its own, so that the path of an operation that is ready stays short.
#[cold]
fn reactor_gone() -> Poll<Result<Tick, CannotWait>> {
    Poll::Ready(Err(CannotWait::ReactorGone))
}

/// *Shared by* the loop and all users of the descriptor. *Guarded by* its mutex: a task stores its
/// waker and the loop sets readiness under the mutex. *Woken by* the thread that has taken the
/// wakers, after it has released the lock.
#[derive(Debug)]
pub(crate) struct IoSource {
    read: Readiness,
    write: Readiness,
    waiters: Mutex<WaitersByDirection>,
}

#[derive(Debug, Default)]
struct WaitersByDirection {
    read: Waiters,
    write: Waiters,
    /// The error of a selector that fails: no task may begin to wait.
    failure: Option<SelectorError>,
}

impl WaitersByDirection {
    fn of(&mut self, direction: Direction) -> &mut Waiters {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }
}

impl IoSource {
    /// Returns a source that is assumed to be ready in both directions.
    pub(super) fn new() -> IoSource {
        IoSource { read: Readiness::new(), write: Readiness::new(), waiters: Mutex::default() }
    }

    #[inline]
    fn readiness(&self, direction: Direction) -> &Readiness {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// Returns whether the reactor has shut down.
    pub(super) fn is_shut_down(&self) -> bool {
        self.read.check() == Poll::Ready(Err(ReactorGone))
    }

    /// R1. Returns the current tick, or `Pending` if the direction is not ready.
    #[inline]
    pub(super) fn check(&self, direction: Direction) -> Poll<Result<Tick, ReactorGone>> {
        self.readiness(direction).check()
    }

    /// R1 for an operation. If the direction is not ready, stores the waker.
    #[inline]
    pub(super) fn poll(
        &self,
        direction: Direction,
        slot: &mut WaiterSlot,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Tick, CannotWait>> {
        match self.check(direction) {
            Poll::Ready(Ok(tick)) => Poll::Ready(Ok(tick)),
            Poll::Ready(Err(ReactorGone)) => reactor_gone(),
            Poll::Pending => self.store_waker(direction, slot, cx.waker(), Readiness::check),
        }
    }

    /// R1 for a wait for readiness. If no event has made the direction ready, stores the waker.
    pub(super) fn poll_reported(
        &self,
        direction: Direction,
        slot: &mut WaiterSlot,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Tick, CannotWait>> {
        match self.readiness(direction).check_reported() {
            Poll::Pending => {
                self.store_waker(direction, slot, cx.waker(), Readiness::check_reported)
            }
            Poll::Ready(checked) => Poll::Ready(checked.map_err(CannotWait::from)),
        }
    }

    /// Stores the waker unless the direction has become ready. Wakers are cloned and dropped
    /// outside the lock, because both operations run foreign code.
    ///
    /// The replaced waker is dropped without being woken. It may belong to the same task, which
    /// polls with a new waker each time: if it were woken, it would cause the next poll, and the
    /// task would spin.
    fn store_waker(
        &self,
        direction: Direction,
        slot: &mut WaiterSlot,
        waker: &Waker,
        check: impl Fn(&Readiness) -> Poll<Result<Tick, ReactorGone>>,
    ) -> Poll<Result<Tick, CannotWait>> {
        let waker = waker.clone();
        let mut waiters = self.waiters.lock();
        let checked = match check(self.readiness(direction)) {
            Poll::Ready(checked) => checked.map_err(CannotWait::from),
            Poll::Pending => match waiters.failure {
                Some(error) => Err(CannotWait::SelectorFails(error)),
                None => {
                    let former = waiters.of(direction).store(slot, waker);
                    drop(waiters);
                    drop_catching(former);
                    return Poll::Pending;
                }
            },
        };
        drop(waiters);
        drop_catching(waker);
        Poll::Ready(checked)
    }

    /// R2, after an operation that returned `WouldBlock`.
    #[inline]
    pub(super) fn clear(&self, direction: Direction, seen: Tick) {
        self.readiness(direction).clear(seen);
    }

    /// R2, after a short transfer, if the tick reported data alone.
    #[inline]
    pub(super) fn clear_after_short_transfer(&self, direction: Direction, seen: Tick) {
        if seen.is_of_data_alone() {
            self.clear(direction, seen);
        }
    }

    /// R3. Appends the wakers of the directions that become ready to `woken`.
    #[inline]
    pub(super) fn set_ready(&self, event: &ReadinessEvent, woken: &mut Vec<Waker>) {
        let mut waiters = self.waiters.lock();
        if event.readable {
            self.read.set(event);
            waiters.read.take_wakers(woken);
        }
        if event.writable {
            self.write.set(event);
            waiters.write.take_wakers(woken);
        }
    }

    /// Makes every wait fail with this error, until `recover`. Appends all wakers to `woken`.
    pub(super) fn fail(&self, error: SelectorError, woken: &mut Vec<Waker>) {
        let mut waiters = self.waiters.lock();
        waiters.failure = Some(error);
        waiters.read.take_wakers(woken);
        waiters.write.take_wakers(woken);
    }

    /// Tasks may wait again. The system has kept the events of the meantime.
    pub(super) fn recover(&self) {
        self.waiters.lock().failure = None;
    }

    /// Makes every later check fail, and appends all wakers to `woken`.
    pub(super) fn shut_down(&self, woken: &mut Vec<Waker>) {
        let mut waiters = self.waiters.lock();
        self.read.shut_down();
        self.write.shut_down();
        waiters.read.take_wakers(woken);
        waiters.write.take_wakers(woken);
    }

    /// Releases a task's own slot, and drops the waker in it.
    pub(super) fn release(&self, direction: Direction, slot: &mut WaiterSlot) {
        if let WaiterSlot::Own(own) = slot
            && let Some(key) = own.take()
        {
            let waker = self.waiters.lock().of(direction).release(key);
            drop_catching(waker);
        }
    }
}
