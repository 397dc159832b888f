//! What a file asks of its stream besides the traits: what it owes, and where it is.

use std::io;
use std::task::{Context, Poll, ready};

use super::adapter::{Flush, Places, Unblock};
use super::client::Crew;

impl<T: Send + 'static> Unblock<T> {
    /// The first chunk that is read is of so many bytes.
    pub(crate) fn begin_with_chunks_of(&mut self, size: usize) {
        self.reading.chunk_size = size;
    }

    /// Whose jobs the stream has.
    pub(crate) fn crew(&self) -> &Crew {
        self.line.crew()
    }

    /// The error of a write that was not reported yet.
    pub(crate) fn take_error(&mut self) -> Option<io::Error> {
        self.writing.error.take()
    }

    /// Whether something was accepted that may not be written yet.
    pub(crate) fn owes_writes(&self) -> bool {
        self.writing.orders > 0
    }

    /// Whether the object is, or may be, further on than the stream.
    pub(crate) fn is_ahead(&self) -> bool {
        !self.reading.is_idle()
    }

    /// Whether there are bytes that were read ahead and not read.
    pub(crate) fn has_unread(&self) -> bool {
        self.reading.unread() > 0
    }

    /// The object has no place: what is written does not go where reading has got to.
    pub(crate) fn part(&mut self) {
        self.writing.places = Places::Apart;
    }

    /// Waits until what was accepted is written, and reports an error of that.
    pub(crate) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.writing.orders > 0
            || matches!(self.writing.flush, Flush::Asked | Flush::Overtaken)
        {
            ready!(self.poll_hear(cx))?;
        }
        Poll::Ready(self.take_error().map_or(Ok(()), Err))
    }
}
