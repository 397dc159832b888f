//! The loop as its own thread sees it: what a task that is being polled can reach.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::reactor::PollerSlot;
use crate::scheduler::current;
use crate::scheduler::handle::{Handle, NoRuntimeError};
use crate::scheduler::observer::Observer;
use crate::scheduler::shared::Remote;
use crate::task::future_task::{BoxedTask, FutureTask, KEPT_BYTES_MAX, Offer};
use crate::task::key::TaskKey;
use crate::task::slab::{Slab, Spare};
use crate::task::waker::{Identity, TaskWaker};
use crate::time::timer_queue::TimerQueue;

/// The home side of a loop. One thread alone reaches it; each part is borrowed for a moment only,
/// and never while anything of the user's runs.
pub(crate) struct Local {
    pub(crate) remote: Arc<Remote>,
    observer: Option<Box<dyn Observer>>,
    pub(crate) tasks: RefCell<Slab>,
    /// Ids of tasks to be polled in the next turn.
    pub(crate) ready: RefCell<Vec<TaskKey>>,
    pub(crate) timers: RefCell<TimerQueue<Waker>>,
    /// Receives the events of sockets.
    pub(crate) poller: PollerSlot,
    /// The loop is being dropped: what is spawned now is cancelled at once.
    closed: Cell<bool>,
}

impl Local {
    pub(crate) fn new(remote: Arc<Remote>, observer: Option<Box<dyn Observer>>) -> Local {
        Local {
            remote,
            observer,
            tasks: RefCell::default(),
            ready: RefCell::default(),
            timers: RefCell::default(),
            poller: PollerSlot::default(),
            closed: Cell::new(false),
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.remote))
    }

    /// Queues a task to be polled in the next turn, unless it is queued already.
    #[inline]
    pub(crate) fn make_ready(&self, task: &TaskWaker) {
        if let Some(key) = task.mark_ready() {
            self.ready.borrow_mut().push(key);
        }
    }

    /// Step 1 of a task's life: a box with future and completion cell, slot, ready queue.
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
        // What a finished task keeps is never large: see `KEPT_BYTES_MAX`.
        if const { size_of::<F>() > KEPT_BYTES_MAX } {
            self.begin(metadata, Box::pin(future))
        } else {
            self.begin(metadata, future)
        }
    }

    /// Offers the future to the box of the task that finished last. A box of another type gives
    /// its identity to one that is made.
    #[inline]
    fn begin<F>(&self, metadata: Metadata, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let spare = self.tasks.borrow_mut().take_spare();
        let Some(Spare { mut task, canceller }) = spare else {
            let Identity { shared, waker, canceller } = self.identify();
            return self.make(shared, waker, Some(canceller), metadata, Some(future));
        };
        let mut offer = Offer::new(metadata, canceller, future);
        task.as_mut().refill(self, &mut offer);
        match offer {
            Offer { accepted: Some((key, handle)), .. } => {
                self.settle(key, task);
                handle
            }
            Offer { accepted: None, future, metadata, canceller } => {
                let (shared, waker) = task.as_mut().take_identity();
                drop(task);
                let metadata = metadata.expect("what was not accepted is still there");
                self.make(shared, waker, canceller, metadata, future)
            }
        }
    }

    fn make<F>(
        &self,
        shared: Arc<TaskWaker>,
        waker: Waker,
        canceller: Option<Waker>,
        metadata: Metadata,
        future: Option<F>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let completion = Arc::new(Completion::new(metadata, canceller));
        let handle = JoinHandle::new(Arc::clone(&completion));
        let key = shared.key();
        self.make_ready(&shared);
        self.settle(key, Box::pin(FutureTask::new(shared, waker, completion, future)));
        handle
    }

    fn identify(&self) -> Identity {
        self.tasks.borrow_mut().identify(&self.remote)
    }

    /// Step 1 for a task that was spawned from elsewhere and has its cell already.
    pub(crate) fn adopt<F>(&self, completion: Arc<Completion<F::Output>>, future: F)
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let spare = self.tasks.borrow_mut().take_spare();
        let Identity { shared, waker, canceller } = match spare {
            Some(Spare { mut task, canceller }) => {
                let (shared, waker) = task.as_mut().take_identity();
                Identity { shared, waker, canceller }
            }
            None => self.identify(),
        };
        completion.set_producer(canceller);
        let key = shared.key();
        self.make_ready(&shared);
        self.settle(key, Box::pin(FutureTask::new(shared, waker, completion, Some(future))));
    }

    #[inline]
    fn settle(&self, key: TaskKey, task: BoxedTask) {
        self.observe(|observer| observer.task_spawned(task.metadata()));
        self.tasks.borrow_mut().put(key, task);
    }

    /// The end of a task whose cell is complete: frees its slot, and keeps the task for the next
    /// one or drops it.
    #[inline]
    pub(crate) fn retire(&self, index: u32, task: BoxedTask, canceller: Waker) {
        self.observe(|observer| observer.task_ended(task.metadata()));
        let dropped = self.tasks.borrow_mut().vacate(index, Spare { task, canceller });
        drop(dropped);
    }

    /// Tells the observer, if there is one. Its panic is its own.
    #[inline]
    pub(crate) fn observe(&self, tell: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.observer {
            catch_panic(|| tell(&**observer));
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Whether it was closed, and nothing has come since that [`close`](Local::close) would drop.
    pub(crate) fn is_over(&self) -> bool {
        let nothing_left = self.tasks.borrow().len() == 0 && self.timers.borrow().is_empty();
        self.closed.get() && nothing_left && self.poller.is_empty()
    }

    /// Drops all tasks and timers, ends the listening, and says which tasks those were. What their
    /// destructors spawn is cancelled on the spot, so this comes to an end.
    pub(crate) fn close(&self) -> Vec<Metadata> {
        self.closed.set(true);
        let mut cancelled = Vec::new();
        let mut from = 0;
        loop {
            let taken = self.tasks.borrow_mut().take_from(from);
            let Some((index, mut task)) = taken else { break };
            from = index;
            cancelled.push(task.metadata().clone());
            let canceller = task.as_mut().cancel();
            self.retire(index, task, canceller);
        }
        // One by one: of two destructors that panic in one drop, the second aborts the process.
        let timers = self.timers.take();
        timers.into_values().for_each(drop_catching);
        self.poller.close();
        self.ready.borrow_mut().clear();
        cancelled
    }
}

/// Spawns a task on the loop that this thread is turning.
///
/// # Errors
/// If it is turning none; the future is dropped.
#[inline]
pub fn try_spawn<F>(metadata: Metadata, future: F) -> Result<JoinHandle<F::Output>, NoRuntimeError>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let local = current::turning().ok_or_else(NoRuntimeError::new)?;
    Ok(local.spawn(metadata, future))
}
