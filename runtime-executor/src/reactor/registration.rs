//! A socket's end of the reactor.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use runtime_core::budget;
use runtime_core::slab::Key;

use super::driver::{InsertedSource, Reactor, gone};
use super::poller::{Poller, deliver_poller};
use super::readiness::Tick;
use super::selector::{Direction, Interest, Selector};
use super::source::{CannotWait, IoSource};
use super::waiters::WaiterSlot;

/// A descriptor whose readiness a loop reports. Made by
/// [`Handle::register`](crate::Handle::register).
///
/// The futures of its methods may be polled on any thread and by any executor, as long as the loop
/// lives and is turned.
///
/// # Drop
/// Deregisters the descriptor. Drop the registration before the descriptor is closed.
pub struct Registration {
    reactor: Arc<Reactor>,
    source: Arc<IoSource>,
    key: Key,
    descriptor: RawFd,
    short_transfer: ShortTransfer,
}

/// The effect of a short transfer on the readiness of a descriptor. A transfer is short if it moves
/// fewer bytes than requested. The head of `readiness.rs` gives the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortTransfer {
    /// A short transfer clears the readiness if the event reported data alone. This variant is for
    /// TCP streams.
    ClearsReadiness,
    /// A short transfer has no effect: only `WouldBlock` clears the readiness. This variant is for
    /// all other descriptors.
    HasNoEffect,
}

impl Registration {
    /// S1. If this registration opens the selector, `deliver` brings the poller to the loop.
    ///
    /// # Errors
    /// See [`Handle::register`](crate::Handle::register).
    pub(crate) fn new(
        reactor: &Arc<Reactor>,
        descriptor: BorrowedFd<'_>,
        interest: Interest,
        short_transfer: ShortTransfer,
        deliver: impl FnOnce(Poller),
    ) -> io::Result<Registration> {
        let InsertedSource { source, key, token, opened } = reactor.insert()?;
        let selector = deliver_poller(reactor, opened, deliver);
        if source.is_shut_down() {
            return Err(gone());
        }
        let descriptor = descriptor.as_raw_fd();
        if let Err(error) = selector.register(descriptor, token, interest) {
            reactor.forget(key);
            return Err(error);
        }
        Ok(Registration { reactor: Arc::clone(reactor), source, key, descriptor, short_transfer })
    }

    /// Returns the current tick if the loop has received an event that reports the direction as
    /// ready, and no operation has returned `WouldBlock` since. Otherwise the task is woken at the
    /// next event. The initial event of a registration reports the state of the descriptor, so a
    /// new registration is not ready before that event.
    ///
    /// This method keeps the waker of the last poll of the direction: if two tasks poll, only the
    /// task that polled last is woken. [`ready`](Registration::ready) serves any number of tasks.
    ///
    /// # Errors
    /// If the loop is gone. The error of the operating system while the loop cannot receive events.
    pub fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<Tick>> {
        self.poll_tick(direction, &mut WaiterSlot::Shared, cx)
    }

    /// Returns the current tick if the direction is ready, by an event or by assumption. An
    /// operation that never waits loads the tick before it begins, and [clears](Self::clear) it if
    /// it would have blocked.
    ///
    /// # Errors
    /// If the loop is gone.
    pub fn current_tick(&self, direction: Direction) -> io::Result<Option<Tick>> {
        match self.source.check(direction) {
            Poll::Ready(Ok(seen)) => Ok(Some(seen)),
            Poll::Ready(Err(_gone)) => Err(gone()),
            Poll::Pending => Ok(None),
        }
    }

    /// Clears the readiness of the tick `seen` after an operation that returned `WouldBlock` (S3).
    /// Readiness that an event has reported after `seen` is kept.
    pub fn clear(&self, direction: Direction, seen: Tick) {
        self.source.clear(direction, seen);
    }

    /// Tries an operation while the direction is ready, and waits when it returns `WouldBlock`. A
    /// new registration counts as ready, so that the first operation is tried at once.
    ///
    /// Like [`poll_ready`](Registration::poll_ready), this method keeps the waker of the last poll.
    ///
    /// # Errors
    /// The errors of the operation, except `WouldBlock` and `Interrupted`. Those of
    /// [`poll_ready`](Registration::poll_ready).
    #[inline]
    pub fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        operation: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_operation(direction, &mut WaiterSlot::Shared, cx, operation, never_short)
    }

    /// Like [`poll_io`](Registration::poll_io), for an operation that transfers up to `bytes`
    /// bytes. If the operation transfers fewer, this method may [clear the
    /// readiness](ShortTransfer). In that case the next operation is not tried before the next
    /// event.
    ///
    /// # Errors
    /// Those of [`poll_io`](Registration::poll_io).
    #[inline]
    pub fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        bytes: usize,
        operation: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let is_short = self.short_of(bytes);
        self.poll_operation(direction, &mut WaiterSlot::Shared, cx, operation, is_short)
    }

    /// Tries an operation once, even if no event has reported the direction as ready: the loop may
    /// not have received the event yet.
    ///
    /// # Errors
    /// The errors of the operation. Another error if the loop is gone.
    pub fn try_io<R>(
        &self,
        direction: Direction,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.attempt_once(direction, operation, never_short)
    }

    /// Like [`try_io`](Registration::try_io), for an operation that transfers up to `bytes` bytes,
    /// as in [`poll_transfer`](Registration::poll_transfer).
    ///
    /// # Errors
    /// Those of [`try_io`](Registration::try_io).
    pub fn try_transfer(
        &self,
        direction: Direction,
        bytes: usize,
        operation: impl FnOnce() -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.attempt_once(direction, operation, self.short_of(bytes))
    }

    /// Waits until an event reports the direction as ready, as
    /// [`poll_ready`](Registration::poll_ready) does. Any number of tasks may wait.
    ///
    /// # Errors
    /// Those of [`poll_ready`](Registration::poll_ready).
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn ready(&self, direction: Direction) -> io::Result<Tick> {
        let mut waiter = OwnWaiter::new(self, direction);
        poll_fn(|cx| self.poll_tick(direction, &mut waiter.slot, cx)).await
    }

    /// Tries an operation until it does not return `WouldBlock`. Any number of tasks may wait.
    ///
    /// # Errors
    /// Those of [`poll_io`](Registration::poll_io).
    ///
    /// # Cancel safety
    /// Safe: the poll that completes the operation returns its result.
    pub async fn io<R>(
        &self,
        direction: Direction,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        let mut waiter = OwnWaiter::new(self, direction);
        let slot = &mut waiter.slot;
        poll_fn(|cx| self.poll_operation(direction, slot, cx, &mut operation, never_short)).await
    }

    /// Like [`io`](Registration::io), for an operation that transfers up to `bytes` bytes, as in
    /// [`poll_transfer`](Registration::poll_transfer).
    ///
    /// # Errors
    /// Those of [`io`](Registration::io).
    ///
    /// # Cancel safety
    /// As for [`io`](Registration::io).
    pub async fn transfer(
        &self,
        direction: Direction,
        bytes: usize,
        mut operation: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut waiter = OwnWaiter::new(self, direction);
        let (slot, is_short) = (&mut waiter.slot, self.short_of(bytes));
        poll_fn(|cx| self.poll_operation(direction, slot, cx, &mut operation, is_short)).await
    }

    fn poll_tick(
        &self,
        direction: Direction,
        slot: &mut WaiterSlot,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Tick>> {
        budget::poll_operation(cx, |cx| self.source.poll_reported(direction, slot, cx))
            .map_err(cannot_wait)
    }

    /// S2 and S3, repeated. An operation that is ready spends a unit of the task's budget.
    #[inline]
    fn poll_operation<R>(
        &self,
        direction: Direction,
        slot: &mut WaiterSlot,
        cx: &mut Context<'_>,
        mut operation: impl FnMut() -> io::Result<R>,
        is_short: impl Fn(&R) -> bool,
    ) -> Poll<io::Result<R>> {
        loop {
            let seen = match self.source.poll(direction, slot, cx) {
                Poll::Ready(Ok(seen)) => seen,
                Poll::Ready(Err(error)) => return poll_refused(error, cx),
                Poll::Pending => return Poll::Pending,
            };
            ready!(budget::poll_spend(cx));
            match self.attempt(direction, seen, &mut operation, &is_short) {
                Err(error) if would_block(&error) || is_interrupted(&error) => budget::give_back(),
                result => return Poll::Ready(result),
            }
        }
    }

    /// Tries the operation once, whether or not the direction is ready. Without a tick there is
    /// nothing to clear.
    fn attempt_once<R>(
        &self,
        direction: Direction,
        operation: impl FnOnce() -> io::Result<R>,
        is_short: impl Fn(&R) -> bool,
    ) -> io::Result<R> {
        match self.current_tick(direction)? {
            Some(seen) => self.attempt(direction, seen, operation, is_short),
            None => operation(),
        }
    }

    /// Tries the operation once, and clears the readiness that it has used up.
    #[inline]
    fn attempt<R>(
        &self,
        direction: Direction,
        seen: Tick,
        operation: impl FnOnce() -> io::Result<R>,
        is_short: impl Fn(&R) -> bool,
    ) -> io::Result<R> {
        let result = operation();
        match &result {
            Ok(done) if is_short(done) => self.source.clear_after_short_transfer(direction, seen),
            Err(error) if would_block(error) => self.clear(direction, seen),
            Ok(_) | Err(_) => {}
        }
        result
    }

    /// Returns the test for a short transfer. A transfer of zero bytes is not short: the stream has
    /// ended, or no bytes were requested.
    #[inline]
    fn short_of(&self, bytes: usize) -> impl Fn(&usize) -> bool + Copy + use<> {
        let bytes = match self.short_transfer {
            ShortTransfer::ClearsReadiness => bytes.min(ONE_CALL_MAX),
            ShortTransfer::HasNoEffect => 0,
        };
        move |&moved| 0 < moved && moved < bytes
    }
}

/// A system may limit the number of bytes that one call transfers. No known system has a lower
/// limit than this constant.
const ONE_CALL_MAX: usize = 1 << 30;

/// The test for an operation whose readiness only `WouldBlock` clears.
fn never_short<R>(_: &R) -> bool {
    false
}

#[cold]
fn cannot_wait(error: CannotWait) -> io::Error {
    match error {
        CannotWait::ReactorGone => gone(),
        CannotWait::SelectorFails(error) => error.to_io(),
    }
}

/// The error is the result of an operation, so it spends a unit.
#[cold]
fn poll_refused<R>(error: CannotWait, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
    budget::poll_spend(cx).map(|()| Err(cannot_wait(error)))
}

fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}

fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
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

/// A waiting task with a slot of its own. Dropping this value releases the slot.
struct OwnWaiter<'a> {
    registration: &'a Registration,
    direction: Direction,
    slot: WaiterSlot,
}

impl OwnWaiter<'_> {
    fn new(registration: &Registration, direction: Direction) -> OwnWaiter<'_> {
        OwnWaiter { registration, direction, slot: WaiterSlot::Own(None) }
    }
}

impl Drop for OwnWaiter<'_> {
    fn drop(&mut self) {
        self.registration.source.release(self.direction, &mut self.slot);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.reactor.remove(self.key, self.descriptor);
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("descriptor", &self.descriptor).finish_non_exhaustive()
    }
}
