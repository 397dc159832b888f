//! Recycling of finished tasks: a later task takes over the box, the cell, the wakers and the slot.
//!
//! A finished task is a box without a future, which stays in its slot. The next task tries to take
//! over the finished task with the lowest index first:
//!
//! - A future of the same type is moved into the box. The completion cell is used again if its
//!   reader is gone, and then a spawn allocates nothing. A late reader keeps the cell. If the cell
//!   is [separate](crate::task::separate_cell), the task gets a new one; if it lies in the
//!   [waker](crate::task::waker_cell), the task begins anew.
//! - A future of another type gets a new box and a new cell. A separate cell goes with the slot and
//!   the wakers of the finished task. A cell in the waker needs a new waker, and so a new key.
//! - If any other waker of a task is left, the task is not recycled, because that waker must not
//!   wake another task. The slot of the task is vacated, which makes its key stale. The same holds
//!   for a task whose key is still in the ready queue.
//!
//! Finished tasks occupy little memory. A future of more than 256 bytes lies in a box of its own,
//! which is freed when the future ends. A task whose output has more than 256 bytes is not
//! recycled.

use std::any::Any;
use std::pin::Pin;

use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::task::future_task::{FutureTask, Task};
use crate::task::inspect::InspectTask;
use crate::task::own_wakers::OwnWakers;
use crate::task::task_cell::TaskCell;
use crate::task::waker::ReadyQueue;

/// The maximum number of bytes that a finished task keeps for the next future, and the maximum for
/// the next output.
pub(super) const RECYCLED_BYTES_MAX: usize = 256;

/// A task of any type.
pub(crate) type BoxedTask = Pin<Box<dyn RecyclableTask>>;

/// A task whose box and other parts can be reused after its future has ended.
pub(crate) trait RecyclableTask: Task + InspectTask {
    /// Moves the future of a [`Candidate`] into the box of this finished task, if the future has
    /// the type for which the box was made, and queues the new task. Runs no foreign code.
    fn refill(self: Pin<&mut Self>, ready: &ReadyQueue, candidate: &mut dyn Any);

    /// Returns whether no waker is left but the task's own, and the output is small enough.
    fn is_recyclable(&self) -> bool;

    /// Takes the wakers out of a finished task, if a task of any type can use them.
    fn take_wakers(self: Pin<&mut Self>) -> Option<OwnWakers>;
}

/// A future on its way into the box of a finished task, with the other parts of the new task.
///
/// The fields are separate, so that they are written one by one. As one value, they would be
/// written to memory in pieces of one size and read back in pieces of another size, for which the
/// processor would have to wait.
pub(super) struct Candidate<F: Future> {
    /// This field and `metadata` are `Some` until a box accepts the candidate.
    pub(super) future: Option<F>,
    pub(super) metadata: Option<Metadata>,
    /// The new task's handle, once a box has accepted it.
    pub(super) accepted: Option<JoinHandle<F::Output>>,
}

impl<F: Future + 'static, C: TaskCell<F::Output>> RecyclableTask for FutureTask<F, C> {
    fn refill(self: Pin<&mut Self>, ready: &ReadyQueue, candidate: &mut dyn Any) {
        let Some(candidate) = candidate.downcast_mut::<Candidate<F>>() else { return };
        let mut this = self.project();
        candidate.accepted = this.cell.renew(&mut candidate.metadata);
        if candidate.accepted.is_some() {
            this.future.set(candidate.future.take());
            ready.push(this.cell.task());
        }
    }

    /// A task that was woken during its last poll is not recycled. Its key is still in the ready
    /// queue, where the loop skips it and leaves the flag `ready` set: a later task with that flag
    /// would never be queued.
    #[inline]
    fn is_recyclable(&self) -> bool {
        size_of::<F::Output>() <= RECYCLED_BYTES_MAX && self.cell.is_recyclable()
    }

    fn take_wakers(self: Pin<&mut Self>) -> Option<OwnWakers> {
        self.project().cell.take_wakers()
    }
}
