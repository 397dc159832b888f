//! What a socket holds of the reactor.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::driver::Registered;
use super::poller::Ear;
use super::readiness::{Gone, Tick};
use super::selector::{Direction, Kernel};
use super::source::{Seat, Source};
use crate::scheduler::core::Local;
use crate::scheduler::current;
use crate::scheduler::handle::Handle;
use crate::scheduler::shared::{Letter, Remote};

/// A descriptor whose readiness a loop hears of.
///
/// It is the loop of the [`Handle`] it was made with that listens, but its futures may be polled on
/// any thread and by any executor, as long as that loop lives and is turned.
///
/// # Drop
/// Deregisters the descriptor, so it is to be dropped before the descriptor is closed.
pub struct Registration {
    source: Arc<Source>,
    handle: Handle,
    token: usize,
    descriptor: RawFd,
    short: Short,
}

/// What it means for the readiness of a descriptor that an operation has moved fewer bytes than it
/// was to. It is told at the head of `readiness.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// It is used up, if it was one of data alone: of a TCP stream.
    UsesUp,
    /// Only *would block* says that it is used up: of anything else.
    SaysNothing,
}

/// The error of who uses a socket whose loop is gone.
pub fn gone() -> io::Error {
    io::Error::other("the runtime of this socket is gone")
}

impl Registration {
    /// Registers a descriptor, which has to be in non-blocking mode, with a loop. (Step 1)
    ///
    /// # Errors
    /// As the system gives them: if there are no descriptors left for the loop's own, or if this
    /// one is of a kind that is always ready, such as a file. If the loop is gone, or is that of
    /// the process that this one was forked from.
    pub fn new(
        handle: &Handle,
        descriptor: BorrowedFd<'_>,
        short: Short,
    ) -> io::Result<Registration> {
        let remote = handle.remote();
        // The kernel is the parent's too: it would tell the parent of a descriptor of ours, by a
        // token that the parent gives to another one.
        remote.process.check().map_err(io::Error::other)?;
        let reactor = &remote.reactor;
        let Registered { source, token, kernel, ear } = reactor.insert()?;
        if let Some(ear) = ear {
            bring(ear, &kernel, remote);
        }
        if source.is_gone() {
            return Err(gone());
        }
        let descriptor = descriptor.as_raw_fd();
        if let Err(error) = kernel.register(descriptor, token) {
            reactor.forget(token);
            return Err(error);
        }
        Ok(Registration { source, handle: handle.clone(), token, descriptor, short })
    }

    /// The loop that listens.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether it is ready, as far as is known; if not, the task is woken when that may have
    /// changed. It keeps one task for each direction: another one takes its place, and wakes it.
    ///
    /// # Errors
    /// If the loop is gone.
    pub fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<Tick>> {
        self.poll_seated(direction, &mut Seat::Common, cx)
    }

    /// Says that an operation would have blocked after this readiness was seen. (Step 3) What was
    /// heard since then stays.
    pub fn clear(&self, direction: Direction, seen: Tick) {
        self.source.clear(direction, seen);
    }

    /// Tries an operation as long as the descriptor counts as ready, and waits if it would block.
    /// It keeps one task for each direction, as [`poll_ready`](Registration::poll_ready).
    ///
    /// # Errors
    /// Those of the operation, but for *would block* and *interrupted*. If the loop is gone.
    #[inline]
    pub fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        operation: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_seated_io(direction, &mut Seat::Common, cx, operation, never_short)
    }

    /// As [`poll_io`](Registration::poll_io), for an operation that is to move so many bytes. If it
    /// moves less, that may [use the readiness up](Short), and then the next one waits untried.
    ///
    /// # Errors
    /// As [`poll_io`](Registration::poll_io).
    #[inline]
    pub fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        bytes: usize,
        operation: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_seated_io(direction, &mut Seat::Common, cx, operation, self.short_of(bytes))
    }

    /// Tries an operation once, if the descriptor counts as ready.
    ///
    /// # Errors
    /// Those of the operation; *would block* also if it was not tried. If the loop is gone.
    pub fn try_io<R>(
        &self,
        direction: Direction,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.attempt_if_ready(direction, operation, never_short)
    }

    /// As [`try_io`](Registration::try_io), for an operation that is to move so many bytes, as in
    /// [`poll_transfer`](Registration::poll_transfer).
    ///
    /// # Errors
    /// As [`try_io`](Registration::try_io).
    pub fn try_transfer(
        &self,
        direction: Direction,
        bytes: usize,
        operation: impl FnOnce() -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.attempt_if_ready(direction, operation, self.short_of(bytes))
    }

    /// Waits until the descriptor counts as ready. Any number of tasks may wait.
    ///
    /// # Errors
    /// If the loop is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn ready(&self, direction: Direction) -> io::Result<Tick> {
        let mut waiter = Waiter::new(self, direction);
        poll_fn(|cx| self.poll_seated(direction, &mut waiter.seat, cx)).await
    }

    /// Tries an operation until it does not block. Any number of tasks may wait.
    ///
    /// # Errors
    /// Those of the operation, but for *would block* and *interrupted*. If the loop is gone.
    ///
    /// # Cancel safety
    /// Safe: the operation has either been done, and its result is returned by that very poll, or
    /// not at all.
    pub async fn io<R>(
        &self,
        direction: Direction,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        let mut waiter = Waiter::new(self, direction);
        let seat = &mut waiter.seat;
        poll_fn(|cx| self.poll_seated_io(direction, seat, cx, &mut operation, never_short)).await
    }

    /// As [`io`](Registration::io), for an operation that is to move so many bytes, as in
    /// [`poll_transfer`](Registration::poll_transfer).
    ///
    /// # Errors
    /// As [`io`](Registration::io).
    ///
    /// # Cancel safety
    /// As [`io`](Registration::io).
    pub async fn transfer(
        &self,
        direction: Direction,
        bytes: usize,
        mut operation: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut waiter = Waiter::new(self, direction);
        let (seat, is_short) = (&mut waiter.seat, self.short_of(bytes));
        poll_fn(|cx| self.poll_seated_io(direction, seat, cx, &mut operation, is_short)).await
    }

    fn poll_seated(
        &self,
        direction: Direction,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Tick>> {
        self.source.poll(direction, seat, cx).map_err(|Gone| gone())
    }

    /// Steps 2 and 3, again and again.
    #[inline]
    fn poll_seated_io<R>(
        &self,
        direction: Direction,
        seat: &mut Seat,
        cx: &mut Context<'_>,
        mut operation: impl FnMut() -> io::Result<R>,
        is_short: impl Fn(&R) -> bool,
    ) -> Poll<io::Result<R>> {
        loop {
            let seen = match self.source.poll(direction, seat, cx) {
                Poll::Ready(Ok(seen)) => seen,
                Poll::Ready(Err(Gone)) => return Poll::Ready(Err(gone())),
                Poll::Pending => return Poll::Pending,
            };
            match self.attempt(direction, seen, &mut operation, &is_short) {
                Err(error) if would_block(&error) || is_interrupted(&error) => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn attempt_if_ready<R>(
        &self,
        direction: Direction,
        operation: impl FnOnce() -> io::Result<R>,
        is_short: impl Fn(&R) -> bool,
    ) -> io::Result<R> {
        match self.source.look(direction) {
            Poll::Ready(Ok(seen)) => self.attempt(direction, seen, operation, is_short),
            Poll::Ready(Err(Gone)) => Err(gone()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// One try, and what it says of the readiness.
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
            Ok(done) if is_short(done) => self.source.clear_by_short(direction, seen),
            Err(error) if would_block(error) => self.clear(direction, seen),
            Ok(_) | Err(_) => {}
        }
        result
    }

    /// Nothing is not short of something: it is the end, or nothing was asked for.
    #[inline]
    fn short_of(&self, bytes: usize) -> impl Fn(&usize) -> bool + Copy + use<> {
        let bytes = match self.short {
            Short::UsesUp => bytes.min(ONE_CALL_MAX),
            Short::SaysNothing => 0,
        };
        move |&moved| 0 < moved && moved < bytes
    }
}

/// A system may move fewer bytes in one call than it is asked for because they are too many. None
/// is known for which these are.
const ONE_CALL_MAX: usize = 1 << 30;

/// For an operation that nothing but *would block* ends.
fn never_short<R>(_: &R) -> bool {
    false
}

fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}

fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Gives a descriptor that can be read as long as a loop has sockets to hear: for who turns it from
/// a loop of his own, and waits for descriptors there.
///
/// # Errors
/// As the system gives them. If the loop is gone.
pub fn descriptor(handle: &Handle) -> io::Result<OwnedFd> {
    let remote = handle.remote();
    let (kernel, ear) = remote.reactor.watch()?;
    if let Some(ear) = ear {
        bring(ear, &kernel, remote);
    }
    kernel.descriptor()
}

/// Brings the ear to its loop, and lets that be woken where it will listen. If the loop is gone,
/// the ear is dropped, and that ends the reactor.
fn bring(ear: Ear, kernel: &Arc<dyn Kernel>, remote: &Arc<Remote>) {
    // A handle that is kept must not keep the kernel of a loop that is gone.
    let kernel = Arc::downgrade(kernel);
    remote.parker.set_alarm(Box::new(move || {
        if let Some(kernel) = kernel.upgrade() {
            kernel.ring();
        }
    }));
    match current::turning().filter(|local| Arc::ptr_eq(&local.remote, remote)) {
        Some(local) => local.listen_with(ear),
        None => {
            let errand = move |local: &Local| local.listen_with(ear);
            drop(remote.post(Letter::Open(Box::new(errand))));
        }
    }
}

/// Somebody who waits in a seat of its own, and leaves it.
struct Waiter<'a> {
    registration: &'a Registration,
    direction: Direction,
    seat: Seat,
}

impl Waiter<'_> {
    fn new(registration: &Registration, direction: Direction) -> Waiter<'_> {
        Waiter { registration, direction, seat: Seat::Own(None) }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.registration.source.leave(self.direction, &mut self.seat);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let remote = self.handle.remote();
        if remote.is_forked() {
            // What the kernel forgets here, it forgets for the parent, which may still wait.
            remote.reactor.forget(self.token);
        } else {
            remote.reactor.remove(self.token, self.descriptor);
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("descriptor", &self.descriptor).finish_non_exhaustive()
    }
}
