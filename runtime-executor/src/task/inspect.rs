//! A task as a list of tasks reads it: its wakers and the task that awaits it.

use std::sync::Arc;

use runtime_core::awaiter::AwaiterCell;
use runtime_core::sync::atomic::Ordering;

use crate::task::future_task::FutureTask;
use crate::task::task_cell::TaskCell;
use crate::task::waker::TaskWaker;

/// The parts of an unfinished task that a list of tasks reads.
pub(crate) trait InspectTask {
    /// Returns whether the task was woken and not polled since.
    fn is_woken(&self) -> bool;

    /// The address that all wakers of the task share.
    fn waker_data(&self) -> *const ();

    /// The completion cell.
    fn cell(&self) -> &dyn AwaiterCell;
}

impl<F: Future, C: TaskCell<F::Output>> InspectTask for FutureTask<F, C> {
    fn is_woken(&self) -> bool {
        self.cell.task().is_woken()
    }

    fn waker_data(&self) -> *const () {
        self.cell.polling().data()
    }

    fn cell(&self) -> &dyn AwaiterCell {
        self.cell.awaiter()
    }
}

impl<C: ?Sized> TaskWaker<C> {
    /// Returns whether the task is in a queue: in the ready queue or a batch, or in the inbox. For
    /// the loop's thread.
    pub(crate) fn is_woken(&self) -> bool {
        // ORDERING: Relaxed. The value is shown to the user, and orders nothing.
        self.is_ready() || self.posted.load(Ordering::Relaxed)
    }

    /// The address that all wakers of the task share.
    pub(crate) fn data(self: &Arc<Self>) -> *const () {
        Arc::as_ptr(self).cast()
    }
}
