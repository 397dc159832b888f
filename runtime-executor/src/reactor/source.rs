//! A registered descriptor: the readiness and the waiters of both directions, which the loop and
//! all users of the descriptor share.

use std::io;
use std::num::NonZeroI32;
use std::os::fd::RawFd;
use std::task::{Context, Poll, Waker};

use runtime_core::catch_panic::drop_catching;
use runtime_core::sync::Mutex;
use runtime_core::task_list::{SocketDirection, Wait};

use super::readiness::{ReactorGone, Readiness, Tick};
use super::selector::{Direction, Interest, ReadinessEvent, Selector, Token};
use super::waiters::{WaiterSlot, Waiters};

/// An error of the selector: the code of the operating system, or [`NO_CODE`]. It can be copied, so
/// that many tasks can report it. It is small, so that the result of a check fits into registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SelectorError(NonZeroI32);

/// Stands for an error without a code. The operating system's codes are positive.
const NO_CODE: NonZeroI32 = NonZeroI32::MIN;

impl SelectorError {
    pub(super) fn of(error: &io::Error) -> SelectorError {
        SelectorError(error.raw_os_error().and_then(NonZeroI32::new).unwrap_or(NO_CODE))
    }

    pub(super) fn to_io(self) -> io::Error {
        match self.0 {
            NO_CODE => io::Error::other("the runtime cannot receive the events of its sockets"),
            code => io::Error::from_raw_os_error(code.get()),
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
    /// The selector does not report this direction yet (L1).
    Unregistered,
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

/// *Shared by* the loop and all users of the descriptor. *Guarded by* its mutex: tasks store wakers
/// and register the descriptor under it, and the loop sets readiness. *Woken by* the thread that
/// has taken the wakers, after it has released the lock.
///
/// The layout is fixed, so that the event of a read and the wait for the next one touch one cache
/// line: the first, which holds all fields but the waiters for writes.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct IoSource {
    read: Readiness,
    write: Readiness,
    waiters: Mutex<WaitersByDirection>,
}

#[derive(Debug)]
#[repr(C)]
struct WaitersByDirection {
    read: Waiters,
    /// The error of a selector that fails: no task may begin to wait.
    failure: Option<SelectorError>,
    descriptor: RawFd,
    /// The directions that the selector reports.
    interest: Interest,
    write: Waiters,
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
    pub(super) fn new(descriptor: RawFd) -> IoSource {
        let waiters = WaitersByDirection {
            read: Waiters::default(),
            failure: None,
            descriptor,
            interest: Interest::NONE,
            write: Waiters::default(),
        };
        let (read, write) = (Readiness::new(), Readiness::new());
        IoSource { read, write, waiters: Mutex::new(waiters) }
    }

    #[inline]
    fn readiness(&self, direction: Direction) -> &Readiness {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
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
                None if !waiters.interest.contains(direction.interest()) => {
                    Err(CannotWait::Unregistered)
                }
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

    /// L2. Lets the selector report these directions, too. The lock is held during the system call,
    /// so that of several tasks that begin to wait, one registers the descriptor. The loop may
    /// receive the first event meanwhile: it then waits for the lock.
    pub(super) fn register(
        &self,
        selector: &dyn Selector,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let mut waiters = self.waiters.lock();
        let (descriptor, former) = (waiters.descriptor, waiters.interest);
        if former.contains(interest) {
            return Ok(());
        }
        let interest = former | interest;
        if former == Interest::NONE {
            selector.register(descriptor, token, interest)?;
        } else {
            selector.reregister(descriptor, token, interest)?;
        }
        waiters.interest = interest;
        Ok(())
    }

    /// Returns the descriptor if it is registered with the selector.
    pub(super) fn registered(&self) -> Option<RawFd> {
        let waiters = self.waiters.lock();
        (waiters.interest != Interest::NONE).then_some(waiters.descriptor)
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

    /// Visits the wakers of the waiting tasks.
    pub(super) fn visit_waiters(&self, visit: &mut dyn FnMut(Wait, &mut Waker)) {
        let waiters = &mut *self.waiters.lock();
        let descriptor = waiters.descriptor;
        let wait = |direction| Wait::Socket { descriptor, direction };
        waiters.read.visit(&mut |waker| visit(wait(SocketDirection::Read), waker));
        waiters.write.visit(&mut |waker| visit(wait(SocketDirection::Write), waker));
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
