//! Writing: accepted bytes are written in order, and an error stays.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;
use runtime_core::budget;
use runtime_core::catch_panic::drop_catching;

use super::adapter::{Reply, Unblock};
use super::client::StreamFailure;
use super::command_queue::{CommandKind, NextCommands, QueueEvent, StreamCommand};
use super::pending_writes::{CloseState, FlushState, WritePosition};
use super::would_block::{CallDirection, call_blocking};

/// Writes all bytes, however often the object returns `WouldBlock`.
fn write_all<T: Write + 'static>(sink: &mut T, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        match call_blocking(sink, CallDirection::Write, |sink| sink.write(rest))? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => rest = &rest[count..],
        }
    }
    Ok(())
}

fn write<T: Write + 'static>(buffer: Vec<u8>) -> StreamCommand<T, Reply> {
    Box::new(move |sink| {
        let result = write_all(sink, &buffer);
        let next = next_commands(&result);
        (Reply::Written(result.map(|()| buffer.len())), next)
    })
}

fn flush<T: Write + 'static>() -> StreamCommand<T, Reply> {
    Box::new(|sink| {
        let result = call_blocking(sink, CallDirection::Write, T::flush);
        let next = next_commands(&result);
        (Reply::Flushed(result), next)
    })
}

/// Drops all commands behind a write or flush that failed: if later bytes were written, the output
/// would have a hole.
fn next_commands(result: &io::Result<()>) -> NextCommands {
    if result.is_ok() { NextCommands::Run } else { NextCommands::DropAll }
}

impl<T: Send + 'static> Unblock<T> {
    /// Makes sure that nothing was read ahead, because bytes are written at the object's position.
    fn poll_in_position(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.reads.end_loan();
        ready!(self.poll_seek_done(cx))?;
        if self.reads.is_empty() && self.items.pushed == 0 {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_idle(cx))?;
        if self.writes.position == WritePosition::Separate {
            return Poll::Ready(Ok(()));
        }
        if self.reads.unread() > 0 {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there are unread bytes that were read ahead: seek before writing",
            )));
        }
        self.reads.discard();
        Poll::Ready(Ok(()))
    }

    /// Processes all replies. Ready if no more replies will arrive; otherwise the task's waker is
    /// registered.
    fn poll_replies(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, StreamFailure> {
        loop {
            match self.poll_event(cx)? {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(QueueEvent::Replies) => {}
                Poll::Ready(QueueEvent::Idle | QueueEvent::JobDropped | QueueEvent::Lost) => {
                    return Ok(Poll::Ready(()));
                }
            }
        }
    }
}

impl<T: Write + Send + 'static> Unblock<T> {
    /// Pushes a flush if no flush covers the last accepted bytes. The object is a standard stream,
    /// which has a buffer and is never dropped.
    pub(crate) fn flush_before_drop(&mut self) {
        let is_covered = matches!(self.writes.flush, FlushState::Pushed);
        if self.writes.is_unflushed && !is_covered {
            // If the push is refused, a write has failed.
            let _ = self.client.push(CommandKind::Required, flush());
        }
    }

    /// Closes the stream as [`AsyncWrite::poll_close`] does, and calls `flushed` when everything
    /// was flushed, before the object is dropped on the pool.
    pub(crate) fn poll_close_calling(
        &mut self,
        cx: &mut Context<'_>,
        mut flushed: impl FnMut(),
    ) -> Poll<io::Result<()>> {
        budget::poll_operation(cx, |cx| {
            loop {
                match &mut self.writes.close {
                    CloseState::Open => {
                        ready!(Pin::new(&mut *self).poll_flush(cx))?;
                        ready!(self.poll_idle(cx))?;
                        flushed();
                        self.writes.close = match self.client.take_object() {
                            Some(object) => CloseState::Dropping(self.client.drop_on_pool(object)),
                            None => CloseState::Closed,
                        };
                        self.reads.discard();
                    }
                    CloseState::Dropping(job) => {
                        let dropped = ready!(Pin::new(job).poll(cx));
                        let former = std::mem::replace(&mut self.writes.close, CloseState::Closed);
                        drop_catching(former);
                        return Poll::Ready(dropped.map_err(io::Error::other));
                    }
                    CloseState::Closed => return Poll::Ready(Ok(())),
                }
            }
        })
    }
}

/// A write accepts bytes as soon as there is room for them. Once a write or a flush has failed,
/// every later write, flush, close and seek returns its error: the same kind, and the same code or
/// message. Bytes that were accepted after the failed write are dropped, and nothing is written
/// behind it.
///
/// # Cancel safety
/// Safe: a write that is dropped has accepted nothing. A flush or close that is dropped continues,
/// and may be started again.
impl<T: Write + Send + 'static> AsyncWrite for Unblock<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        budget::poll_operation(cx, |cx| {
            self.writes.failure.report()?;
            ready!(self.poll_in_position(cx))?;
            let bytes = &bytes[..bytes.len().min(self.write_max)];
            loop {
                let more_replies = self.poll_replies(cx)?;
                self.writes.failure.report()?;
                if bytes.is_empty() {
                    return Poll::Ready(Ok(0));
                }
                if !self.writes.has_room(bytes.len()) {
                    ready!(more_replies);
                    continue;
                }
                if self.client.push(CommandKind::Required, write(bytes.to_vec())).is_err() {
                    continue;
                }
                self.writes.on_pushed(bytes.len());
                self.client.ends_with_call = false;
                return Poll::Ready(Ok(bytes.len()));
            }
        })
    }

    /// Ready when all accepted bytes were written and the object's own flush has returned.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        budget::poll_operation(cx, |cx| {
            // A close begins behind a flush, and nothing is accepted after it.
            if !matches!(self.writes.close, CloseState::Open) {
                return Poll::Ready(Ok(()));
            }
            loop {
                self.writes.failure.report()?;
                match self.writes.flush {
                    FlushState::None => {
                        ready!(self.poll_seek_done(cx))?;
                        if self.reads.pushed + self.items.pushed > 0 {
                            ready!(self.poll_idle(cx))?;
                        }
                        if self.client.push(CommandKind::Required, flush()).is_ok() {
                            self.writes.flush = FlushState::Pushed;
                        }
                        ready!(self.poll_event(cx))?;
                    }
                    FlushState::Pushed | FlushState::Overtaken => {
                        ready!(self.poll_event(cx))?;
                    }
                    FlushState::Done => {
                        self.writes.flush = FlushState::None;
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        })
    }

    /// Flushes, then drops the object on the pool, and is ready when it was dropped. Afterwards
    /// only flushing and closing succeed. If the flush fails, the object is dropped with the
    /// stream.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_close_calling(cx, || ())
    }
}
