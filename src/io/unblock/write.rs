//! Writing: what was accepted is written in its order, and what failed is said once.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;
use runtime_core::catch_panic::drop_catching;

use super::adapter::{Closing, Flush, Places, Reply, Unblock};
use super::client::Failure;
use super::command_queue::{Heard, Order, Then, Urgency};

/// The most bytes that one write accepts.
const WRITE_MAX: usize = 256 * 1024;

/// How much may be accepted and not yet written.
const BYTES_MAX: usize = 1024 * 1024;
const ORDERS_MAX: usize = 64;

/// How many buffers are kept to be used again.
const SPARES_MAX: usize = 4;

fn write<T: Write>(buffer: Vec<u8>) -> Order<T, Reply> {
    Box::new(move |sink| {
        let result = sink.write_all(&buffer);
        let then = then(&result);
        (Reply::Written(buffer, result), then)
    })
}

fn flush<T: Write>() -> Order<T, Reply> {
    Box::new(|sink| {
        let result = sink.flush();
        let then = then(&result);
        (Reply::Flushed(result), then)
    })
}

/// What was accepted behind a write that failed is not written: it would leave a hole.
fn then(result: &io::Result<()>) -> Then {
    if result.is_ok() { Then::GoOn } else { Then::DropAll }
}

impl<T: Send + 'static> Unblock<T> {
    pub(super) fn note_written(&mut self, buffer: Vec<u8>, result: io::Result<()>) {
        let writing = &mut self.writing;
        match result {
            Ok(()) => {
                writing.orders -= 1;
                writing.bytes -= buffer.len();
                if writing.spares.len() < SPARES_MAX {
                    writing.spares.push(buffer);
                }
            }
            Err(error) => self.note_failed(error),
        }
    }

    pub(super) fn note_flushed(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => {
                self.writing.flush = match self.writing.flush {
                    Flush::Asked | Flush::Answered => Flush::Answered,
                    Flush::Overtaken | Flush::None => Flush::None,
                };
            }
            Err(error) => self.note_failed(error),
        }
    }

    /// All that was ordered behind it was dropped.
    fn note_failed(&mut self, error: io::Error) {
        self.writing.error = Some(error);
        self.writing.orders = 0;
        self.writing.bytes = 0;
        self.writing.flush = Flush::None;
        self.reading.orders = 0;
        self.pulling.orders = 0;
    }

    /// Makes sure that nothing has been read ahead, since what is written goes where the object is.
    fn poll_turned(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_past_seek(cx))?;
        if self.reading.is_idle() && self.pulling.orders == 0 {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_settled(cx))?;
        if self.writing.places == Places::Apart {
            return Poll::Ready(Ok(()));
        }
        if self.reading.unread() > 0 {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there are bytes that were read ahead and not read: seek before writing",
            )));
        }
        self.reading.discard();
        Poll::Ready(Ok(()))
    }

    /// Takes note of what is there, and has the task woken when there is more.
    fn poll_news(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Failure> {
        loop {
            match self.poll_hear(cx)? {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(Heard::Replies) => {}
                Poll::Ready(Heard::Idle | Heard::Stranded | Heard::Lost) => {
                    return Ok(Poll::Ready(()));
                }
            }
        }
    }

    /// Room for so many bytes more; for any number if nothing else is waiting to be written.
    fn has_room(&self, count: usize) -> bool {
        let writing = &self.writing;
        writing.orders == 0 || (writing.orders < ORDERS_MAX && writing.bytes + count <= BYTES_MAX)
    }
}

/// A write accepts bytes as soon as there is room for them. An error comes back from the next
/// write, flush or close, once; what was accepted behind the write that failed is dropped with it.
///
/// # Cancel safety
/// Safe: a write that is given up has accepted nothing. A flush or close that is given up goes on,
/// and may be asked for again.
impl<T: Write + Send + 'static> AsyncWrite for Unblock<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_turned(cx))?;
        let bytes = &bytes[..bytes.len().min(WRITE_MAX)];
        loop {
            let news = self.poll_news(cx)?;
            if let Some(error) = self.writing.error.take() {
                return Poll::Ready(Err(error));
            }
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            if !self.has_room(bytes.len()) {
                ready!(news);
                continue;
            }
            let mut buffer = self.writing.spares.pop().unwrap_or_default();
            buffer.clear();
            buffer.extend_from_slice(bytes);
            if self.line.order(Urgency::Due, write(buffer)).is_err() {
                continue;
            }
            self.writing.orders += 1;
            self.writing.bytes += bytes.len();
            self.writing.flush = match self.writing.flush {
                Flush::Asked | Flush::Overtaken => Flush::Overtaken,
                Flush::None | Flush::Answered => Flush::None,
            };
            return Poll::Ready(Ok(bytes.len()));
        }
    }

    /// Ready when the object's own flush has returned, and all that was accepted is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.writing.closing, Closing::Closed) {
            return Poll::Ready(Ok(()));
        }
        loop {
            if let Some(error) = self.writing.error.take() {
                return Poll::Ready(Err(error));
            }
            match self.writing.flush {
                Flush::None => {
                    ready!(self.poll_past_seek(cx))?;
                    if self.reading.orders + self.pulling.orders > 0 {
                        ready!(self.poll_settled(cx))?;
                    }
                    if self.line.order(Urgency::Due, flush()).is_ok() {
                        self.writing.flush = Flush::Asked;
                    }
                    ready!(self.poll_hear(cx))?;
                }
                Flush::Asked | Flush::Overtaken => {
                    ready!(self.poll_hear(cx))?;
                }
                Flush::Answered => {
                    self.writing.flush = Flush::None;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    /// Flushes, then drops the object on the pool, and is ready when that is done. What is asked of
    /// the stream afterwards fails, but for flushing and closing.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match &mut self.writing.closing {
                Closing::Open => {
                    ready!(self.as_mut().poll_flush(cx))?;
                    ready!(self.poll_settled(cx))?;
                    self.writing.closing = match self.line.take_object() {
                        Some(object) => Closing::Dropping(self.line.drop_on_the_pool(object)),
                        None => Closing::Closed,
                    };
                    self.reading.discard();
                }
                Closing::Dropping(job) => {
                    let dropped = ready!(Pin::new(job).poll(cx));
                    let former = std::mem::replace(&mut self.writing.closing, Closing::Closed);
                    drop_catching(former);
                    return Poll::Ready(dropped.map_err(io::Error::other));
                }
                Closing::Closed => return Poll::Ready(Ok(())),
            }
        }
    }
}
