//! The reading end of a task or a job.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::budget;
use crate::completion::Completion;
pub use crate::join_error::JoinError;
use crate::metadata::{Id, Metadata};

/// Awaits the result of a task or of a blocking job.
///
/// Dropping the handle *detaches*: the task or job continues, and its result is dropped when it
/// arrives, as with [`std::thread::JoinHandle`]. Use [`abort`](JoinHandle::abort) to cancel, or
/// [`abort_on_drop`](JoinHandle::abort_on_drop) to cancel when the handle is dropped.
///
/// If the result is `Send`, the handle can be sent to, and awaited on, another thread or executor.
///
/// # Errors
/// Awaiting yields [`JoinError`] if the task or job was cancelled, panicked, or was refused.
///
/// # Cancel safety
/// Safe: giving up the await loses no result. The handle can be awaited again.
///
/// # Panics
/// Polling the handle again after it has yielded its result panics.
#[must_use = "dropping a handle detaches; await it, or call `abort` or `detach`"]
pub struct JoinHandle<T> {
    pub(crate) awaited: Awaited<T>,
    /// The result was yielded: nothing is left to take or to close.
    taken: bool,
}

/// The producer that a handle awaits.
pub(crate) enum Awaited<T> {
    /// A task holds the other end of the cell.
    Task(Arc<Completion<T>>),
    /// It contains its cell. The handle is `Send` for every `T`; that of a `Task` only if `T` is.
    Job(Arc<dyn JobCell<T> + Send + Sync>),
}

/// A blocking job, or a task that is its own waker, as its [`JoinHandle`] uses it.
///
/// A job's cell also contains the closure, whose type the handle does not name.
pub trait JobCell<T> {
    /// Returns the job's number, name and location.
    fn metadata(&self) -> &Metadata;

    /// Returns whether the cell [is finished](Completion::is_finished).
    fn is_finished(&self) -> bool;

    /// [Polls](Completion::poll) the cell.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>;

    /// [Takes](Completion::take) the result of a finished cell.
    fn take(&self) -> Result<T, JoinError>;

    /// [Takes](Completion::take_alone) the result without the lock, when the handle holds the only
    /// reference to the job.
    fn take_alone(&mut self) -> Option<Result<T, JoinError>>;

    /// [Closes](Completion::close) the cell.
    fn close(&self);

    /// Removes the job from its queue or, if it runs already, requests that it stop.
    fn cancel(self: Arc<Self>);
}

impl<T> JoinHandle<T> {
    #[doc(hidden)] // The only reading end of a task's cell.
    #[inline]
    pub fn new(cell: Arc<Completion<T>>) -> JoinHandle<T> {
        JoinHandle { awaited: Awaited::Task(cell), taken: false }
    }

    #[doc(hidden)] // The only reading end of a job's cell.
    #[inline]
    pub fn of_job(job: Arc<dyn JobCell<T> + Send + Sync>) -> JoinHandle<T> {
        JoinHandle { awaited: Awaited::Job(job), taken: false }
    }

    /// A handle of a task or job that was not accepted: it yields `error` at once.
    pub fn failed(error: JoinError) -> JoinHandle<T> {
        let cell = Completion::new(error.metadata().clone(), None);
        let _no_producer = cell.complete(Err(error));
        JoinHandle::new(Arc::new(cell))
    }

    /// Requests cancellation. Does nothing if there is a result.
    ///
    /// A task is dropped on its own thread before its next poll, and the handle then yields a
    /// [`JoinError`] with [`is_cancelled`](JoinError::is_cancelled). A task that finishes first
    /// yields its result. A job that has not begun is removed from its queue at once. A running job
    /// cannot be stopped from outside, and its result arrives when it ends.
    pub fn abort(&self) {
        match &self.awaited {
            Awaited::Task(cell) => cell.cancel(),
            Awaited::Job(job) => Arc::clone(job).cancel(),
        }
    }

    /// Returns whether the task or job has ended, so that awaiting it returns at once.
    pub fn is_finished(&self) -> bool {
        match &self.awaited {
            Awaited::Task(cell) => cell.is_finished(),
            Awaited::Job(job) => job.is_finished(),
        }
    }

    /// Returns the number of the task or job.
    pub fn id(&self) -> Id {
        self.metadata().id()
    }

    /// Returns the number, the name and the location of the task or job.
    pub fn metadata(&self) -> &Metadata {
        match &self.awaited {
            Awaited::Task(cell) => cell.metadata(),
            Awaited::Job(job) => job.metadata(),
        }
    }

    /// Lets the task or job continue without the handle, just as dropping the handle does.
    pub fn detach(self) {}

    /// Polls a job, or a task that has ended: without a lock if no other thread reaches the cell.
    #[inline(never)]
    fn poll_alone(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        match &self.awaited {
            Awaited::Job(job) if !job.is_finished() => return job.poll(cx),
            Awaited::Task(_) | Awaited::Job(_) => ready!(budget::poll_spend(cx)),
        }
        let alone = match &mut self.awaited {
            Awaited::Task(cell) => Arc::get_mut(cell).and_then(Completion::take_alone),
            // `get_mut` locks the count. Reading the count is cheaper if other references exist.
            Awaited::Job(job) if Arc::strong_count(job) > 1 => None,
            Awaited::Job(job) => Arc::get_mut(job).and_then(|job| job.take_alone()),
        };
        Poll::Ready(alone.unwrap_or_else(|| match &self.awaited {
            Awaited::Task(cell) => cell.take(),
            Awaited::Job(job) => job.take(),
        }))
    }
}

/// Step 5 of a blocking call, and of a task: the awaiting task reads the result.
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.taken, "a JoinHandle was polled after it had yielded its result");
        let result = match &self.awaited {
            Awaited::Task(cell) if !cell.is_finished() => ready!(cell.poll_unfinished(cx)),
            Awaited::Task(cell) if Arc::strong_count(cell) > 1 => {
                ready!(budget::poll_spend(cx).map(|()| cell.take()))
            }
            Awaited::Task(_) | Awaited::Job(_) => ready!(self.poll_alone(cx)),
        };
        self.taken = true;
        Poll::Ready(result)
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        match &self.awaited {
            _ if self.taken => {}
            Awaited::Task(cell) => cell.close(),
            Awaited::Job(job) => job.close(),
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
