//! Operations on the object of an `AsyncFd`: tried once, awaited, or polled.

use std::io;
use std::task::{Context, Poll};

use runtime_executor::reactor::{Direction, Interest};

use super::async_fd::AsyncFd;
use super::readiness_set::SeenTicks;

impl<T> AsyncFd<T> {
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

    /// The poll form of [`read_with`](AsyncFd::read_with). It keeps the waker of the last poll, as
    /// [`poll_read_ready`](AsyncFd::poll_read_ready) does.
    ///
    /// # Errors
    /// Those of `operation`, and an error if the runtime is gone.
    #[doc(alias = "poll_io")]
    pub fn poll_read_with<R>(
        &self,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration.poll_io(Direction::Read, cx, || operation(&self.inner))
    }

    /// The poll form of [`write_with`](AsyncFd::write_with). It keeps the waker of the last poll,
    /// as [`poll_write_ready`](AsyncFd::poll_write_ready) does.
    ///
    /// # Errors
    /// Those of `operation`, and an error if the runtime is gone.
    #[doc(alias = "poll_io")]
    pub fn poll_write_with<R>(
        &self,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration.poll_io(Direction::Write, cx, || operation(&self.inner))
    }

    /// Waits until a direction of `interest` is reported as ready, and tries `operation`; repeats
    /// both while the operation returns [`WouldBlock`](io::ErrorKind::WouldBlock). Any number of
    /// tasks may wait.
    ///
    /// `WouldBlock` clears the readiness of all directions of `interest`. So an operation for both
    /// directions may return it only if it found that neither direction was ready.
    /// [`read_with`](AsyncFd::read_with) and [`write_with`](AsyncFd::write_with) serve one
    /// direction, and try the operation before they wait.
    ///
    /// # Errors
    /// Those of `operation`, and an error if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: the poll that completes the operation returns its result.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let mut guard = self.ready(interest).await?;
            match guard.try_io(&mut operation) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return result,
                Err(_would_block) => {}
            }
        }
    }

    /// Like [`async_io`](AsyncFd::async_io), for an operation that needs the object exclusively.
    ///
    /// # Errors
    /// Those of `operation`, and an error if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: the poll that completes the operation returns its result.
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut operation: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let mut guard = self.ready_mut(interest).await?;
            match guard.try_io(&mut operation) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return result,
                Err(_would_block) => {}
            }
        }
    }

    /// Tries `operation` once, whatever events the loop has received. If it returns
    /// [`WouldBlock`](io::ErrorKind::WouldBlock), the readiness of all directions of `interest` is
    /// cleared, as by [`async_io`](AsyncFd::async_io).
    ///
    /// # Errors
    /// Those of `operation`, and an error if the runtime is gone.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut seen = SeenTicks::now(&self.registration, interest)?;
        let result = operation(&self.inner);
        seen.clear_if_blocked(&result);
        result
    }

    /// Like [`try_io`](AsyncFd::try_io), for an operation that needs the object exclusively.
    ///
    /// # Errors
    /// Those of `operation`, and an error if the runtime is gone.
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        operation: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut seen = SeenTicks::now(&self.registration, interest)?;
        let result = operation(&mut self.inner);
        seen.clear_if_blocked(&result);
        result
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
