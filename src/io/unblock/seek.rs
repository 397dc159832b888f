//! Seeking: from where the stream is, which is not where the object is if there was read ahead.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncSeek;

use super::adapter::{Reply, Seek, Unblock};
use super::client::Failure;
use super::command_queue::{Order, Then, Urgency};

fn seek<T: io::Seek>(to: SeekFrom) -> Order<T, Reply> {
    Box::new(move |object| (Reply::Sought(object.seek(to)), Then::GoOn))
}

impl<T: Send + 'static> Unblock<T> {
    /// What was read ahead is of the place that was left, unless the seek failed.
    pub(super) fn note_sought(&mut self, result: io::Result<u64>) {
        if result.is_ok() {
            self.reading.discard();
        }
        if let Seek::Asked(to) = self.seek {
            self.seek = Seek::Answered(to, result);
        }
    }

    /// Waits for a seek that was given up: nothing else may come between it and what follows.
    pub(super) fn poll_past_seek(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        while matches!(self.seek, Seek::Asked(_)) {
            ready!(self.poll_hear(cx))?;
        }
        self.seek = Seek::None;
        Poll::Ready(Ok(()))
    }
}

/// `from` as it is for the object, which is `unread` bytes further on than the stream.
fn corrected(from: SeekFrom, unread: usize) -> Option<SeekFrom> {
    match from {
        SeekFrom::Current(offset) => {
            let unread = i64::try_from(unread).ok()?;
            Some(SeekFrom::Current(offset.checked_sub(unread)?))
        }
        SeekFrom::Start(_) | SeekFrom::End(_) => Some(from),
    }
}

/// Lands where it would without reading ahead, and forgets what was read ahead. It waits for what
/// was accepted to be written, and reports an error of that in place of seeking.
///
/// # Cancel safety
/// A seek that is given up may happen or not; what is asked next happens after it.
impl<T: io::Seek + Send + 'static> AsyncSeek for Unblock<T> {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        loop {
            match std::mem::take(&mut self.seek) {
                Seek::Answered(asked, result) if asked == to => return Poll::Ready(result),
                Seek::Answered(..) => {}
                Seek::Asked(asked) => {
                    self.seek = Seek::Asked(asked);
                    ready!(self.poll_hear(cx))?;
                }
                Seek::None => {
                    ready!(self.poll_settled(cx))?;
                    if let Some(error) = self.writing.error.take() {
                        return Poll::Ready(Err(error));
                    }
                    let Some(here) = corrected(to, self.reading.unread()) else {
                        let error = io::ErrorKind::InvalidInput;
                        return Poll::Ready(Err(io::Error::new(error, "no such place")));
                    };
                    if self.line.order(Urgency::Due, seek(here)).is_ok() {
                        self.seek = Seek::Asked(to);
                    }
                }
            }
        }
    }
}
