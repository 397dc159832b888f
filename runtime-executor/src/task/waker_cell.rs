//! The completion cell of a task with the output `()`: it lies in the waker's allocation.
//!
//! The reader holds a reference to that allocation, as the wakers do. The task is recycled only if
//! nothing but the reader referred to the waker when the task ended. This is counted in three
//! steps, on the loop's thread:
//!
//! - N1. The future is dropped, and the references are counted: the task's own two, the reader's,
//!   and those of others.
//! - N2. The cell is completed. Under its lock this shows whether the reader was there: then one of
//!   the references of N1 was the reader's, because a reader gives up its reference after it has
//!   locked the cell.
//! - N3. If cancellation was requested before N2, a wake by that request may be under way, with a
//!   reference that N1 did not count. So the task is not recycled. A later request finds the result
//!   and wakes nothing.
//!
//! The next task takes over the allocation if no reference is left but the task's own. If its cell
//! is separate, it uses the waker only. A reader that is late keeps the allocation, and the next
//! task begins in a new one.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use runtime_core::awaiter::AwaiterCell;
use runtime_core::completion::Completion;
use runtime_core::join::{JobCell, JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::scheduler::shared::Shared;
use crate::task::own_wakers::OwnWakers;
use crate::task::task_cell::{IS_ALIVE, TaskCell, same_type};
use crate::task::waker::{Message, TaskKey, TaskWaker};

/// The state of a waker that contains its task's completion cell.
type CellWaker = TaskWaker<Completion<(), ()>>;

/// A task's two references to the waker that contains its cell.
pub(crate) struct WakerCell {
    task: Arc<CellWaker>,
    /// `None` once the task has ended and must not be recycled.
    polling: Option<Waker>,
}

/// The number of references in a [`WakerCell`].
const OWN: usize = 2;

/// The functions that make a waker or a handle are neither generic nor inlined, so that the
/// functions that these call are compiled in this package, where they can be inlined.
impl WakerCell {
    pub(crate) fn new(key: TaskKey, shared: &Arc<Shared<Message>>, metadata: Metadata) -> Self {
        let cell = Completion::new(metadata, ());
        let task = Arc::new(TaskWaker::new(key, Arc::clone(shared), cell));
        WakerCell { polling: Some(Waker::from(Arc::clone(&task))), task }
    }

    fn reader(&self) -> JoinHandle<()> {
        JoinHandle::of_job(Arc::<CellWaker>::clone(&self.task))
    }

    fn renew_alone(&mut self, metadata: &mut Option<Metadata>) -> Option<JoinHandle<()>> {
        self.polling = None;
        let task = Arc::get_mut(&mut self.task)?;
        task.cell = Completion::new(metadata.take()?, ());
        self.polling = Some(Waker::from(Arc::clone(&self.task)));
        Some(self.reader())
    }
}

/// The output `T` is `()`.
impl<T: 'static> TaskCell<T> for WakerCell {
    #[inline]
    fn metadata(&self) -> &Metadata {
        self.task.cell.metadata()
    }

    #[inline]
    fn is_cancel_requested(&self) -> bool {
        self.task.cell.is_cancel_requested()
    }

    #[inline]
    fn task(&self) -> &TaskWaker {
        &*self.task
    }

    #[inline]
    fn polling(&self) -> &Waker {
        self.polling.as_ref().expect(IS_ALIVE)
    }

    fn awaiter(&self) -> &dyn AwaiterCell {
        &self.task.cell
    }

    /// Steps N1 to N3.
    #[inline]
    fn complete(&mut self, result: Result<T, JoinError>) {
        let references = Arc::strong_count(&self.task);
        let ((), had_reader) = self.task.cell.complete_for_reader(result.map(|_unit| ()));
        let is_last = references == OWN + usize::from(had_reader);
        if !is_last || self.task.cell.is_cancel_requested() {
            self.polling = None;
        }
    }

    #[inline]
    fn handle(&self) -> JoinHandle<T> {
        same_type(self.reader())
    }

    #[inline]
    fn is_recyclable(&self) -> bool {
        self.polling.is_some() && !self.task.is_ready()
    }

    #[inline]
    fn renew(&mut self, metadata: &mut Option<Metadata>) -> Option<JoinHandle<T>> {
        self.renew_alone(metadata).map(same_type)
    }

    fn take_wakers(&mut self) -> Option<OwnWakers> {
        let polling = self.polling.take()?;
        let is_last = Arc::strong_count(&self.task) == OWN;
        is_last.then(|| OwnWakers::taken_over(Arc::<CellWaker>::clone(&self.task), polling))
    }
}

/// The task, as its handle sees it.
impl JobCell<()> for CellWaker {
    fn metadata(&self) -> &Metadata {
        self.cell.metadata()
    }

    #[inline]
    fn is_finished(&self) -> bool {
        self.cell.is_finished()
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<(), JoinError>> {
        self.cell.poll(cx)
    }

    fn take(&self) -> Result<(), JoinError> {
        self.cell.take()
    }

    fn take_alone(&mut self) -> Option<Result<(), JoinError>> {
        self.cell.take_alone()
    }

    fn close(&self) {
        self.cell.close();
    }

    fn cancel(self: Arc<Self>) {
        if self.cell.cancel_contained() {
            self.wake();
        }
    }
}
