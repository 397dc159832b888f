//! [`LoopStream`]: an object with a descriptor as a stream of the `futures` traits.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use runtime_executor::reactor::Interest;
use socket2::SockRef;

use crate::handle::Handle;
use crate::net::AsyncFd;

/// An object of a library, whose operations need exclusive access. [`AsyncFd`] by itself is a
/// stream only if the object can be read and written by reference.
#[derive(Debug)]
pub(super) struct LoopStream<H> {
    fd: AsyncFd<H>,
}

/// The object is never pinned.
impl<H> Unpin for LoopStream<H> {}

impl<H: AsFd> LoopStream<H> {
    pub(super) fn new(handle: &Handle, object: H) -> io::Result<LoopStream<H>> {
        // The mode belongs to every descriptor, not only to sockets.
        SockRef::from(&object).set_nonblocking(true)?;
        Ok(LoopStream { fd: AsyncFd::register(handle, object, Interest::BOTH)? })
    }
}

impl<H> LoopStream<H> {
    fn poll_read_with(
        &mut self,
        cx: &mut Context<'_>,
        mut read: impl FnMut(&mut H) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.fd.poll_read_ready_mut(cx))?;
            if let Some(result) = finished(ready.try_io(&mut read)) {
                return Poll::Ready(result);
            }
        }
    }

    fn poll_write_with<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&mut H) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let mut ready = ready!(self.fd.poll_write_ready_mut(cx))?;
            if let Some(result) = finished(ready.try_io(&mut write)) {
                return Poll::Ready(result);
            }
        }
    }
}

/// Returns the result of an operation, or `None` if the operation must be tried again.
fn finished<R, B>(tried: Result<io::Result<R>, B>) -> Option<io::Result<R>> {
    let is_interrupted = |error: &io::Error| error.kind() == io::ErrorKind::Interrupted;
    tried.ok().filter(|result| !result.as_ref().is_err_and(is_interrupted))
}

impl<H: Read> AsyncRead for LoopStream<H> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_with(cx, |object| object.read(buffer))
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_with(cx, |object| object.read_vectored(buffers))
    }
}

impl<H: Write> AsyncWrite for LoopStream<H> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |object| object.write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |object| object.write_vectored(slices))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_with(cx, |object| object.flush())
    }

    /// Flushes. The object is closed only when it is dropped.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
