//! A socket's end of the reactor.
//!
//! # The first wait registers the descriptor
//!
//! Registering a descriptor with the selector is a system call, and deregistering it is another
//! one. Many sockets need neither: the request on an accepted connection has often arrived already,
//! and the connection is closed after the answer. A socket that waits for reads alone need not be
//! reported as writable, either. A Unix socket becomes writable each time that its peer reads, and
//! each such event would end the loop's sleep for nothing.
//!
//! So the selector reports a direction of a socket after the first wait for that direction:
//!
//! ```text
//!             wait for reads                wait for writes
//!      ┌───────────────────────► READ ─────────────────────────┐
//!    NONE                                                      ▼
//!      └───────────────────────► WRITE ──────────────────────► BOTH
//!             wait for writes               wait for reads
//! ```
//!
//! - L1. A task that finds a direction not ready, and not of the source's interest, stores no
//!   waker.
//! - L2. It adds the direction to the source's interest, by a system call under the source's lock,
//!   and begins again with R1. If the call fails, its error is the result of the operation, and the
//!   next wait tries again.
//! - L3. A descriptor is deregistered only if L2 has registered it.
//!
//! [`Handle::register`](crate::Handle::register) does L2 at once, and so reports a bad descriptor.
//!
//! No event is lost between the operation and L2, because the selector reports the state that it
//! finds at L2:
//!
//! ```text
//! task                                 system                     loop
//! recv returns WouldBlock
//!                                      data arrives, unreported
//! L2: registers the descriptor         reports the data
//!                                                                 R3: increments the tick
//! R1: loads the new tick, and reads
//! ```

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use runtime_core::budget;
use runtime_core::record::event::Event;
use runtime_core::slab::Key;

use super::driver::{InsertedSource, Reactor, gone, source_number};
use super::own_waiter::OwnWaiter;
use super::poller::{Poller, deliver_poller};
use super::readiness::Tick;
use super::selector::{Direction, Interest};
use super::short_transfer::{ShortTransfer, never_short};
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
    short_transfer: ShortTransfer,
}

impl Registration {
    /// S1, without L2. If this call opens the selector, `deliver` brings the poller to the loop.
    ///
    /// # Errors
    /// See [`Handle::register_at_first_wait`](crate::Handle::register_at_first_wait).
    pub(crate) fn new(
        reactor: &Arc<Reactor>,
        descriptor: BorrowedFd<'_>,
        short_transfer: ShortTransfer,
        deliver: impl FnOnce(Poller),
    ) -> io::Result<Registration> {
        let InsertedSource { source, key, opened } = reactor.insert(descriptor.as_raw_fd())?;
        deliver_poller(reactor, opened, deliver);
        let made = Registration { reactor: Arc::clone(reactor), source, key, short_transfer };
        // A loop that is gone drops the poller, and this shuts the source down.
        made.current_tick(Direction::Read)?;
        Ok(made)
    }

    /// Returns a registration with the same loop, for a connection that this socket has accepted.
    /// The descriptor must be in non-blocking mode. The first wait registers it.
    ///
    /// # Errors
    /// If the loop is gone. The error of the operating system while the loop cannot receive events.
    pub fn accepted(
        &self,
        descriptor: BorrowedFd<'_>,
        short_transfer: ShortTransfer,
    ) -> io::Result<Registration> {
        // The selector is open, so there is no poller to deliver.
        Registration::new(&self.reactor, descriptor, short_transfer, drop)
    }

    /// L2.
    ///
    /// # Errors
    /// See [`Handle::register`](crate::Handle::register).
    pub(crate) fn add_interest(&self, interest: Interest) -> io::Result<()> {
        self.reactor.register(&self.source, self.key, interest)
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
        self.record_cleared(direction);
    }

    fn record_cleared(&self, direction: Direction) {
        self.reactor.recorder.record(|| Event::SourceCleared {
            source: source_number(self.key),
            direction: direction.recorded(),
            is_still_ready: self.source.check(direction).is_ready(),
        });
    }

    fn record_awaited(&self, direction: Direction) {
        self.reactor.recorder.record(|| Event::SourceAwaited {
            source: source_number(self.key),
            direction: direction.recorded(),
        });
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
        let is_short = self.short_transfer.test(bytes);
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
        self.attempt_once(direction, operation, self.short_transfer.test(bytes))
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
        let mut waiter = OwnWaiter::new(&self.source, direction);
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
        let mut waiter = OwnWaiter::new(&self.source, direction);
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
        let mut waiter = OwnWaiter::new(&self.source, direction);
        let (slot, is_short) = (&mut waiter.slot, self.short_transfer.test(bytes));
        poll_fn(|cx| self.poll_operation(direction, slot, cx, &mut operation, is_short)).await
    }

    fn poll_tick(
        &self,
        direction: Direction,
        slot: &mut WaiterSlot,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Tick>> {
        budget::poll_operation(cx, |cx| {
            loop {
                match self.source.poll_reported(direction, slot, cx) {
                    Poll::Ready(Ok(tick)) => return Poll::Ready(Ok(tick)),
                    Poll::Ready(Err(error)) => self.register_or_fail(error, direction)?,
                    Poll::Pending => {
                        self.record_awaited(direction);
                        return Poll::Pending;
                    }
                }
            }
        })
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
                Poll::Ready(Err(error)) => match self.register_or_fail(error, direction) {
                    Ok(()) => continue,
                    // The error is the result of an operation, so it spends a unit.
                    Err(error) => return budget::poll_spend(cx).map(|()| Err(error)),
                },
                Poll::Pending => {
                    self.record_awaited(direction);
                    return Poll::Pending;
                }
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
            Ok(done) if is_short(done) => {
                self.source.clear_after_short_transfer(direction, seen);
                self.record_cleared(direction);
            }
            Err(error) if would_block(error) => self.clear(direction, seen),
            Ok(_) | Err(_) => {}
        }
        result
    }

    /// L2 for a task that cannot wait yet. Otherwise returns why it cannot wait.
    #[cold]
    fn register_or_fail(&self, why: CannotWait, direction: Direction) -> io::Result<()> {
        match why {
            CannotWait::Unregistered => self.add_interest(direction.interest()),
            CannotWait::ReactorGone => Err(gone()),
            CannotWait::SelectorFails(error) => Err(error.to_io()),
        }
    }
}

fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}

fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

impl Drop for Registration {
    fn drop(&mut self) {
        // L3.
        if let Some(descriptor) = self.source.registered() {
            self.reactor.deregister(descriptor);
        }
        self.reactor.forget(self.key);
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("source", &self.source).finish_non_exhaustive()
    }
}
