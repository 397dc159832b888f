//! The tasks of a loop by key, and its finished tasks, which later tasks take over.
//!
//! A finished task that can be [recycled](crate::task::recycle) stays in its slot, and the slot's
//! index is in the set `finished`. A task begins in the finished task with the lowest index, and
//! without a finished task in a vacant slot. So the tasks that are alive gather at low indices, and
//! tasks that are spawned one after the other lie side by side in memory, in whatever order former
//! tasks have ended.
//!
//! # Giving memory back
//!
//! Each time the loop runs out of ready tasks, it drops up to 16 finished tasks that no task needed
//! during the last whole period of 1,024 such times, those with the highest indices first.
//!
//! The number of tasks that nothing needed is the *low-water mark*: the smallest number of finished
//! tasks at any time of the period. So waves of tasks that follow each other within a period keep
//! all their boxes, however large the waves are. A single wave's boxes are dropped piecemeal, and
//! each time costs less than the sleep that follows it. 64 finished tasks are always kept.
//!
//! At the end of each period, the two buffers of the ready queue are halved.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;

use runtime_core::bit_set::BitSet;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::slab::Slab;

use crate::scheduler::shared::Shared;
use crate::task::future_task::FutureTask;
use crate::task::own_wakers::OwnWakers;
use crate::task::recycle::{BoxedTask, Candidate, RECYCLED_BYTES_MAX};
use crate::task::separate_cell::SeparateCell;
use crate::task::task_cell::{TaskCell, is_in_waker};
use crate::task::waker::{Message, ReadyQueue, TaskKey};
use crate::task::waker_cell::WakerCell;

/// The tasks. No part is borrowed while foreign code runs.
#[derive(Default)]
pub(crate) struct TaskSlots(RefCell<Slots>);

#[derive(Default)]
struct Slots {
    slots: Slab<BoxedTask>,
    /// The indices of the finished tasks.
    finished: BitSet,
    /// The smallest number of finished tasks in this period.
    low_water: usize,
    /// The number of finished tasks to drop.
    unneeded: usize,
    /// The number of times that the loop ran out of ready tasks in this period.
    idle_times: u32,
}

/// The number of times that the loop runs out of ready tasks in one period.
const PERIOD: u32 = 1024;

/// The number of finished tasks that are dropped at one time.
const DROPPED_MAX: usize = 16;

/// The number of finished tasks that are never dropped.
const KEPT_MIN: usize = 64;

impl Slots {
    fn end_period(&mut self) {
        self.idle_times = 0;
        let low_water = mem::replace(&mut self.low_water, self.finished.len());
        self.unneeded = low_water.saturating_sub(KEPT_MIN);
        self.slots.shrink();
    }

    /// Removes the finished task with the highest index, if not all are needed.
    fn remove_unneeded(&mut self) -> Option<BoxedTask> {
        self.unneeded = self.unneeded.checked_sub(1)?;
        let index = self.finished.take_highest()?;
        self.low_water = self.finished.len().min(self.low_water);
        let key = self.slots.key_at(index)?;
        self.slots.remove(key)
    }
}

impl TaskSlots {
    /// The number of tasks, including those that are taken out.
    pub(crate) fn len(&self) -> usize {
        let Slots { slots, finished, .. } = &*self.0.borrow();
        slots.len() - finished.len()
    }

    /// Takes a task out of its slot, unless the key is stale.
    #[inline]
    pub(crate) fn take(&self, key: TaskKey) -> Option<BoxedTask> {
        self.0.borrow_mut().slots.take(key)
    }

    /// Puts a task into its reserved slot, for the first time or after it was taken out.
    #[inline]
    pub(crate) fn put(&self, key: TaskKey, task: BoxedTask) {
        self.0.borrow_mut().slots.put(key, task);
    }

    /// Keeps a task that was taken out and has finished, or drops it if it cannot be recycled.
    #[inline]
    pub(crate) fn retire(&self, key: TaskKey, task: BoxedTask) {
        let is_recyclable = task.is_recyclable();
        let Slots { slots, finished, .. } = &mut *self.0.borrow_mut();
        if is_recyclable {
            slots.put(key, task);
            finished.insert(key.index());
        } else {
            // The task is dropped at the end of the function, when nothing is borrowed.
            slots.remove(key);
        }
    }

    /// Begins a task in a finished one or in a new box, and queues it. Returns its handle.
    /// `insert` puts the task into its slot.
    #[inline]
    pub(crate) fn begin<F>(
        &self,
        ready: &ReadyQueue,
        shared: &Arc<Shared<Message>>,
        insert: impl FnOnce(TaskKey, BoxedTask),
        metadata: Metadata,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        if const { size_of::<F>() > RECYCLED_BYTES_MAX } {
            self.begin_small(ready, shared, insert, metadata, Box::pin(future))
        } else {
            self.begin_small(ready, shared, insert, metadata, future)
        }
    }

    #[inline]
    fn begin_small<F>(
        &self,
        ready: &ReadyQueue,
        shared: &Arc<Shared<Message>>,
        insert: impl FnOnce(TaskKey, BoxedTask),
        metadata: Metadata,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let Some((key, mut task)) = self.take_finished() else {
            return self.begin_new(ready, shared, insert, None, metadata, future);
        };
        let mut candidate =
            Candidate { future: Some(future), metadata: Some(metadata), accepted: None };
        task.as_mut().refill(ready, &mut candidate);
        match candidate {
            Candidate { accepted: Some(handle), .. } => {
                insert(key, task);
                handle
            }
            Candidate { accepted: None, future: Some(future), metadata: Some(metadata) } => {
                self.begin_new(ready, shared, insert, Some((key, task)), metadata, future)
            }
            Candidate { accepted: None, .. } => unreachable!("a refused candidate is whole"),
        }
    }

    /// Begins a task in a new box, which may take over the slot of a finished task.
    fn begin_new<F>(
        &self,
        ready: &ReadyQueue,
        shared: &Arc<Shared<Message>>,
        insert: impl FnOnce(TaskKey, BoxedTask),
        finished: Option<(TaskKey, BoxedTask)>,
        metadata: Metadata,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // The size alone spares most outputs the code of a `WakerCell`.
        if const { size_of::<F::Output>() == 0 } && is_in_waker::<F::Output>() {
            self.vacate(finished);
            let key = self.0.borrow_mut().slots.reserve();
            put_first(ready, insert, WakerCell::new(key, shared, metadata), future)
        } else {
            let wakers = self.wakers_of(finished, shared);
            put_first(ready, insert, SeparateCell::new(wakers, metadata), future)
        }
    }

    /// The wakers of a finished task, or new ones. The key that they hold has a reserved slot.
    pub(crate) fn wakers(&self, shared: &Arc<Shared<Message>>) -> OwnWakers {
        self.wakers_of(self.take_finished(), shared)
    }

    fn wakers_of(
        &self,
        mut finished: Option<(TaskKey, BoxedTask)>,
        shared: &Arc<Shared<Message>>,
    ) -> OwnWakers {
        let wakers = finished.as_mut().and_then(|(_, task)| task.as_mut().take_wakers());
        wakers.unwrap_or_else(|| {
            self.vacate(finished);
            OwnWakers::new(self.0.borrow_mut().slots.reserve(), shared)
        })
    }

    /// Drops a finished task that was taken out of its slot, and makes its key stale.
    fn vacate(&self, finished: Option<(TaskKey, BoxedTask)>) {
        if let Some((key, _task)) = finished {
            self.0.borrow_mut().slots.remove(key);
        }
    }

    /// Takes the finished task with the lowest index out of its slot.
    #[inline(always)]
    fn take_finished(&self) -> Option<(TaskKey, BoxedTask)> {
        let Slots { slots, finished, low_water, .. } = &mut *self.0.borrow_mut();
        let index = finished.take_lowest()?;
        *low_water = finished.len().min(*low_water);
        slots.take_at(index)
    }

    /// Drops finished tasks that nothing needs, when the loop has run out of ready tasks. Returns
    /// whether a period has ended.
    pub(crate) fn give_back(&self) -> bool {
        let mut inner = self.0.borrow_mut();
        inner.idle_times += 1;
        let has_ended = inner.idle_times == PERIOD;
        if has_ended {
            inner.end_period();
        }
        let is_any_unneeded = inner.unneeded > 0;
        drop(inner);
        if is_any_unneeded {
            // Each task is dropped while nothing is borrowed.
            for _ in 0..DROPPED_MAX {
                let task = self.0.borrow_mut().remove_unneeded();
                drop(task);
            }
            self.0.borrow_mut().slots.shrink();
        }
        has_ended
    }

    /// Visits the tasks that have not finished and are not taken out, by index.
    pub(crate) fn visit(&self, mut visit: impl FnMut(&BoxedTask)) {
        let Slots { slots, finished, .. } = &*self.0.borrow();
        let alive = slots.iter().filter(|(key, _)| !finished.contains(key.index()));
        alive.for_each(|(_, task)| visit(task));
    }

    /// Takes out the first task that has not finished and has this index or a higher one.
    pub(crate) fn take_from(&self, mut index: u32) -> Option<(TaskKey, BoxedTask)> {
        let Slots { slots, finished, .. } = &mut *self.0.borrow_mut();
        loop {
            let key = slots.key_from(index)?;
            if !finished.contains(key.index()) {
                return slots.take(key).map(|task| (key, task));
            }
            index = key.index() + 1;
        }
    }
}

/// The number of keys for which both buffers of the ready queue always keep memory.
const KEYS_MIN: usize = 1024;

impl ReadyQueue {
    /// Halves the memory of both buffers, once in a period. A loop that needs the memory allocates
    /// it again once in a period.
    pub(crate) fn shrink(&self, batch: &mut Vec<TaskKey>) {
        for keys in [batch, &mut *self.0.borrow_mut()] {
            keys.shrink_to(KEYS_MIN.max(keys.capacity() / 2));
        }
    }
}

/// Queues a new task, and puts it into its reserved slot.
fn put_first<F, C>(
    ready: &ReadyQueue,
    insert: impl FnOnce(TaskKey, BoxedTask),
    cell: C,
    future: F,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    C: TaskCell<F::Output> + 'static,
{
    let key = cell.task().key;
    ready.push(cell.task());
    let handle = cell.handle();
    insert(key, Box::pin(FutureTask { cell, future: Some(future) }));
    handle
}
