//! Anything that has a descriptor, as something to wait for.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use runtime_executor::Handle;
use runtime_executor::reactor::{Direction, Registration, ShortTransfer, Tick};

use super::delegate::{delegate_end, delegate_read, delegate_write};
use super::nothing;

/// Waits until the descriptor of some object is ready: for what the operating system can tell the
/// readiness of and this module has no type for, such as pipes, `eventfd`, `timerfd`, `inotify`, or
/// the socket of somebody else's library.
///
/// The object has to be in non-blocking mode, or an operation that finds nothing stalls the loop.
/// If it is, and is `Read` and `Write` by reference, this is `AsyncRead` and `AsyncWrite`. By them,
/// a read into an empty buffer and a write of nothing are done at once.
///
/// It belongs to the runtime that was current when it was made, and may be used from any thread
/// and by any executor as long as that runtime lives and is turned; after that every operation
/// gives an error.
///
/// ```
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use aside::net::AsyncFd;
///
/// aside::run(async {
///     let (mut near, far) = UnixStream::pair()?;
///     far.set_nonblocking(true)?;
///     let far = AsyncFd::new(far)?;
///     aside::spawn(async move { near.write_all(b"hello") }).detach();
///
///     let mut buffer = [0; 16];
///     let length = loop {
///         let mut ready = far.readable().await?;
///         match ready.try_io(|mut stream| stream.read(&mut buffer)) {
///             Ok(result) => break result?,
///             Err(_would_block) => {}
///         }
///     };
///     assert_eq!(&buffer[..length], b"hello");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Drop
/// Deregisters the descriptor and drops the object.
pub struct AsyncFd<T> {
    // In this order they are dropped: no closed descriptor is registered.
    registration: Registration,
    inner: T,
    /// The loop with which it is registered.
    handle: Handle,
}

impl<T: AsFd> AsyncFd<T> {
    /// Registers the object's descriptor with the current runtime. Two registrations of one
    /// descriptor at a time are an error.
    ///
    /// # Errors
    /// As the system gives them: among others, for a descriptor that is always ready, such as a
    /// file's. If there is no runtime on this thread, or it is gone. The object is dropped.
    pub fn new(inner: T) -> io::Result<AsyncFd<T>> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        AsyncFd::with(&handle, inner, ShortTransfer::HasNoEffect)
    }

    /// Registers it with a certain runtime's loop.
    pub(super) fn with(
        handle: &Handle,
        inner: T,
        short_transfer: ShortTransfer,
    ) -> io::Result<AsyncFd<T>> {
        let registration = handle.register(inner.as_fd(), short_transfer)?;
        Ok(AsyncFd { registration, inner, handle: handle.clone() })
    }
}

impl<T> AsyncFd<T> {
    /// The loop of the runtime that it belongs to.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The object.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Deregisters the descriptor, and gives the object back.
    pub fn into_inner(self) -> T {
        let AsyncFd { registration, inner, .. } = self;
        drop(registration);
        inner
    }

    /// Waits until a read would probably not block. Any number of tasks may wait.
    ///
    /// # Errors
    /// If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn readable(&self) -> io::Result<Ready<'_, T>> {
        self.ready(Direction::Read).await
    }

    /// Waits until a write would probably not block. Any number of tasks may wait.
    ///
    /// # Errors
    /// If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn writable(&self) -> io::Result<Ready<'_, T>> {
        self.ready(Direction::Write).await
    }

    async fn ready(&self, direction: Direction) -> io::Result<Ready<'_, T>> {
        let seen = self.registration.ready(direction).await?;
        Ok(Ready { of: self, direction, seen: Some(seen) })
    }

    /// Reads by `operation` until it does not block: waits whenever it gives
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). Any number of tasks may do so.
    ///
    /// # Errors
    /// Those of `operation`. If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: what the operation has done is returned by the same poll.
    pub async fn read_with<R>(
        &self,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.io(Direction::Read, || operation(&self.inner)).await
    }

    /// Writes by `operation`, as [`read_with`](AsyncFd::read_with) reads.
    ///
    /// # Errors
    /// Those of `operation`. If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: what the operation has done is returned by the same poll.
    pub async fn write_with<R>(
        &self,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.io(Direction::Write, || operation(&self.inner)).await
    }

    /// Tries a read once.
    pub(super) fn try_read_with<R>(
        &self,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.try_io(Direction::Read, || operation(&self.inner))
    }

    /// Tries a write once.
    pub(super) fn try_write_with<R>(
        &self,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.try_io(Direction::Write, || operation(&self.inner))
    }

    /// Moves at most so many bytes by `operation`, when that does not block.
    pub(super) async fn transfer(
        &self,
        direction: Direction,
        bytes: usize,
        mut operation: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.registration.transfer(direction, bytes, || operation(&self.inner)).await
    }

    /// The same once, without waiting.
    pub(super) fn try_transfer(
        &self,
        direction: Direction,
        bytes: usize,
        operation: impl FnOnce(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.registration.try_transfer(direction, bytes, || operation(&self.inner))
    }

    /// The same for the traits: one task is kept.
    #[inline]
    fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        bytes: usize,
        mut operation: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.registration.poll_transfer(direction, cx, bytes, || operation(&self.inner))
    }
}

/// How many bytes there are in the first buffers of several. One call takes no more than a certain
/// number of them, which is 16 at least on any system; a transfer of fewer bytes than these have is
/// short of what it was to move, however many that was.
pub(super) fn bytes_in(buffers: &[impl Deref<Target = [u8]>]) -> usize {
    buffers.iter().take(16).map(|buffer| buffer.len()).sum()
}

/// That a descriptor has been seen to be ready. See [`AsyncFd::readable`].
///
/// It was, when it was seen: somebody else may have read everything since. So
/// [`try_io`](Ready::try_io) may still find that the operation would block.
#[must_use = "readiness is for an operation to be tried"]
pub struct Ready<'a, T> {
    of: &'a AsyncFd<T>,
    direction: Direction,
    /// `None` once it was cleared.
    seen: Option<Tick>,
}

impl<T> Ready<'_, T> {
    /// Tries an operation. If it gives [`WouldBlock`](io::ErrorKind::WouldBlock), the readiness is
    /// cleared, so that the next wait is for the next time that the descriptor becomes ready.
    ///
    /// # Errors
    /// [`WouldBlock`] if it would have blocked. Else the operation's own result is inside.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> Result<io::Result<R>, WouldBlock> {
        match operation(&self.of.inner) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.clear_ready();
                Err(WouldBlock(()))
            }
            result => Ok(result),
        }
    }

    /// Says that the descriptor is not ready any more: only to be called when an operation has just
    /// given [`WouldBlock`](io::ErrorKind::WouldBlock), because the system tells once of each time
    /// that a descriptor becomes ready. What it has told since this readiness was seen stays.
    pub fn clear_ready(&mut self) {
        if let Some(seen) = self.seen.take() {
            self.of.registration.clear(self.direction, seen);
        }
    }

    /// The object.
    pub fn get_inner(&self) -> &T {
        &self.of.inner
    }
}

/// The operation would have blocked: wait again.
#[derive(Debug)]
pub struct WouldBlock(());

impl fmt::Display for WouldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operation would have blocked")
    }
}

impl std::error::Error for WouldBlock {}

impl<T> AsyncRead for &AsyncFd<T>
where
    for<'a> &'a T: Read,
{
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_transfer(Direction::Read, cx, buffer.len(), |mut inner| inner.read(buffer))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        if nothing::is_read(buffers) {
            return Poll::Ready(Ok(0));
        }
        let bytes = bytes_in(buffers);
        self.poll_transfer(Direction::Read, cx, bytes, |mut inner| inner.read_vectored(buffers))
    }
}

impl<T> AsyncWrite for &AsyncFd<T>
where
    for<'a> &'a T: Write,
{
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_transfer(Direction::Write, cx, bytes.len(), |mut inner| inner.write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if nothing::is_written(slices) {
            return Poll::Ready(Ok(0));
        }
        let bytes = bytes_in(slices);
        self.poll_transfer(Direction::Write, cx, bytes, |mut inner| inner.write_vectored(slices))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.registration.poll_io(Direction::Write, cx, || (&self.inner).flush())
    }

    /// Flushes. What else it would be to close the object, only dropping it can do.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T: Unpin> AsyncRead for AsyncFd<T>
where
    for<'a> &'a T: Read,
{
    delegate_read!(|this| &*this);
}

impl<T: Unpin> AsyncWrite for AsyncFd<T>
where
    for<'a> &'a T: Write,
{
    delegate_write!(|this| &*this);
    delegate_end!(|this| &*this);
}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl<T: fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncFd").field(&self.inner).finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for Ready<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("of", &self.of).field("direction", &self.direction).finish()
    }
}
