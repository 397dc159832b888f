//! The references that a task itself has to its waker.

use std::mem;
use std::sync::Arc;
use std::task::Waker;

use crate::scheduler::shared::Shared;
use crate::task::waker::{Message, TaskKey, TaskWaker};

/// The references that a task with a [separate cell](crate::task::separate_cell) itself has to its
/// waker. They are made once: the next task that takes over the slot gets them.
pub(crate) struct OwnWakers {
    /// A waker that contains a cell was that of a finished task, and its cell is not used.
    pub(crate) task: Arc<TaskWaker>,
    /// For the polls of the future.
    pub(crate) polling: Waker,
    /// For the completion cell, which wakes this waker to request cancellation. `None` while the
    /// cell has the waker, and after a request.
    cancelling: Option<Waker>,
}

impl OwnWakers {
    pub(crate) fn new(key: TaskKey, shared: &Arc<Shared<Message>>) -> OwnWakers {
        let task = Arc::new(TaskWaker::new(key, Arc::clone(shared), ()));
        let waker = || Waker::from(Arc::clone(&task));
        OwnWakers { polling: waker(), cancelling: Some(waker()), task }
    }

    /// The two references to a waker whose task has ended.
    pub(crate) fn taken_over(task: Arc<TaskWaker>, polling: Waker) -> OwnWakers {
        OwnWakers { task, polling, cancelling: None }
    }

    /// Lends a waker to the cell of the next task, also if a request has used up the former one.
    #[inline]
    pub(crate) fn lend(&mut self) -> Waker {
        self.cancelling.take().unwrap_or_else(|| self.polling.clone())
    }

    /// Takes back the waker that was lent to the cell, if the cell has not used it.
    #[inline]
    pub(crate) fn take_back(&mut self, cancelling: Option<Waker>) {
        let former = mem::replace(&mut self.cancelling, cancelling);
        debug_assert!(former.is_none(), "the waker was lent");
        // There is nothing to drop, but the compiler cannot know that.
        mem::forget(former);
    }

    /// Returns whether no other references exist.
    ///
    /// A count that is read without ordering suffices: a new reference is made from an existing
    /// one, and no other thread has an existing one.
    #[inline]
    pub(crate) fn are_the_last(&self) -> bool {
        Arc::strong_count(&self.task) == 2 + usize::from(self.cancelling.is_some())
    }
}
