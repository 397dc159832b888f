//! The slots of a group as its wakers see them: woken sets that grow.
//!
//! A woken set has a fixed capacity, because its wakers reach it from other threads. A group whose
//! size is not known beforehand therefore has several: blocks, each 64 times as large as the one
//! before, so that a million children need four and a visit to an idle roster looks at four words.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use super::woken::{AfterVisit, Visit, WokenSet};

/// The least capacity of a block: a woken set of 63 is a single word.
const BLOCK_MIN: usize = 63;
/// The most a first block is given at once, whatever an iterator says of its length.
const BLOCK_FIRST_MAX: usize = BLOCK_MIN * 64 * 64;

/// Who is in the group, and who was woken.
///
/// Owned by the group's future. Dropping it retires the sets: wakers that outlive the group wake
/// nobody, and keep nothing of the task alive.
pub struct Roster {
    /// How many slots the first block is made for.
    expected: usize,
    blocks: Vec<Block>,
    /// The block that the present visit has come to.
    visited: usize,
    /// The waker registered with every block, to compare without taking their locks.
    parent: Option<Arc<Waker>>,
}

/// A range of slots with a woken set of its own.
struct Block {
    /// The slot that is child 0 of the set.
    first: usize,
    capacity: usize,
    set: Arc<WokenSet>,
    visit: Visit,
}

impl Roster {
    /// A roster that will probably have as many slots.
    pub(super) fn new(expected: usize) -> Self {
        Self { expected, blocks: Vec::new(), visited: 0, parent: None }
    }

    /// Expects no more slots than this.
    pub(super) fn limit(&mut self, slots_max: usize) {
        self.expected = self.expected.min(slots_max);
    }

    /// Begins a visit to every block.
    ///
    /// The task's waker is cloned before anything is taken: should that panic, nothing is lost.
    pub(super) fn attend(&mut self, parent: &Waker) {
        if !self.parent.as_ref().is_some_and(|known| known.will_wake(parent)) {
            let parent = Arc::new(parent.clone());
            for block in &self.blocks {
                block.set.register(&parent);
            }
            self.parent = Some(parent);
        }
        for block in &mut self.blocks {
            block.set.attend(&mut block.visit);
        }
        self.visited = 0;
    }

    /// The next slot that was woken before this visit came to it.
    #[inline]
    pub(super) fn next_woken(&mut self) -> Option<usize> {
        while let Some(block) = self.blocks.get_mut(self.visited) {
            if let Some(child) = block.visit.next(&block.set) {
                return Some(block.first + child);
            }
            self.visited += 1;
        }
        None
    }

    /// Ends the visit; wakes the task, once, if anything was woken behind its back.
    pub(super) fn leave(&self, parent: &Waker) {
        let mut woken = false;
        for block in &self.blocks {
            woken |= block.set.leave() == AfterVisit::WakeAgain;
        }
        if woken {
            parent.wake_by_ref();
        }
    }

    /// Makes the waker of a slot, to be kept for every child that has the slot: a former child's
    /// waker costs the present one a needless poll, and no more.
    ///
    /// The slot must be at most one past those that have a waker. A block made for it is attended:
    /// during a visit like the others, before the first because that comes anyway.
    pub(super) fn waker(&mut self, slot: usize) -> Waker {
        if slot == self.blocks.last().map_or(0, |block| block.first + block.capacity) {
            self.grow();
        }
        let block = self.blocks.iter().rfind(|block| block.first <= slot);
        let block = block.expect("the first block begins at slot 0");
        let known = self.parent.as_ref().map(Arc::downgrade).unwrap_or_default();
        block.set.child_waker(slot - block.first, known)
    }

    #[cold]
    fn grow(&mut self) {
        let (first, capacity) = match self.blocks.last() {
            None => (0, self.expected.clamp(BLOCK_MIN, BLOCK_FIRST_MAX)),
            Some(last) => (last.first + last.capacity, last.capacity.saturating_mul(64)),
        };
        let set = Arc::new(WokenSet::new(capacity));
        if let Some(parent) = &self.parent {
            set.register(parent);
        }
        let mut visit = Visit::default();
        set.attend(&mut visit);
        self.blocks.push(Block { first, capacity, set, visit });
    }
}

impl Drop for Roster {
    fn drop(&mut self) {
        for block in &self.blocks {
            block.set.retire();
        }
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster").field("blocks", &self.blocks.len()).finish_non_exhaustive()
    }
}
