//! Waiting for any object that has a descriptor.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use runtime_executor::Handle;
use runtime_executor::reactor::{Direction, Interest, Registration, ShortTransfer};

use super::readiness_set::SeenTicks;
use super::ready_guard::{ReadyGuard, ReadyMutGuard};
use super::register_error::RegisterError;

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
#[doc(alias("Async", "add_reader", "add_writer", "Poll", "Evented"))]
pub struct AsyncFd<T> {
    // Dropped first, so that no closed descriptor is registered.
    pub(super) registration: Registration,
    pub(super) inner: T,
    /// The loop with which the descriptor is registered.
    handle: Handle,
}

impl<T: AsFd> AsyncFd<T> {
    /// Registers the object's descriptor with the current runtime, for reads and writes. A
    /// descriptor can have one registration at a time.
    ///
    /// # Errors
    /// Those of the operating system, for example for a descriptor that is always ready, such as
    /// that of a file. An error, if this thread has no runtime or the runtime is gone. In all these
    /// cases the object is dropped; [`try_new`](AsyncFd::try_new) returns it.
    pub fn new(inner: T) -> io::Result<AsyncFd<T>> {
        Ok(AsyncFd::try_new(inner)?)
    }

    /// Registers the object's descriptor with the current runtime, for reads, writes, or both.
    ///
    /// The system then reports no other readiness than that of `interest`, apart from errors and
    /// hang-ups. On some systems, such as macOS, a descriptor can be registered only for what its
    /// kind supports. A wait for a direction that is not of interest may never end.
    ///
    /// # Errors
    /// Those of [`new`](AsyncFd::new).
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<AsyncFd<T>> {
        Ok(AsyncFd::try_with_interest(inner, interest)?)
    }

    /// Like [`new`](AsyncFd::new), with an error that returns the object.
    ///
    /// # Errors
    /// A [`RegisterError`], which contains the object and one of the errors of
    /// [`new`](AsyncFd::new).
    pub fn try_new(inner: T) -> Result<AsyncFd<T>, RegisterError<T>> {
        AsyncFd::try_with_interest(inner, Interest::BOTH)
    }

    /// Like [`with_interest`](AsyncFd::with_interest), with an error that returns the object.
    ///
    /// # Errors
    /// As for [`try_new`](AsyncFd::try_new).
    pub fn try_with_interest(inner: T, interest: Interest) -> Result<AsyncFd<T>, RegisterError<T>> {
        match Handle::try_current() {
            Ok(handle) => register(&handle, inner, interest),
            Err(error) => Err(RegisterError { inner, error: io::Error::other(error) }),
        }
    }

    /// Registers the object's descriptor with the runtime of a handle, on any thread.
    ///
    /// ```
    /// use aside::net::{AsyncFd, Interest};
    ///
    /// let runtime = aside::Runtime::new();
    /// let (reader, mut writer) = std::os::unix::net::UnixStream::pair()?;
    /// reader.set_nonblocking(true)?;
    /// // This thread has no runtime.
    /// let reader = AsyncFd::register(&runtime.handle(), reader, Interest::READABLE)?;
    /// std::io::Write::write_all(&mut writer, b"hello")?;
    /// runtime.block_on(async { reader.readable().await.map(drop) })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// A [`RegisterError`], which contains the object and the system's error, or an error if the
    /// runtime is gone.
    pub fn register(
        handle: &crate::Handle,
        inner: T,
        interest: Interest,
    ) -> Result<AsyncFd<T>, RegisterError<T>> {
        register(handle.event_loop(), inner, interest)
    }

    /// Makes a socket belong to a loop. The first wait registers it.
    pub(super) fn of_socket(
        handle: &Handle,
        socket: T,
        short_transfer: ShortTransfer,
    ) -> io::Result<AsyncFd<T>> {
        let registration = handle.register_at_first_wait(socket.as_fd(), short_transfer)?;
        Ok(AsyncFd { registration, inner: socket, handle: handle.clone() })
    }

    /// Makes a connection that this listener has accepted belong to the listener's loop. The first
    /// wait registers it.
    pub(super) fn accepted<S: AsFd>(
        &self,
        socket: S,
        short_transfer: ShortTransfer,
    ) -> io::Result<AsyncFd<S>> {
        let registration = self.registration.accepted(socket.as_fd(), short_transfer)?;
        Ok(AsyncFd { registration, inner: socket, handle: self.handle.clone() })
    }
}

fn register<T: AsFd>(
    handle: &Handle,
    inner: T,
    interest: Interest,
) -> Result<AsyncFd<T>, RegisterError<T>> {
    match handle.register(inner.as_fd(), interest, ShortTransfer::HasNoEffect) {
        Ok(registration) => Ok(AsyncFd { registration, inner, handle: handle.clone() }),
        Err(error) => Err(RegisterError { inner, error }),
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

    /// Returns an exclusive reference to the object.
    ///
    /// Do not replace the object by one with another descriptor: the registration is that of the
    /// former descriptor. The loop would report no events of the new one, and the drop might
    /// deregister a descriptor that has been given the same number.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
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
        let seen = self.wait_for(Direction::Read).await?;
        Ok(ReadyGuard { inner: &self.inner, seen })
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
        let seen = self.wait_for(Direction::Write).await?;
        Ok(ReadyGuard { inner: &self.inner, seen })
    }

    /// Waits until the system has reported a direction of `interest` as ready, in the same way as
    /// [`readable`](AsyncFd::readable).
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn ready(&self, interest: Interest) -> io::Result<ReadyGuard<'_, T>> {
        let seen = SeenTicks::wait(&self.registration, interest).await?;
        Ok(ReadyGuard { inner: &self.inner, seen })
    }

    /// Like [`readable`](AsyncFd::readable), for an operation that needs the object exclusively.
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn readable_mut(&mut self) -> io::Result<ReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Like [`writable`](AsyncFd::writable), for an operation that needs the object exclusively.
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn writable_mut(&mut self) -> io::Result<ReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// Like [`ready`](AsyncFd::ready), for an operation that needs the object exclusively.
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn ready_mut(&mut self, interest: Interest) -> io::Result<ReadyMutGuard<'_, T>> {
        let seen = SeenTicks::wait(&self.registration, interest).await?;
        Ok(ReadyMutGuard { inner: &mut self.inner, seen })
    }

    async fn wait_for(&self, direction: Direction) -> io::Result<SeenTicks<'_>> {
        let tick = self.registration.ready(direction).await?;
        Ok(SeenTicks::of(&self.registration, direction, tick))
    }

    /// The poll form of [`readable`](AsyncFd::readable). It keeps the waker of the last poll of
    /// this direction: if two tasks poll, only the task that polled last is woken.
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    #[doc(alias = "poll_readable")]
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<ReadyGuard<'_, T>>> {
        let seen = ready!(poll_direction(&self.registration, Direction::Read, cx))?;
        Poll::Ready(Ok(ReadyGuard { inner: &self.inner, seen }))
    }

    /// The poll form of [`writable`](AsyncFd::writable). It keeps the waker of the last poll, as
    /// [`poll_read_ready`](AsyncFd::poll_read_ready) does.
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    #[doc(alias = "poll_writable")]
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<ReadyGuard<'_, T>>> {
        let seen = ready!(poll_direction(&self.registration, Direction::Write, cx))?;
        Poll::Ready(Ok(ReadyGuard { inner: &self.inner, seen }))
    }

    /// Like [`poll_read_ready`](AsyncFd::poll_read_ready), for an operation that needs the object
    /// exclusively.
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    pub fn poll_read_ready_mut(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<ReadyMutGuard<'_, T>>> {
        let seen = ready!(poll_direction(&self.registration, Direction::Read, cx))?;
        Poll::Ready(Ok(ReadyMutGuard { inner: &mut self.inner, seen }))
    }

    /// Like [`poll_write_ready`](AsyncFd::poll_write_ready), for an operation that needs the object
    /// exclusively.
    ///
    /// # Errors
    /// An error, if the runtime is gone.
    pub fn poll_write_ready_mut(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<ReadyMutGuard<'_, T>>> {
        let seen = ready!(poll_direction(&self.registration, Direction::Write, cx))?;
        Poll::Ready(Ok(ReadyMutGuard { inner: &mut self.inner, seen }))
    }
}

fn poll_direction<'a>(
    registration: &'a Registration,
    direction: Direction,
    cx: &mut Context<'_>,
) -> Poll<io::Result<SeenTicks<'a>>> {
    let tick = ready!(registration.poll_ready(direction, cx))?;
    Poll::Ready(Ok(SeenTicks::of(registration, direction, tick)))
}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl<T> AsRef<T> for AsyncFd<T> {
    fn as_ref(&self) -> &T {
        &self.inner
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
