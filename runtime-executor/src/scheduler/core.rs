//! The part of a loop that only its own thread reaches.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::slab::Slab;

use crate::reactor::PollerSlot;
use crate::scheduler::observer::Observer;
use crate::scheduler::shared::Shared;
use crate::task::future_task::FutureTask;
use crate::task::recycle::{Begun, BoxedTask, Recycler};
use crate::task::waker::{Message, OwnWakers, ReadyQueue, TaskKey};
use crate::time::timer_queue::TimerQueue;

/// A loop's tasks, ready queue, timers and poller. Every part is borrowed for a moment only, and
/// never while foreign code runs.
pub(crate) struct Core {
    pub(crate) shared: Arc<Shared<Message>>,
    observer: Option<Box<dyn Observer>>,
    /// Finished tasks keep their slots reserved while the recycler has them.
    pub(crate) tasks: RefCell<Slab<BoxedTask>>,
    recycler: Recycler,
    pub(crate) ready: ReadyQueue,
    pub(crate) timers: RefCell<TimerQueue<Waker>>,
    pub(crate) poller: PollerSlot,
    /// The loop is being dropped: a spawn is cancelled at once.
    closed: Cell<bool>,
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
            return JoinHandle::failed(JoinError::cancelled(metadata));
        }
        let begun = self.recycler.begin(&self.ready, || self.new_wakers(), metadata, future);
        let Begun { key, task, handle } = begun;
        self.insert(key, task);
        handle
    }

    /// Step 1 of a task that another thread has spawned, and that has its completion cell already.
    pub(crate) fn adopt<F>(&self, completion: Arc<Completion<F::Output>>, future: F)
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let mut wakers = self.recycler.take_wakers().unwrap_or_else(|| self.new_wakers());
        let canceller = wakers.cancelling.take();
        completion.set_producer(canceller.unwrap_or_else(|| wakers.polling.clone()));
        self.ready.push(&wakers.task);
        let key = wakers.task.key();
        let task = FutureTask { wakers: Some(wakers), completion, future: Some(future) };
        self.insert(key, Box::pin(task));
    }

    /// Reserves a slot, whose key the wakers hold.
    fn new_wakers(&self) -> OwnWakers {
        OwnWakers::new(self.tasks.borrow_mut().reserve(), &self.shared)
    }

    #[inline]
    fn insert(&self, key: TaskKey, task: BoxedTask) {
        self.observe(|observer| observer.task_spawned(task.metadata()));
        self.tasks.borrow_mut().put(key, task);
    }

    /// Removes a task whose cell is complete, and vacates its slot unless the task is recycled.
    #[inline]
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

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Whether [`close`](Core::close) was called and would find nothing to drop.
    pub(crate) fn is_over(&self) -> bool {
        let is_empty = self.task_count() == 0 && self.timers.borrow().is_empty();
        self.closed.get() && is_empty && self.poller.is_empty()
    }

    /// Drops all tasks, timers and the poller, and returns the tasks' metadata. Tasks that
    /// destructors spawn meanwhile are cancelled at once, so this terminates.
    pub(crate) fn close(&self) -> Vec<Metadata> {
        self.closed.set(true);
        let mut cancelled = Vec::new();
        let mut next = 0;
        loop {
            let Some(key) = self.tasks.borrow().key_from(next) else { break };
            next = key.index();
            let Some(mut task) = self.tasks.borrow_mut().take(key) else { break };
            cancelled.push(task.metadata().clone());
            task.as_mut().cancel();
            self.retire(key, task);
        }
        // One by one: if two destructors panic in one drop, the second panic aborts the process.
        self.timers.take().into_values().for_each(drop_catching);
        self.poller.close();
        self.ready.clear();
        cancelled
    }
}
