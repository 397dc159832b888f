//! Reading: chunks that were filled ahead, in their order.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead};

use super::adapter::{Reply, Unblock};
use super::command_queue::{Order, Then, Urgency};

/// The first chunk, and the largest.
const CHUNK_MIN: usize = 8 * 1024;
const CHUNK_MAX: usize = 512 * 1024;

/// How many chunks there are at most: ordered, or filled and not used up.
const CHUNKS_MAX: usize = 3;

/// What was ordered and what has come. The chunks are handed over whole, and used again.
pub(super) struct Reading {
    /// Reads that were ordered, and not answered.
    pub(super) orders: usize,
    arrived: VecDeque<Arrived>,
    pub(super) chunk_size: usize,
    /// Whether the last chunk came back full, so that there is probably more at once.
    flows: bool,
    spares: Vec<Vec<u8>>,
}

/// What a read came to.
enum Arrived {
    /// Of this chunk, from there to there is unread.
    Bytes(Vec<u8>, usize, usize),
    End,
    Error(io::Error),
}

impl Default for Reading {
    fn default() -> Reading {
        Reading {
            orders: 0,
            arrived: VecDeque::new(),
            chunk_size: CHUNK_MIN,
            flows: false,
            spares: Vec::new(),
        }
    }
}

impl Reading {
    pub(super) fn note(&mut self, buffer: Vec<u8>, result: io::Result<usize>) {
        self.flows = matches!(result, Ok(filled) if filled == buffer.len());
        if self.flows {
            self.orders -= 1;
            self.chunk_size = (2 * buffer.len()).min(CHUNK_MAX);
        } else {
            // What was ordered behind it was dropped.
            self.orders = 0;
        }
        self.arrived.push_back(match result {
            Ok(0) => Arrived::End,
            Ok(filled) => {
                let filled = filled.min(buffer.len());
                Arrived::Bytes(buffer, 0, filled)
            }
            Err(error) => Arrived::Error(error),
        });
    }

    /// How many bytes have come and are unread.
    pub(super) fn unread(&self) -> usize {
        let unread = self.arrived.iter().map(|arrived| match arrived {
            Arrived::Bytes(_, from, to) => to - from,
            Arrived::End | Arrived::Error(_) => 0,
        });
        unread.sum()
    }

    /// Whether nothing was ordered, and nothing has come.
    pub(super) fn is_idle(&self) -> bool {
        self.orders == 0 && self.arrived.is_empty()
    }

    /// Forgets what has come.
    pub(super) fn discard(&mut self) {
        self.arrived.clear();
        self.flows = false;
    }

    fn front(&self) -> &[u8] {
        match self.arrived.front() {
            Some(Arrived::Bytes(chunk, from, to)) => &chunk[*from..*to],
            Some(Arrived::End | Arrived::Error(_)) | None => &[],
        }
    }

    fn take_spare(&mut self) -> Vec<u8> {
        let mut chunk = self.spares.pop().unwrap_or_default();
        chunk.resize(self.chunk_size, 0);
        chunk
    }

    /// Uses bytes up; says whether that was the last of a chunk.
    fn consume(&mut self, count: usize) -> bool {
        let Some(Arrived::Bytes(_, from, to)) = self.arrived.front_mut() else {
            assert!(count == 0, "more was consumed than there was");
            return false;
        };
        assert!(count <= *to - *from, "more was consumed than there was");
        *from += count;
        if *from < *to {
            return false;
        }
        if let Some(Arrived::Bytes(chunk, ..)) = self.arrived.pop_front() {
            self.spares.push(chunk);
        }
        true
    }
}

fn read<T: Read>(mut chunk: Vec<u8>) -> Order<T, Reply> {
    Box::new(move |source| {
        let result = loop {
            match source.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let is_full = matches!(result, Ok(filled) if filled == chunk.len());
        let then = if is_full { Then::GoOn } else { Then::DropAhead };
        (Reply::Read(chunk, result), then)
    })
}

impl<T: Read + Send + 'static> Unblock<T> {
    fn order_read(&mut self) -> bool {
        let chunk = self.reading.take_spare();
        let ordered = self.line.order(Urgency::Ahead, read(chunk)).is_ok();
        self.reading.orders += usize::from(ordered);
        ordered
    }

    /// Has as much read ahead as there is room for, as long as there is always more.
    fn read_ahead(&mut self) {
        let reading = |stream: &Self| stream.reading.orders + stream.reading.arrived.len();
        while self.reading.flows && reading(self) < CHUNKS_MAX && self.order_read() {}
    }

    /// Waits until there are bytes in front, or an end, which leaves none.
    fn poll_front(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_past_seek(cx))?;
        loop {
            match self.reading.arrived.pop_front() {
                Some(bytes @ Arrived::Bytes(..)) => {
                    self.reading.arrived.push_front(bytes);
                    return Poll::Ready(Ok(()));
                }
                Some(Arrived::End) => return Poll::Ready(Ok(())),
                Some(Arrived::Error(error)) => return Poll::Ready(Err(error)),
                None => {}
            }
            if self.reading.orders == 0 {
                self.order_read();
            }
            ready!(self.poll_hear(cx))?;
            self.read_ahead();
        }
    }
}

/// # Cancel safety
/// Safe: a read that is given up loses no byte; the next one gets it.
impl<T: Read + Send + 'static> AsyncRead for Unblock<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        ready!(self.poll_front(cx))?;
        let bytes = self.reading.front();
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.as_mut().consume(count);
        Poll::Ready(Ok(count))
    }
}

/// Lends out the chunks themselves, so that nothing is copied.
///
/// # Cancel safety
/// As for [`AsyncRead`].
impl<T: Read + Send + 'static> AsyncBufRead for Unblock<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let stream = Pin::into_inner(self);
        ready!(stream.poll_front(cx))?;
        Poll::Ready(Ok(stream.reading.front()))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        if self.reading.consume(count) {
            self.read_ahead();
        }
    }
}
