//! `AsyncRead` and `AsyncWrite` for an `AsyncFd` whose object can be read and written by reference.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use runtime_executor::reactor::{Direction, Interest};

use super::async_fd::AsyncFd;
use super::buffers::bytes_in;
use super::delegate::{delegate_end, delegate_read, delegate_write};

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
        match self.try_io(Interest::WRITABLE, |mut inner| inner.flush()) {
            Err(error) if is_temporary(&error) => {
                self.poll_write_with(cx, |mut inner| inner.flush())
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
