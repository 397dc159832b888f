//! Waiting for any object that has a descriptor.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use runtime_executor::Handle;
use runtime_executor::reactor::{Direction, Registration, ShortTransfer, Tick};

use super::buffers::bytes_in;
use super::delegate::{delegate_end, delegate_read, delegate_write};

/// Waits until the descriptor of an object is ready. Use it for descriptors that have no type of
/// their own in this module, such as pipes, `eventfd`, `timerfd`, `inotify`, or the sockets of
/// another library.
///
/// The object must be in non-blocking mode: otherwise an operation that finds no data blocks the
/// loop. If `&T` implements `Read` and `Write`, this type implements `AsyncRead` and `AsyncWrite`.
/// Their zero-length reads and writes return at once. A poll through these traits keeps the waker
/// of the last poll of its direction, so only the task that polled last is woken. The `async`
/// methods serve any number of tasks.
///
/// An `AsyncFd` belongs to the runtime that was current when it was made. Any thread and any
/// executor may use it while that runtime lives and is turned. Later, its operations return errors.
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
#[doc(alias = "Async")]
pub struct AsyncFd<T> {
    // Dropped first, so that no closed descriptor is registered.
    registration: Registration,
    inner: T,
    /// The loop with which the descriptor is registered.
    handle: Handle,
}

impl<T: AsFd> AsyncFd<T> {
    /// Registers the object's descriptor with the current runtime. A descriptor can have one
    /// registration at a time.
    ///
    /// # Errors
    /// Those of the operating system, for example for a descriptor that is always ready, such as
    /// that of a file. An error, if this thread has no runtime or the runtime is gone. In all these
    /// cases the object is dropped.
    pub fn new(inner: T) -> io::Result<AsyncFd<T>> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        AsyncFd::register(&handle, inner, ShortTransfer::HasNoEffect)
    }

    /// Registers the object's descriptor with a given loop.
    pub(super) fn register(
        handle: &Handle,
        inner: T,
        short_transfer: ShortTransfer,
    ) -> io::Result<AsyncFd<T>> {
        let registration = handle.register(inner.as_fd(), short_transfer)?;
        Ok(AsyncFd { registration, inner, handle: handle.clone() })
    }
}

impl<T> AsyncFd<T> {
    /// Returns the loop with which the descriptor is registered.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Returns a reference to the object.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Deregisters the descriptor and returns the object.
    pub fn into_inner(self) -> T {
        let AsyncFd { registration, inner, .. } = self;
        drop(registration);
        inner
    }

    /// Waits until the system has reported the descriptor as readable. Any number of tasks may
    /// wait.
    ///
    /// The loop receives the first report of a new descriptor soon after its registration, if the
    /// descriptor is readable. A report holds until [`try_io`](ReadyGuard::try_io) or another
    /// operation finds that it would block. So after an operation that has used the readiness up
    /// without finding this out, the next wait returns at once, and its `try_io` finds it out.
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn readable(&self) -> io::Result<ReadyGuard<'_, T>> {
        self.ready(Direction::Read).await
    }

    /// Waits until the system has reported the descriptor as writable, in the same way as
    /// [`readable`](AsyncFd::readable).
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn writable(&self) -> io::Result<ReadyGuard<'_, T>> {
        self.ready(Direction::Write).await
    }

    async fn ready(&self, direction: Direction) -> io::Result<ReadyGuard<'_, T>> {
        let seen = self.registration.ready(direction).await?;
        Ok(ReadyGuard { fd: self, direction, seen: Some(seen) })
    }

    /// Reads by `operation`: tries the operation, and waits whenever the operation returns
    /// [`WouldBlock`](io::ErrorKind::WouldBlock). Any number of tasks may wait.
    ///
    /// # Errors
    /// Those of `operation`, and an error if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: the poll that completes the operation returns its result.
    pub async fn read_with<R>(
        &self,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.io(Direction::Read, || operation(&self.inner)).await
    }

    /// Writes by `operation`, in the same way as [`read_with`](AsyncFd::read_with).
    ///
    /// # Errors
    /// Those of `operation`, and an error if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: the poll that completes the operation returns its result.
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

    /// Transfers up to `bytes` bytes of a stream by `operation`, and waits while the operation
    /// would block.
    ///
    /// A transfer of zero bytes returns at once, because it has nothing to wait for. (The system
    /// would let an empty read wait for data, although the read takes none.)
    pub(super) async fn transfer(
        &self,
        direction: Direction,
        bytes: usize,
        mut operation: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if bytes == 0 {
            return Ok(0);
        }
        self.registration.transfer(direction, bytes, || operation(&self.inner)).await
    }

    /// Like [`transfer`](AsyncFd::transfer), without waiting.
    pub(super) fn try_transfer(
        &self,
        direction: Direction,
        bytes: usize,
        operation: impl FnOnce(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if bytes == 0 {
            return Ok(0);
        }
        self.registration.try_transfer(direction, bytes, || operation(&self.inner))
    }

    /// Like [`transfer`](AsyncFd::transfer), for the I/O traits. This function keeps the waker of
    /// the last poll of the direction.
    #[inline]
    pub(super) fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        bytes: usize,
        mut operation: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if bytes == 0 {
            return Poll::Ready(Ok(0));
        }
        self.registration.poll_transfer(direction, cx, bytes, || operation(&self.inner))
    }
}

/// The readiness of a descriptor at the time when a wait returned. See [`AsyncFd::readable`].
///
/// Another task may have used the readiness up since then, so [`try_io`](ReadyGuard::try_io) may
/// still find that the operation would block.
#[must_use = "readiness is for an operation to be tried"]
pub struct ReadyGuard<'a, T> {
    fd: &'a AsyncFd<T>,
    direction: Direction,
    /// The tick of the readiness. `None` after the readiness has been cleared.
    seen: Option<Tick>,
}

impl<T> ReadyGuard<'_, T> {
    /// Tries an operation. If it returns [`WouldBlock`](io::ErrorKind::WouldBlock), the readiness
    /// is cleared, so that the next wait returns after the next event.
    ///
    /// # Errors
    /// [`WouldBlock`] if the operation would have blocked. Any other result of the operation is the
    /// `Ok` value.
    pub fn try_io<R>(
        &mut self,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> Result<io::Result<R>, WouldBlock> {
        match operation(&self.fd.inner) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.clear_ready();
                Err(WouldBlock(()))
            }
            result => Ok(result),
        }
    }

    /// Clears the readiness. Call it only after an operation has returned
    /// [`WouldBlock`](io::ErrorKind::WouldBlock): the system reports each change to ready once.
    /// Events that arrived after the wait returned are kept.
    pub fn clear_ready(&mut self) {
        if let Some(seen) = self.seen.take() {
            self.fd.registration.clear(self.direction, seen);
        }
    }

    /// Returns a reference to the object.
    pub fn get_inner(&self) -> &T {
        &self.fd.inner
    }
}

/// The error of an operation that would have blocked. After this error, wait again.
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
        self.poll_transfer(Direction::Read, cx, buffer.len(), |mut inner| inner.read(buffer))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
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
        self.poll_transfer(Direction::Write, cx, bytes.len(), |mut inner| inner.write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = bytes_in(slices);
        self.poll_transfer(Direction::Write, cx, bytes, |mut inner| inner.write_vectored(slices))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A flush writes what the object has buffered, and most objects buffer nothing. So the
        // flush is tried before it waits for room in a descriptor that may be full.
        let flush = || (&self.inner).flush();
        match self.registration.try_io(Direction::Write, flush) {
            Err(error) if is_temporary(&error) => {
                self.registration.poll_io(Direction::Write, cx, flush)
            }
            flushed => Poll::Ready(flushed),
        }
    }

    /// Flushes. The object is closed only when it is dropped.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// Returns whether the operation must be tried again, now or when the descriptor is ready.
fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
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

impl<T: fmt::Debug> fmt::Debug for ReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadyGuard")
            .field("fd", &self.fd)
            .field("direction", &self.direction)
            .finish()
    }
}
