//! A handle that can cancel a task or job, and cannot await it.

use std::fmt;
use std::sync::Arc;

use crate::completion::Completion;
use crate::join::{Awaited, JobCell, JoinHandle};
use crate::metadata::{Id, Metadata};

/// Cancels a task or job from any thread, without awaiting it. Made by
/// [`JoinHandle::abort_handle`].
///
/// Cheap to clone, `Send` and `Sync`, whatever the type of the result is. Dropping it does nothing,
/// and it does not keep the result.
#[derive(Clone)]
pub struct AbortHandle {
    target: Arc<dyn AbortTarget + Send + Sync>,
}

/// A task or job, as its [`AbortHandle`] uses it.
trait AbortTarget {
    fn abort(&self);
    fn is_finished(&self) -> bool;
    fn metadata(&self) -> &Metadata;
}

impl<T> AbortTarget for Completion<T> {
    fn abort(&self) {
        self.cancel();
    }

    fn is_finished(&self) -> bool {
        Completion::is_finished(self)
    }

    fn metadata(&self) -> &Metadata {
        Completion::metadata(self)
    }
}

impl<T> Completion<T, ()> {
    /// Requests cancellation of a producer that contains the cell. Returns whether the caller must
    /// wake the producer: not after the first request, or once there is a result.
    ///
    /// The lock orders this before or after `complete`. So a producer that finds no request after
    /// it has completed the cell is not woken by a later one.
    pub fn cancel_contained(&self) -> bool {
        let is_first = self.request_cancel();
        let _locked = self.state.lock();
        is_first && !self.is_finished()
    }
}

/// A producer that contains its cell, and that is cancelled in a way of its own.
struct AbortableJob<T>(Arc<dyn JobCell<T> + Send + Sync>);

impl<T> AbortTarget for AbortableJob<T> {
    fn abort(&self) {
        Arc::clone(&self.0).cancel();
    }

    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    fn metadata(&self) -> &Metadata {
        self.0.metadata()
    }
}

impl<T: Send + 'static> JoinHandle<T> {
    /// Returns a handle that can [abort](JoinHandle::abort) the task or job, for code that does not
    /// await it.
    ///
    /// The result must be `Send`, because the new handle is. A task whose result is not can be
    /// aborted through its `JoinHandle`.
    pub fn abort_handle(&self) -> AbortHandle {
        let target: Arc<dyn AbortTarget + Send + Sync> = match &self.awaited {
            Awaited::Task(cell) => Arc::clone(cell) as _,
            Awaited::Job(job) => Arc::new(AbortableJob(Arc::clone(job))),
        };
        AbortHandle { target }
    }
}

impl AbortHandle {
    /// Requests cancellation, as [`JoinHandle::abort`] does.
    pub fn abort(&self) {
        self.target.abort();
    }

    /// Returns whether the task or job has ended.
    pub fn is_finished(&self) -> bool {
        self.target.is_finished()
    }

    /// Returns the number of the task or job.
    pub fn id(&self) -> Id {
        self.metadata().id()
    }

    /// Returns the number, the name and the location of the task or job.
    pub fn metadata(&self) -> &Metadata {
        self.target.metadata()
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("metadata", self.metadata())
            .field("finished", &self.is_finished())
            .finish()
    }
}
