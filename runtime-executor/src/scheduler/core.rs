//! The part of a loop that only its own thread reaches.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::slab::Slab;

use crate::reactor::PollerSlot;
use crate::scheduler::observer::Observer;
use crate::scheduler::shared::Shared;
use crate::task::own_wakers::OwnWakers;
use crate::task::recycle::{BoxedTask, Recycler};
use crate::task::waker::{Message, ReadyQueue, TaskKey};
use crate::time::timer_queue::TimerQueue;

/// A loop's tasks, ready queue, timers and poller. No part is borrowed while foreign code runs.
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared<Message>>,
    pub(crate) observer: Option<Box<dyn Observer>>,
    /// The tasks by key. A finished task keeps its slot until the next task takes it over.
    pub(crate) tasks: RefCell<Slab<BoxedTask>>,
    pub(crate) recycler: Recycler,
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
            tasks: RefCell::default(),
            recycler: Recycler::default(),
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
        let wakers = || self.new_wakers();
        JoinHandle::new(self.recycler.begin(&self.ready, wakers, insert, metadata, future))
    }

    /// Reserves a slot for a new task, and makes the wakers that hold its key.
    pub(crate) fn new_wakers(&self) -> OwnWakers {
        OwnWakers::new(self.tasks.borrow_mut().reserve(), &self.shared)
    }

    #[inline]
    pub(crate) fn insert(&self, key: TaskKey, task: BoxedTask) {
        self.observe(|observer| observer.task_spawned(task.metadata()));
        self.tasks.borrow_mut().put(key, task);
    }

    /// Removes a completed task, and vacates its slot unless another task takes it over.
    #[inline(always)]
    pub(crate) fn retire(&self, key: TaskKey, task: BoxedTask) {
        self.observe(|observer| observer.task_ended(task.metadata()));
        if let Some(task) = self.recycler.keep(task) {
            self.tasks.borrow_mut().remove(key);
            drop(task);
        }
    }

    /// The number of tasks, including the one that is being polled.
    pub(crate) fn task_count(&self) -> usize {
        self.tasks.borrow().len() - self.recycler.len()
    }

    /// Calls the observer, if there is one, and catches its panic.
    #[inline]
    pub(crate) fn observe(&self, call: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.observer {
            catch_panic(|| call(&**observer));
        }
    }
}
