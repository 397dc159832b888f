//! The I/O traits of a file.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

use super::file::File;

/// A read waits until all accepted bytes are written, and then reads the file.
///
/// # Cancel safety
/// Safe: a dropped read loses no byte; the next read returns its bytes.
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

/// Lends out the bytes that were read ahead.
///
/// # Cancel safety
/// The same as for [`AsyncRead`].
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

/// Writes at the position that reading has reached. One write accepts up to 256 KiB, as soon as
/// there is room in the 1 MiB of pending writes. Once a write has failed, every later operation of
/// this file returns its error.
///
/// # Cancel safety
/// Safe: a write that is dropped has accepted nothing. A flush or close that is dropped continues,
/// and may be started again.
impl AsyncWrite for File {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_in_place(cx))?;
        Pin::new(self.stream()).poll_write(cx, bytes)
    }

    /// Ready when the system has all accepted bytes. Use [`sync_all`](File::sync_all) to wait until
    /// they are on the disk.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream()).poll_flush(cx)
    }

    /// Flushes, closes the file on the pool, and is ready when it is closed. Afterwards only
    /// flushing and closing succeed. If the flush fails, the file is closed when it is dropped.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let File { file, stream } = &mut *self;
        // The job that drops the stream's file closes it, if it has the last reference.
        stream.get_mut().poll_close_calling(cx, || *file = None)
    }
}

/// Seeks relative to the position of this file, whatever was read ahead. The seek first waits until
/// all accepted bytes are written. If a write has failed, every seek returns that write's error and
/// does not move the position.
///
/// # Cancel safety
/// A dropped seek may or may not take effect, but it never takes effect after a later operation.
impl AsyncSeek for File {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        Pin::new(self.stream()).poll_seek(cx, to)
    }
}
