//! Recycling of finished tasks: the next task takes over the box, the cell, the wakers and the
//! slot.
//!
//! A finished task is a box without a future. The box keeps its slot, and the next task tries to
//! take over the box first:
//!
//! - A future of the same type is moved into the box. The completion cell is used again if its
//!   reader is gone. A late reader keeps the cell, and the task gets a new one. With the reader
//!   gone, a spawn allocates nothing.
//! - A future of another type gets a new box, which takes over the wakers and the slot.
//! - If any other waker of a task is left, the task is not recycled, because that waker must not
//!   wake another task. The slot of the task is vacated, which makes its key stale.
//!
//! Finished tasks occupy little memory. A future of more than 256 bytes lies in a box of its own,
//! which is freed when the future ends. A task whose output has more than 256 bytes is not
//! recycled.

use std::any::Any;
use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;

use runtime_core::completion::Completion;
use runtime_core::metadata::Metadata;

use crate::task::future_task::{FutureTask, IS_ALIVE, Task};
use crate::task::own_wakers::OwnWakers;
use crate::task::waker::{ReadyQueue, TaskKey};

/// The maximum number of bytes that a finished task keeps for the next future, and the maximum for
/// the next output.
const RECYCLED_BYTES_MAX: usize = 256;

/// A task of any type.
pub(crate) type BoxedTask = Pin<Box<dyn RecyclableTask>>;

/// A task whose box and other parts can be reused after its future has ended.
pub(crate) trait RecyclableTask: Task {
    /// Moves the future of a [`Candidate`] into the box of this finished task, if the future has
    /// the type for which the box was made, and queues the new task. Runs no foreign code.
    fn refill(self: Pin<&mut Self>, ready: &ReadyQueue, candidate: &mut dyn Any);

    /// Returns whether the task's own wakers are the only ones left, and the output is small
    /// enough.
    fn is_recyclable(&self) -> bool;

    /// Takes the wakers out of a finished task.
    fn take_wakers(self: Pin<&mut Self>) -> OwnWakers;
}

/// A future on its way into the box of a finished task, with the other parts of the new task.
///
/// The fields are separate, so that they are written one by one. As one value, they would be
/// written to memory in pieces of one size and read back in pieces of another size, for which the
/// processor would have to wait.
struct Candidate<F: Future> {
    /// This field and `metadata` are `Some` until a box accepts the candidate.
    future: Option<F>,
    metadata: Option<Metadata>,
    /// The new task's key and cell, once a box has accepted it.
    accepted: Option<(TaskKey, Arc<Completion<F::Output>>)>,
}

/// The finished tasks of a loop, each with a reserved slot in the slab. The task that finished last
/// is used first, while it is in the processor's cache.
#[derive(Default)]
pub(crate) struct Recycler(RefCell<Vec<BoxedTask>>);

impl Recycler {
    /// The number of finished tasks.
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Begins a task in the box of the task that finished last, or in a new box. Queues the task,
    /// and returns its completion cell. `new_wakers` reserves a slot, and `insert` fills it.
    #[inline]
    pub(crate) fn begin<F>(
        &self,
        ready: &ReadyQueue,
        new_wakers: impl FnOnce() -> OwnWakers,
        insert: impl FnOnce(TaskKey, BoxedTask),
        metadata: Metadata,
        future: F,
    ) -> Arc<Completion<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if const { size_of::<F>() > RECYCLED_BYTES_MAX } {
            self.begin_small(ready, new_wakers, insert, metadata, Box::pin(future))
        } else {
            self.begin_small(ready, new_wakers, insert, metadata, future)
        }
    }

    #[inline]
    fn begin_small<F>(
        &self,
        ready: &ReadyQueue,
        new_wakers: impl FnOnce() -> OwnWakers,
        insert: impl FnOnce(TaskKey, BoxedTask),
        metadata: Metadata,
        future: F,
    ) -> Arc<Completion<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let finished = self.0.borrow_mut().pop();
        let Some(mut task) = finished else {
            return begin_new(ready, new_wakers(), insert, metadata, Some(future));
        };
        let mut candidate =
            Candidate { future: Some(future), metadata: Some(metadata), accepted: None };
        task.as_mut().refill(ready, &mut candidate);
        match candidate {
            Candidate { accepted: Some((key, completion)), .. } => {
                insert(key, task);
                completion
            }
            Candidate { accepted: None, future, metadata } => {
                let wakers = task.as_mut().take_wakers();
                drop(task);
                let metadata = metadata.expect("a refused candidate has its metadata");
                begin_new(ready, wakers, insert, metadata, future)
            }
        }
    }

    /// Takes the wakers of the task that finished last, and with them its slot.
    pub(crate) fn take_wakers(&self) -> Option<OwnWakers> {
        let mut task = self.0.borrow_mut().pop()?;
        Some(task.as_mut().take_wakers())
    }

    /// Keeps a finished task for recycling, or returns the task if it cannot be recycled.
    #[must_use]
    #[inline]
    pub(crate) fn keep(&self, task: BoxedTask) -> Option<BoxedTask> {
        if !task.is_recyclable() {
            return Some(task);
        }
        self.0.borrow_mut().push(task);
        None
    }
}

fn begin_new<F>(
    ready: &ReadyQueue,
    wakers: OwnWakers,
    insert: impl FnOnce(TaskKey, BoxedTask),
    metadata: Metadata,
    future: Option<F>,
) -> Arc<Completion<F::Output>>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let key = wakers.task.key();
    ready.push(&wakers.task);
    let task = FutureTask::new(wakers, metadata, future);
    let completion = Arc::clone(&task.completion);
    insert(key, Box::pin(task));
    completion
}

impl<F: Future + 'static> RecyclableTask for FutureTask<F> {
    fn refill(self: Pin<&mut Self>, ready: &ReadyQueue, candidate: &mut dyn Any) {
        let Some(candidate) = candidate.downcast_mut::<Candidate<F>>() else { return };
        let Some(metadata) = candidate.metadata.take() else { return };
        let mut this = self.project();
        let wakers = this.wakers.as_mut().expect(IS_ALIVE);
        let cell = Completion::new(metadata, Some(wakers.lend()));
        match Arc::get_mut(this.completion) {
            Some(unread) => *unread = cell,
            // A reader of the last result still holds the old cell.
            None => *this.completion = Arc::new(cell),
        }
        this.future.set(candidate.future.take());
        ready.push(&wakers.task);
        candidate.accepted = Some((wakers.task.key(), Arc::clone(this.completion)));
    }

    /// The flags of the waker need no reset. They show correctly whether the key is in a queue. If
    /// the key is still in one, the next task is polled once without need.
    #[inline]
    fn is_recyclable(&self) -> bool {
        size_of::<F::Output>() <= RECYCLED_BYTES_MAX
            && self.wakers.as_ref().is_some_and(OwnWakers::are_the_last)
    }

    fn take_wakers(self: Pin<&mut Self>) -> OwnWakers {
        self.project().wakers.take().expect(IS_ALIVE)
    }
}
