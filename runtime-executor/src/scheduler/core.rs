//! The part of a loop that only its own thread reaches.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::drop_catching;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::reactor::PollerSlot;
use crate::scheduler::observer::Observer;
use crate::scheduler::shared::Shared;
use crate::task::recycle::BoxedTask;
use crate::task::task_slots::TaskSlots;
use crate::task::waker::{Message, ReadyQueue, TaskKey};
use crate::time::timer_queue::TimerQueue;

/// A loop's tasks, ready queue, timers and poller. No part is borrowed while foreign code runs.
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared<Message>>,
    pub(crate) observer: Option<Box<dyn Observer>>,
    pub(crate) tasks: TaskSlots,
    pub(crate) ready: ReadyQueue,
    pub(crate) timers: RefCell<TimerQueue<Waker>>,
    pub(crate) poller: PollerSlot,
    /// True once the loop is closed. Then a spawn is cancelled at once.
    pub(crate) closed: Cell<bool>,
}

impl Core {
    pub(crate) fn new(shared: Arc<Shared<Message>>, observer: Option<Box<dyn Observer>>) -> Core {
        Core {
            shared,
            observer,
            tasks: TaskSlots::default(),
            ready: ReadyQueue::default(),
            timers: RefCell::default(),
            poller: PollerSlot::default(),
            closed: Cell::new(false),
        }
    }

    /// Step 1 of a task's life: its completion cell and its boxed future go into a slot of the
    /// slab, and its key goes to the ready queue.
    #[inline]
    pub(crate) fn spawn<F>(&self, metadata: Metadata, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if self.closed.get() {
            drop_catching(future);
            return JoinHandle::failed(JoinError::shut_down(metadata));
        }
        let insert = |key, task| self.insert(key, task);
        self.tasks.begin(&self.ready, &self.shared, insert, metadata, future)
    }

    #[inline]
    pub(crate) fn insert(&self, key: TaskKey, task: BoxedTask) {
        self.task_spawned(key, || task.metadata());
        self.tasks.put(key, task);
    }

    /// Ends the life of a task that was taken out of its slot and has finished.
    #[inline(always)]
    pub(crate) fn retire(&self, key: TaskKey, task: BoxedTask) {
        self.task_ended(key, || task.metadata());
        self.tasks.retire(key, task);
    }

    /// The number of tasks, including the one that is being polled.
    pub(crate) fn task_count(&self) -> usize {
        self.tasks.len()
    }
}
