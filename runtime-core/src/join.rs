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
    /// The producer holds the other end.
    awaited: Awaited<T>,
    /// The result was handed out: there is nothing left to take or to close.
    taken: bool,
}

/// What a handle awaits.
enum Awaited<T> {
    Task(Arc<Completion<T>>),
    /// `Send` whatever `T` is, but the other variant makes the handle `Send` only if `T` is.
    Job(Arc<dyn JobCell<T> + Send + Sync>),
}

/// A blocking job as its [`JoinHandle`] uses it: one allocation with a completion cell inside.
pub trait JobCell<T> {
    /// The cell that receives the job's result.
    fn completion(&self) -> &Completion<T>;

    /// The cell, once the handle holds the only reference to the job.
    fn completion_mut(&mut self) -> &mut Completion<T>;

    /// [Polls](Completion::poll) the cell.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>;

    /// Removes the job from its queue, or requests it to stop if it runs.
    fn cancel(&self);
}

impl<T> JoinHandle<T> {
    /// The only reading end of `cell`, whose producer is a task.
    #[inline]
    pub fn new(cell: Arc<Completion<T>>) -> JoinHandle<T> {
        JoinHandle { awaited: Awaited::Task(cell), taken: false }
    }

    /// The only reading end of a job's cell.
    #[inline]
    pub fn of_job(job: Arc<dyn JobCell<T> + Send + Sync>) -> JoinHandle<T> {
        JoinHandle { awaited: Awaited::Job(job), taken: false }
    }

    #[inline]
    fn cell(&self) -> &Completion<T> {
        match &self.awaited {
            Awaited::Task(cell) => cell,
            Awaited::Job(job) => job.completion(),
        }
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
        match &self.awaited {
            Awaited::Task(cell) => cell.cancel(),
            Awaited::Job(job) => job.cancel(),
        }
    }

    /// Whether the task or job has ended, so that awaiting returns at once.
    pub fn is_finished(&self) -> bool {
        self.cell().is_finished()
    }

    /// The number of the task or job.
    pub fn id(&self) -> Id {
        self.cell().metadata().id()
    }

    /// Its number, name and the place that started it.
    pub fn metadata(&self) -> &Metadata {
        self.cell().metadata()
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
            None => ready!(self.awaited.poll(cx)),
        };
        self.taken = true;
        Poll::Ready(result)
    }
}

impl<T> JoinHandle<T> {
    /// Takes the result without the cell's lock, if nobody else can reach the cell any more.
    fn take_alone(&mut self) -> Option<Result<T, JoinError>> {
        if !self.cell().is_finished() {
            return None;
        }
        // `get_mut` locks the count; a look at it first is cheaper while there are others.
        match &mut self.awaited {
            Awaited::Task(cell) if Arc::strong_count(cell) == 1 => Arc::get_mut(cell)?.take_alone(),
            Awaited::Job(job) if Arc::strong_count(job) == 1 => {
                Arc::get_mut(job)?.completion_mut().take_alone()
            }
            Awaited::Task(_) | Awaited::Job(_) => None,
        }
    }
}

impl<T> Awaited<T> {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        match self {
            Awaited::Task(cell) => cell.poll(cx),
            Awaited::Job(job) => job.poll(cx),
        }
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if !self.taken {
            self.cell().close();
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
