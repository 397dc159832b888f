//! Seeking, relative to the stream's position. The object's position is ahead of the stream's by
//! the bytes that were read ahead.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncSeek;
use runtime_core::budget;

use super::adapter::{Reply, SeekState, Unblock};
use super::command_queue::{CommandKind, NextCommands, StreamCommand};

fn seek<T: io::Seek>(to: SeekFrom) -> StreamCommand<T, Reply> {
    Box::new(move |object| (Reply::Sought(object.seek(to)), NextCommands::Run))
}

/// Converts a seek of the stream to a seek of the object, whose position is `unread` bytes ahead.
fn to_object_seek(from: SeekFrom, unread: usize) -> Option<SeekFrom> {
    match from {
        SeekFrom::Current(offset) => {
            let unread = i64::try_from(unread).ok()?;
            Some(SeekFrom::Current(offset.checked_sub(unread)?))
        }
        SeekFrom::Start(_) | SeekFrom::End(_) => Some(from),
    }
}

/// Seeks to the position that would be reached without reading ahead, and drops the bytes that were
/// read ahead. The seek first waits until all accepted bytes are written. If a write has failed,
/// every seek returns that write's error and does not move the position.
///
/// # Cancel safety
/// A dropped seek may or may not take effect, but it never takes effect after a later operation.
impl<T: io::Seek + Send + 'static> AsyncSeek for Unblock<T> {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        budget::poll_operation(cx, |cx| {
            loop {
                match std::mem::take(&mut self.seek) {
                    SeekState::Done(pushed, result) if pushed == to => return Poll::Ready(result),
                    SeekState::Done(..) => {}
                    SeekState::Pushed(pushed) => {
                        self.seek = SeekState::Pushed(pushed);
                        ready!(self.poll_event(cx))?;
                    }
                    SeekState::None => {
                        ready!(self.poll_idle(cx))?;
                        self.writes.failure.report()?;
                        let Some(here) = to_object_seek(to, self.reads.unread()) else {
                            let kind = io::ErrorKind::InvalidInput;
                            return Poll::Ready(Err(io::Error::new(
                                kind,
                                "seek position overflows",
                            )));
                        };
                        if self.client.push(CommandKind::Required, seek(here)).is_ok() {
                            self.seek = SeekState::Pushed(to);
                        }
                    }
                }
            }
        })
    }
}
