//! Where the tasks live: a slab owned by the loop's thread.
//!
//! A plain value: it polls nothing, drops nothing of the user's and calls nobody.

use std::sync::Arc;
use std::task::Waker;

use crate::scheduler::shared::Remote;
use crate::task::future_task::BoxedTask;
use crate::task::key::TaskKey;
use crate::task::waker::Identity;

/// The tasks of one loop, by [`TaskKey`].
#[derive(Default)]
pub(crate) struct Slab {
    slots: Vec<Slot>,
    /// Finished tasks to be used again, each of which has its vacant slot; the last one is used
    /// first, while it is warm.
    spare: Vec<Spare>,
    /// Vacant slots whose last identity lives on in somebody's hands.
    vacant: Vec<u32>,
}

/// What is left of a finished task when nobody else holds a part of its identity.
pub(crate) struct Spare {
    pub(crate) task: BoxedTask,
    /// The part of its identity that the next task lends to its cell.
    pub(crate) canceller: Waker,
}

struct Slot {
    /// Which task in this slot is meant. It grows only when a waker of the last one lives on.
    generation: u32,
    /// `None` if the slot is vacant, or while the loop has the task in its hands: being made, or
    /// polled.
    task: Option<BoxedTask>,
}

impl Slab {
    /// How many tasks there are, those in the loop's hands included.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.spare.len() - self.vacant.len()
    }

    /// A finished task to be used again in its slot, to which [`put`](Slab::put) brings it.
    #[inline]
    pub(crate) fn take_spare(&mut self) -> Option<Spare> {
        self.spare.pop()
    }

    /// Takes a slot for a task that [`put`](Slab::put) will bring, and makes its identity.
    pub(crate) fn identify(&mut self, remote: &Arc<Remote>) -> Identity {
        let index = self.vacant.pop().unwrap_or_else(|| self.add_slot());
        let generation = self.slots[index as usize].generation;
        Identity::new(TaskKey { index, generation }, Arc::clone(remote))
    }

    fn add_slot(&mut self) -> u32 {
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 tasks live at a time");
        assert!(index < TaskKey::MAIN.index, "fewer than 2^32 - 1 tasks live at a time");
        self.slots.push(Slot { generation: 0, task: None });
        index
    }

    /// Brings a task into its slot: for the first time, or back from a poll.
    #[inline]
    pub(crate) fn put(&mut self, key: TaskKey, task: BoxedTask) {
        let former = self.slots[key.index as usize].task.replace(task);
        debug_assert!(former.is_none(), "one task to a slot");
    }

    /// Takes a task out to be polled; `None` if it has ended or is out already.
    #[inline]
    pub(crate) fn take(&mut self, key: TaskKey) -> Option<BoxedTask> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation == key.generation { slot.task.take() } else { None }
    }

    /// Frees the slot of a task that has ended. Gives back what is not to be used again, to be
    /// dropped by the caller.
    #[must_use]
    #[inline]
    pub(crate) fn vacate(&mut self, index: u32, spare: Spare) -> Option<Spare> {
        if spare.task.is_spare() {
            self.spare.push(spare);
            return None;
        }
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        self.vacant.push(index);
        Some(spare)
    }

    /// Takes out the first task at or after index `from`, and says where it was.
    pub(crate) fn take_from(&mut self, from: u32) -> Option<(u32, BoxedTask)> {
        let from = from as usize;
        let (index, task) =
            self.slots[from..].iter_mut().enumerate().find_map(|(index, slot)| {
                let task = slot.task.take()?;
                Some((from + index, task))
            })?;
        // There are fewer than 2^32 slots.
        Some((index as u32, task))
    }
}
