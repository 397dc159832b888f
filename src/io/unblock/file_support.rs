//! The interface for [`fs::File`](crate::fs::File): pending writes, and the position.

use std::io;
use std::task::{Context, Poll, Waker, ready};

use super::adapter::Unblock;
use super::client::JobSubmitter;
use super::pending_writes::{FlushState, WritePosition};
use super::read_ahead::CHUNK_MAX;

impl<T: Send + 'static> Unblock<T> {
    /// Sets the size of the first chunk that is read.
    pub(crate) fn set_first_chunk(&mut self, bytes: usize) {
        self.reads.set_chunk_sizes(bytes, CHUNK_MAX);
    }

    /// Sets the maximum number of bytes that one job reads and that one write accepts. Chunks start
    /// at `first`, or at the maximum if that is less.
    pub(crate) fn set_buffer_max(&mut self, first: usize, bytes: usize) {
        self.reads.set_chunk_sizes(first, bytes);
        self.write_max = bytes;
    }

    /// The maximum number of bytes that one job reads.
    pub(crate) fn buffer_max(&self) -> usize {
        self.reads.chunk_max()
    }

    /// Takes the object at the position of the stream, if no job is needed for that and no error is
    /// left to report. The stream must not be used afterwards.
    pub(crate) fn take_at_rest(&mut self) -> Option<T> {
        // No task waits for the stream: it is borrowed exclusively.
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(())) = self.poll_idle(&mut cx) else { return None };
        if self.is_ahead() || self.writes.failure.is_unreported() {
            return None;
        }
        self.client.take_object()
    }

    pub(crate) fn submitter(&self) -> &JobSubmitter {
        self.client.submitter()
    }

    /// Returns the error of a write that has failed, any number of times.
    pub(crate) fn report_failure(&mut self) -> io::Result<()> {
        self.writes.failure.report()
    }

    /// Returns `true` if some accepted bytes may not be written yet.
    #[cfg(unix)]
    pub(crate) fn has_pending_writes(&self) -> bool {
        self.writes.pushed > 0
    }

    /// Returns `true` if the object's position is, or may be, ahead of the stream's.
    pub(crate) fn is_ahead(&self) -> bool {
        !self.reads.is_empty()
    }

    /// Returns `true` if bytes that were read ahead are still unread.
    pub(crate) fn has_unread(&self) -> bool {
        self.reads.unread() > 0
    }

    /// Records that the object has no position (a terminal, for example), so a write does not start
    /// where reading stopped.
    pub(crate) fn separate_positions(&mut self) {
        self.writes.position = WritePosition::Separate;
    }

    /// Waits until all accepted bytes are written. Returns the error of a write that failed.
    pub(crate) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.writes.pushed > 0
            || matches!(self.writes.flush, FlushState::Pushed | FlushState::Overtaken)
        {
            ready!(self.poll_event(cx))?;
        }
        Poll::Ready(self.report_failure())
    }
}
