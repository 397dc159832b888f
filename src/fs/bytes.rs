//! A file as a stream of bytes: the traits.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use super::file::File;

/// Reads what would be read there now, so it waits for what was accepted to be written.
///
/// # Cancel safety
/// Safe: a read that is given up loses no byte; the next one gets it.
impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.stream().poll_written(cx))?;
        Pin::new(self.stream()).poll_read(cx, buffer)
    }
}

/// Lends out what was read ahead.
///
/// # Cancel safety
/// As for [`AsyncRead`].
impl AsyncBufRead for File {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let stream = Pin::into_inner(self).stream();
        ready!(stream.poll_written(cx))?;
        Pin::new(stream).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        Pin::new(self.stream()).consume(count);
    }
}

/// Accepts up to 256 KiB at a time as soon as there is room among the 1 MiB that may wait to be
/// written, at the place up to which was read. An error comes back from whatever is asked next.
///
/// # Cancel safety
/// Safe: a write that is given up has accepted nothing. A flush or close that is given up goes on,
/// and may be asked for again.
impl AsyncWrite for File {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_in_place(cx))?;
        Pin::new(self.stream()).poll_write(cx, bytes)
    }

    /// Ready when all that was accepted has been handed to the system. To have it on the disk, use
    /// [`sync_all`](File::sync_all).
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream()).poll_flush(cx)
    }

    /// Flushes, closes the file on the pool, and is ready when that is done. What is asked of the
    /// file afterwards fails, but for flushing and closing.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream()).poll_close(cx)
    }
}

/// Goes to another place, counted from where this file is, whatever was read ahead. It waits for
/// what was accepted to be written, and reports an error of that in place of seeking.
///
/// # Cancel safety
/// A seek that is given up may happen or not; what is asked next happens after it.
impl AsyncSeek for File {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        Pin::new(self.stream()).poll_seek(cx, to)
    }
}
