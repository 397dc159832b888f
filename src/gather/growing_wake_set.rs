//! [`GrowingWakeSet`]: a wake set for groups whose size is not known beforehand.
//!
//! A wake set has a fixed capacity, because wakers on other threads access it. A growing wake set
//! is a list of blocks. Each block has a wake set of its own, and is 64 times as large as the block
//! before it. A million children need four blocks, and a poll in which no child was woken reads
//! four words.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use super::wake_set::{AfterVisit, Visit, WakeSet};

/// The minimum capacity of a block: a wake set of 63 children is a single word.
const BLOCK_MIN: usize = 63;
/// The maximum capacity of the first block, whatever length an iterator claims.
const BLOCK_FIRST_MAX: usize = BLOCK_MIN * 64 * 64;

/// The number of a slot of a group. A slot holds one child at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildSlot(pub(crate) usize);

/// Records which slots of a group were woken.
///
/// Owned by the group's future. Dropping the set retires its blocks: wakers that outlive the group
/// wake no task, and keep no part of the task alive.
pub struct GrowingWakeSet {
    /// The number of slots for which the first block is made.
    expected: usize,
    /// The first block is in no vector, because most groups need no other one.
    first: Option<WakeBlock>,
    more: Vec<WakeBlock>,
    /// The index of the block that the present visit has reached.
    visited: usize,
    /// The task's waker, which is registered with every block. The next poll compares its own waker
    /// with this copy, without taking the locks of the blocks.
    parent: Option<Arc<Waker>>,
}

/// A range of slots with a wake set.
struct WakeBlock {
    /// The slot that is child 0 of the set.
    first: usize,
    capacity: usize,
    set: Arc<WakeSet>,
    visit: Visit,
}

impl GrowingWakeSet {
    /// Makes a set for a group that will probably use `expected` slots.
    pub(crate) fn new(expected: usize) -> Self {
        Self { expected, first: None, more: Vec::new(), visited: 0, parent: None }
    }

    fn blocks(&self) -> impl Iterator<Item = &WakeBlock> {
        self.first.iter().chain(&self.more)
    }

    /// Lowers the expected number of slots.
    pub(super) fn limit(&mut self, slots_max: usize) {
        self.expected = self.expected.min(slots_max);
    }

    /// Begins a visit of every block (steps G4 and G5).
    ///
    /// The task's waker is cloned first, so that no wake is lost if the clone panics.
    pub(crate) fn attend(&mut self, parent: &Waker) {
        if !self.parent.as_ref().is_some_and(|known| known.will_wake(parent)) {
            let parent = Arc::new(parent.clone());
            for block in self.blocks() {
                block.set.register(&parent);
            }
            self.parent = Some(parent);
        }
        for block in self.first.iter_mut().chain(&mut self.more) {
            block.set.attend(&mut block.visit);
        }
        self.visited = 0;
    }

    /// Returns the next slot that was woken before this visit reached it.
    #[inline]
    pub(crate) fn next_woken(&mut self) -> Option<ChildSlot> {
        loop {
            let block = match self.visited.checked_sub(1) {
                None => self.first.as_mut()?,
                Some(index) => self.more.get_mut(index)?,
            };
            if let Some(child) = block.visit.next(&block.set) {
                return Some(ChildSlot(block.first + child));
            }
            self.visited += 1;
        }
    }

    /// The task's waker, or a waker without effect before the first visit.
    pub(crate) fn parent(&self) -> Waker {
        self.parent.as_deref().unwrap_or(Waker::noop()).clone()
    }

    /// Ends the visit, and wakes the task once if a slot was woken after the visit had passed that
    /// slot (step G7).
    pub(crate) fn leave(&self, parent: &Waker) {
        let mut woken = false;
        for block in self.blocks() {
            woken |= block.set.leave() == AfterVisit::WakeAgain;
        }
        if woken {
            parent.wake_by_ref();
        }
    }

    /// Makes the waker of a slot. The slot keeps the waker for every child that uses the slot. A
    /// stale clone of the waker costs the slot's present child a needless poll, and nothing else.
    ///
    /// The slot must have a waker already, or be the first slot without a waker. If a new block is
    /// made for the slot, the block is marked at once as being visited. During a visit the other
    /// blocks have this mark, too. Before the first visit no wake is needed, because the first poll
    /// will come anyway.
    pub(crate) fn waker(&mut self, ChildSlot(slot): ChildSlot) -> Waker {
        if slot == self.capacity() {
            self.grow();
        }
        let block = self.more.iter().rfind(|block| block.first <= slot).or(self.first.as_ref());
        let block = block.expect("the first block begins at slot 0");
        block.set.child_waker(slot - block.first)
    }

    /// The number of slots for which there are blocks.
    fn capacity(&self) -> usize {
        self.last().map_or(0, |block| block.first + block.capacity)
    }

    fn last(&self) -> Option<&WakeBlock> {
        self.more.last().or(self.first.as_ref())
    }

    #[cold]
    fn grow(&mut self) {
        let (first, capacity) = match self.last() {
            None => (0, self.expected.clamp(BLOCK_MIN, BLOCK_FIRST_MAX)),
            Some(last) => (last.first + last.capacity, last.capacity.saturating_mul(64)),
        };
        let set = Arc::new(WakeSet::new(capacity));
        if let Some(parent) = &self.parent {
            set.register(parent);
        }
        let mut visit = Visit::default();
        set.attend(&mut visit);
        let block = WakeBlock { first, capacity, set, visit };
        match &mut self.first {
            None => self.first = Some(block),
            Some(_) => self.more.push(block),
        }
    }
}

impl Drop for GrowingWakeSet {
    fn drop(&mut self) {
        for block in self.blocks() {
            block.set.retire();
        }
    }
}

impl fmt::Debug for GrowingWakeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrowingWakeSet").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}
