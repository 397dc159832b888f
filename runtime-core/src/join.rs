//! The reading end of a task or a job.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::completion::Completion;
pub use crate::join_error::JoinError;
use crate::metadata::{Id, Metadata};

/// Awaits the result of a task or of a blocking job.
///
/// Dropping it *detaches*: the task or job goes on, and its result is dropped when it comes, as
/// with [`std::thread::JoinHandle`]. Use [`abort`](JoinHandle::abort) to cancel, or
/// [`abort_on_drop`](JoinHandle::abort_on_drop) to say so in the type.
///
/// It may be sent to, and awaited on, another thread or another executor if the result may.
///
/// # Errors
/// Awaiting yields [`JoinError`] if the task or job was cancelled, panicked, or was refused.
///
/// # Cancel safety
/// Safe: no result is lost when the await is given up; await the handle again.
///
/// # Panics
/// Polling it again after it has yielded its result panics.
#[must_use = "dropping a handle detaches; await it, or call `abort` or `detach`"]
pub struct JoinHandle<T> {
    /// The other end is the producer's.
    cell: Arc<Completion<T>>,
    /// The result was handed out: there is nothing left to take or to close.
    taken: bool,
}

impl<T> JoinHandle<T> {
    /// The reading end of `cell`; there is to be one.
    #[inline]
    pub fn new(cell: Arc<Completion<T>>) -> JoinHandle<T> {
        JoinHandle { cell, taken: false }
    }

    /// A handle that yields `error` at once: for what was never accepted.
    pub fn failed(error: JoinError) -> JoinHandle<T> {
        let cell = Completion::new(error.metadata().clone(), None);
        let _no_producer = cell.complete(Err(error));
        JoinHandle::new(Arc::new(cell))
    }

    /// Asks for cancelling.
    ///
    /// A task is dropped on its own thread before its next poll, and the handle then yields
    /// [`JoinError`] with [`is_cancelled`](JoinError::is_cancelled); a task that finishes first
    /// yields its result. A job that has not begun is removed from its queue at once; one that
    /// runs cannot be stopped from outside, and its result comes when it comes. Does nothing if
    /// the result is there.
    pub fn abort(&self) {
        self.cell.cancel();
    }

    /// Whether the task or job has ended, so that awaiting returns at once.
    pub fn is_finished(&self) -> bool {
        self.cell.is_finished()
    }

    /// The number of the task or job.
    pub fn id(&self) -> Id {
        self.cell.metadata().id()
    }

    /// Its number, name and the place that started it.
    pub fn metadata(&self) -> &Metadata {
        self.cell.metadata()
    }

    /// Lets the task or job go on by itself. The same as dropping the handle, said aloud.
    pub fn detach(self) {}

    /// A handle that cancels when it is dropped.
    pub fn abort_on_drop(self) -> AbortOnDrop<T> {
        AbortOnDrop(self)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.taken, "a JoinHandle was polled after it had handed out its result");
        let result = match self.take_alone() {
            Some(result) => result,
            None => ready!(self.cell.poll(cx)),
        };
        self.taken = true;
        Poll::Ready(result)
    }
}

impl<T> JoinHandle<T> {
    /// A job has left its cell by the time its result is read, and so may a task have. Then nobody
    /// else can reach the cell, and no lock is needed.
    fn take_alone(&mut self) -> Option<Result<T, JoinError>> {
        if !self.cell.is_finished() || Arc::strong_count(&self.cell) > 1 {
            return None;
        }
        Arc::get_mut(&mut self.cell)?.take_alone()
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if !self.taken {
            self.cell.close();
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("metadata", self.metadata())
            .field("finished", &self.is_finished())
            .finish()
    }
}

/// A [`JoinHandle`] that [aborts](JoinHandle::abort) when it is dropped.
///
/// # Cancel safety
/// Dropping it *is* the cancelling; otherwise as [`JoinHandle`].
#[must_use = "dropping it cancels the task or job"]
#[derive(Debug)]
pub struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> std::ops::Deref for AbortOnDrop<T> {
    type Target = JoinHandle<T>;

    fn deref(&self) -> &JoinHandle<T> {
        &self.0
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
