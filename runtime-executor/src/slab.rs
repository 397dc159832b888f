//! Where the tasks live: a slab owned by the loop's thread.
//!
//! A plain value: it polls nothing, drops nothing of the user's and calls nobody.

use std::mem;
use std::sync::Arc;

use crate::key::TaskKey;
use crate::remote::Remote;
use crate::task::BoxedTask;
use crate::waker::Identity;

/// The tasks of one loop, by [`TaskKey`].
#[derive(Default)]
pub(crate) struct Slab {
    slots: Vec<Slot>,
    /// Indices of vacant slots; the last one vacated is used first, while it is warm.
    vacant: Vec<u32>,
}

struct Slot {
    /// Which task in this slot is meant. It grows only when a waker of the last one lives on.
    generation: u32,
    content: Content,
}

enum Content {
    Task(BoxedTask),
    /// The task is being made, or polled: it is in the hands of the loop, and comes back.
    Out,
    /// With the identity of the last task, if nobody else holds it.
    Vacant(Option<Identity>),
}

impl Slab {
    /// How many tasks there are, those being polled included.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// Takes a slot for a task that [`put`](Slab::put) will bring.
    pub(crate) fn reserve(&mut self, remote: &Arc<Remote>) -> (TaskKey, Identity) {
        let index = self.vacant.pop().unwrap_or_else(|| self.add_slot());
        let slot = &mut self.slots[index as usize];
        let key = TaskKey { index, generation: slot.generation };
        let identity = match mem::replace(&mut slot.content, Content::Out) {
            Content::Vacant(Some(identity)) => identity,
            Content::Vacant(None) => Identity::new(key, Arc::clone(remote)),
            Content::Task(_) | Content::Out => unreachable!("a vacant slot holds no task"),
        };
        (key, identity)
    }

    fn add_slot(&mut self) -> u32 {
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 tasks live at a time");
        assert!(index < TaskKey::MAIN.index, "fewer than 2^32 - 1 tasks live at a time");
        self.slots.push(Slot { generation: 0, content: Content::Vacant(None) });
        index
    }

    /// Brings a task into its slot: for the first time, or back from a poll.
    #[inline]
    pub(crate) fn put(&mut self, key: TaskKey, task: BoxedTask) {
        self.slots[key.index as usize].content = Content::Task(task);
    }

    /// Takes a task out to be polled; `None` if it has ended or is out already.
    #[inline]
    pub(crate) fn take(&mut self, key: TaskKey) -> Option<BoxedTask> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        match mem::replace(&mut slot.content, Content::Out) {
            Content::Task(task) => Some(task),
            before @ (Content::Out | Content::Vacant(_)) => {
                slot.content = before;
                None
            }
        }
    }

    /// Frees the slot of a task that has ended. Gives an identity back that is not to be used
    /// again, to be dropped by the caller.
    #[must_use]
    pub(crate) fn vacate(&mut self, key: TaskKey, identity: Option<Identity>) -> Option<Identity> {
        let slot = &mut self.slots[key.index as usize];
        let (kept, dropped) = match identity {
            Some(identity) if identity.is_unshared() => (Some(identity), None),
            shared => {
                slot.generation = slot.generation.wrapping_add(1);
                (None, shared)
            }
        };
        slot.content = Content::Vacant(kept);
        self.vacant.push(key.index);
        dropped
    }

    /// Takes out the first task at or after index `from`, and says where it was.
    pub(crate) fn take_from(&mut self, from: u32) -> Option<(TaskKey, BoxedTask)> {
        (from..u32::try_from(self.slots.len()).unwrap_or(u32::MAX)).find_map(|index| {
            let key = TaskKey { index, generation: self.slots[index as usize].generation };
            Some((key, self.take(key)?))
        })
    }
}
