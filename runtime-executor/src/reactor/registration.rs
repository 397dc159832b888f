//! What a socket holds of the reactor.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::task::{Context, Poll};

use super::ear::Ear;
use super::kernel::{Direction, Kernel};
use super::shared::{Registered, Source};
use super::side::{Gone, Seat, Tick};
use crate::current;
use crate::handle::Handle;
use crate::local::Local;
use crate::remote::{Letter, Remote};

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
    pub fn new(handle: &Handle, descriptor: BorrowedFd<'_>) -> io::Result<Registration> {
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
        Ok(Registration { source, handle: handle.clone(), token, descriptor })
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
        self.source.side(direction).clear(seen);
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
        self.poll_io_seated(direction, &mut Seat::Common, cx, operation)
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
        match self.source.side(direction).look() {
            Poll::Ready(Ok(seen)) => {
                let result = operation();
                if result.as_ref().is_err_and(would_block) {
                    self.clear(direction, seen);
                }
                result
            }
            Poll::Ready(Err(Gone)) => Err(gone()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
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
        poll_fn(|cx| self.poll_io_seated(direction, &mut waiter.seat, cx, &mut operation)).await
    }

    fn poll_seated(
        &self,
        direction: Direction,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Tick>> {
        self.source.side(direction).poll(seat, cx).map_err(|Gone| gone())
    }

    /// Steps 2 and 3, again and again.
    #[inline]
    fn poll_io_seated<R>(
        &self,
        direction: Direction,
        seat: &mut Seat,
        cx: &mut Context<'_>,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let side = self.source.side(direction);
        loop {
            let seen = match side.poll(seat, cx) {
                Poll::Ready(Ok(seen)) => seen,
                Poll::Ready(Err(Gone)) => return Poll::Ready(Err(gone())),
                Poll::Pending => return Poll::Pending,
            };
            match operation() {
                Err(error) if would_block(&error) => side.clear(seen),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }
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
        self.registration.source.side(self.direction).leave(&mut self.seat);
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
