//! Reading: from chunks that were filled ahead, in order.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead};
use runtime_core::budget;

use super::adapter::{Reply, Unblock};
use super::command_queue::{CommandKind, NextCommands, StreamCommand};
use super::would_block::{CallDirection, call_blocking};

fn read<T: Read + 'static>(mut chunk: Vec<u8>) -> StreamCommand<T, Reply> {
    Box::new(move |source| {
        let result = call_blocking(source, CallDirection::Read, |source| source.read(&mut chunk));
        let is_full = matches!(result, Ok(filled) if filled == chunk.len());
        let next = if is_full { NextCommands::Run } else { NextCommands::DropAhead };
        (Reply::Read(chunk, result), next)
    })
}

impl<T: Read + Send + 'static> Unblock<T> {
    /// Requests a chunk. Returns `false` if a reply that stops the stream must be taken first.
    fn push_read(&mut self) -> bool {
        let chunk = self.reads.take_buffer();
        let pushed = self.client.push(CommandKind::Ahead, read(chunk)).is_ok();
        self.reads.pushed += usize::from(pushed);
        pushed
    }

    /// Requests chunks as long as there is room, if chunks come back full.
    fn read_ahead(&mut self) {
        while self.reads.wants_more() && self.push_read() {}
    }

    /// Waits until there are bytes at the front. At the end of the input it returns without bytes.
    fn poll_front(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_seek_done(cx))?;
        loop {
            if let Some(arrived) = self.reads.next_arrived() {
                return Poll::Ready(arrived);
            }
            if self.reads.pushed == 0 {
                self.push_read();
            }
            ready!(self.poll_event(cx))?;
            self.read_ahead();
        }
    }
}

/// # Cancel safety
/// Safe: a dropped read loses no byte; the next read returns its bytes.
impl<T: Read + Send + 'static> AsyncRead for Unblock<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        budget::poll_operation(cx, |cx| {
            if buffer.is_empty() {
                return Poll::Ready(Ok(0));
            }
            self.reads.end_loan();
            ready!(self.poll_front(cx))?;
            let bytes = self.reads.front();
            let count = bytes.len().min(buffer.len());
            buffer[..count].copy_from_slice(&bytes[..count]);
            self.as_mut().consume(count);
            Poll::Ready(Ok(count))
        })
    }
}

/// Lends out the chunks themselves, so that nothing is copied. `poll_fill_buf` stays ready until
/// its bytes are consumed; the end of the input is reported at most twice before it is asked for
/// again.
///
/// # Cancel safety
/// The same as for [`AsyncRead`].
impl<T: Read + Send + 'static> AsyncBufRead for Unblock<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let stream = Pin::into_inner(self);
        // Some libraries poll again at once, and panic if the second poll is not ready.
        if !stream.reads.lend_again() {
            ready!(budget::poll_operation(cx, |cx| stream.poll_front(cx)))?;
            stream.reads.lend();
        }
        Poll::Ready(Ok(stream.reads.front()))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        if self.reads.consume(count) {
            self.read_ahead();
        }
    }
}
