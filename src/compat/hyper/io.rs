//! [`Io`]: implements hyper's traits for streams of the `futures` traits.
//!
//! hyper lends uninitialized memory. Reading into this memory in place, and reporting the count,
//! takes unsafe code ([`ReadBufCursor::advance`]). Safe code can only copy bytes into it. So each
//! read goes through a buffer of this module.
//!
//! The buffer holds bytes only within a poll, never between two polls. So one buffer for each
//! thread is enough: a pending connection needs no buffer, and the buffer stays in the cache. The
//! copy is one more pass over bytes that the kernel has just copied. Reading a GiB by HTTP/1 takes
//! 0.18 s of processor time. Reading it in place, with hyper-util's `TokioIo`, which uses unsafe
//! code, takes 0.15 s (medians of five).
//!
//! The buffer is not zeroed between reads. If a foreign reader in an [`Io`] reports more bytes than
//! it has read, hyper receives bytes of an earlier read. Such a reader has a bug, which would show
//! with any reused buffer.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use crate::compat::write_traits::translate_write;

/// The maximum number of bytes of one read. hyper requests 8 KiB at first, and doubles its request
/// each time the request was filled, up to 400 KiB. A smaller buffer means more system calls. With
/// a larger buffer, the first bytes have already left the L1 cache when they are copied to hyper.
/// Reading a GiB takes 0.25 s through 8 KiB, 0.18 s through 16 or 64 KiB, and 0.22 s through 256
/// KiB.
const LENGTH: usize = 64 * 1024;

std::thread_local! {
    /// The buffer of this thread. The first read makes it; during a read it is empty.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Reads at most [`LENGTH`] bytes.
pub(super) fn read<S: AsyncRead>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    mut cursor: ReadBufCursor<'_>,
) -> Poll<io::Result<()>> {
    // The buffer is taken out, because a foreign reader may call this function again, or panic.
    // While the thread's thread-locals are destroyed, there is no buffer to take.
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    if buffer.is_empty() {
        buffer = vec![0; LENGTH];
    }
    let length = cursor.remaining().min(LENGTH);
    let polled = stream.poll_read(cx, &mut buffer[..length]);
    if let Poll::Ready(Ok(count)) = polled {
        cursor.put_slice(&buffer[..count]);
    }
    let _exiting = BUFFER.try_with(|empty| empty.set(buffer));
    polled.map_ok(drop)
}

/// Adapts a stream of the `futures` traits, such as a TLS stream, to hyper's traits. Also adapts a
/// stream of hyper's traits, such as an upgraded connection, to the `futures` traits.
///
/// ```
/// use aside::compat::hyper::Io;
/// use futures_lite::AsyncReadExt;
///
/// fn is_for_hyper(_: &impl hyper::rt::Read) {}
/// let page: &[u8] = b"hello";
/// is_for_hyper(&Io::new(page));
/// // And back again.
/// let mut read = String::new();
/// aside::run(Io::new(Io::new(page)).read_to_string(&mut read))?;
/// assert_eq!(read, "hello");
/// # std::io::Result::Ok(())
/// ```
///
/// # Drop
/// Drops the stream.
#[derive(Debug)]
pub struct Io<S>(S);

impl<S> Io<S> {
    /// Wraps a stream.
    pub fn new(stream: S) -> Io<S> {
        Io(stream)
    }

    /// Returns a reference to the stream.
    pub fn get_ref(&self) -> &S {
        &self.0
    }

    /// Returns a mutable reference to the stream.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.0
    }

    /// Returns the stream. An `Io` buffers no bytes.
    pub fn into_inner(self) -> S {
        self.0
    }
}

impl<S: AsyncRead + Unpin> Read for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        read(Pin::new(&mut self.0), cx, cursor)
    }
}

/// Reports that the stream does not write several slices in one call, because the `futures` traits
/// do not say whether a stream does. hyper then joins small pieces itself. Otherwise a stream that
/// writes only the first slice would send each piece of a message alone.
impl<S: AsyncWrite + Unpin> Write for Io<S> {
    translate_write!(|this| Pin::new(&mut this.get_mut().0), false);
}

/// # Cancel safety
/// The same as for the stream.
impl<S: Read + Unpin> AsyncRead for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(cx, buffer.unfilled()))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

/// # Cancel safety
/// The same as for the stream.
impl<S: Write + Unpin> AsyncWrite for Io<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
