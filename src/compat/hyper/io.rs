//! Streams by hyper's traits.
//!
//! hyper lends out memory that nobody has written to. To read into it in place, and to say how much
//! was read, takes unsafe code ([`ReadBufCursor::advance`]); what can be done without is to put
//! bytes into it that lie elsewhere. So each read goes by way of a buffer of ours.
//!
//! That buffer is in use from the beginning of a poll to its end, and not between two polls. So one
//! for each thread will do: a connection that waits holds no memory for it, and one that reads
//! finds it in the cache. The copy is one more pass over bytes that the system has just copied
//! itself: a GiB by HTTP/1 takes its reader 0.18 s of processor time, and 0.15 s if it is read in
//! place (medians of five, by hyper-util's `TokioIo`, which has unsafe code for it).
//!
//! It is not cleared between reads, as buffers never are. A reader of somebody else's, in an
//! [`Io`], that says it has read more than it has would pass on what was read before; that is a bug
//! of the reader's, with any buffer that is used again.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use crate::compat::write_traits::translate_write;

/// The most that one read gets. hyper asks for 8 KiB at first, and for twice as much whenever it
/// got all that it asked for, up to 400 KiB. Less would mean more system calls, and with more the
/// first bytes have left the near cache when they are copied: that GiB takes 0.25 s through 8 KiB,
/// 0.18 s through 16 or 64 KiB, and 0.22 s through 256 KiB.
const LENGTH: usize = 64 * 1024;

std::thread_local! {
    /// Made by the first read. Empty also while one is under way.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Reads at most [`LENGTH`] bytes.
pub(super) fn read<S: AsyncRead>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    mut cursor: ReadBufCursor<'_>,
) -> Poll<io::Result<()>> {
    // Taken out: the reader may be somebody else's, and come back here, or panic. And a thread that
    // is ending has none.
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    if buffer.is_empty() {
        buffer = vec![0; LENGTH];
    }
    let length = cursor.remaining().min(LENGTH);
    let polled = stream.poll_read(cx, &mut buffer[..length]);
    if let Poll::Ready(Ok(count)) = polled {
        cursor.put_slice(&buffer[..count]);
    }
    let _ending = BUFFER.try_with(|empty| empty.set(buffer));
    polled.map_ok(drop)
}

/// Any stream of the `futures` traits, such as one of TLS, for hyper; and any of hyper's, such as
/// an upgraded connection, by the `futures` traits.
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

    /// The stream.
    pub fn get_ref(&self) -> &S {
        &self.0
    }

    /// The stream.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.0
    }

    /// Gives the stream back; nothing is held back here.
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

/// Whether the stream writes several slices at a time cannot be asked by the `futures` traits.
/// hyper is told that it does not, and puts small pieces together itself: a stream that wrote one
/// slice only would send each piece of a message alone.
impl<S: AsyncWrite + Unpin> Write for Io<S> {
    translate_write!(|this| Pin::new(&mut this.get_mut().0), false);
}

/// # Cancel safety
/// As the stream's own.
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
/// As the stream's own.
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
