//! The timers of a loop: a heap of small keys, in which what was dropped is dead and stays a while.
//!
//! A plain value, generic over what it keeps for each timer. Two tables:
//!
//! - The *heap* says which timer is next. A node is one number of 128 bits, so one comparison
//!   settles the order, and nothing else is read or written on the way through the heap. Four
//!   children to a node: nine levels hold eighty thousand timers, and the children of a node lie
//!   side by side, within 64 bytes.
//! - The *entries* hold the values. A timer that fires or is removed leaves its entry at once, and
//!   the next timer gets it. The node of a removed timer stays where it is, *dead*: its number is
//!   not the entry's number any more. Because the entry need not know where its node is, a node
//!   moves by being copied.
//!
//! The first node is always alive, so the next deadline is at hand. There are never many more dead
//! nodes than live ones: before that the heap is swept, which costs each removal a few nanoseconds.
//!
//! Timers with the same deadline come out in the order in which they went in.

use std::mem;
use std::time::{Duration, Instant};

use runtime_core::clock::Clock;

/// Names a timer until it has fired or was removed; then it names nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    index: u32,
    generation: u32,
}

/// Deadlines, each with a value.
#[derive(Debug)]
pub(crate) struct TimerQueue<T> {
    /// What the deadlines count from: the time when the first timer was set.
    start: Option<Instant>,
    heap: Vec<Node>,
    entries: Vec<Entry<T>>,
    vacant: Vec<u32>,
    /// The number of the next node.
    number: u32,
}

/// A timer's place in the order: from the highest bits down, its deadline in nanoseconds (64), its
/// number (32), which is higher than that of any timer before it, and its entry (32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node(u128);

impl Node {
    fn new(deadline: u64, number: u32, entry: u32) -> Node {
        Node(u128::from(deadline) << 64 | u128::from(number) << 32 | u128::from(entry))
    }

    fn deadline(self) -> u64 {
        (self.0 >> 64) as u64
    }

    fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn entry(self) -> usize {
        self.0 as u32 as usize
    }

    /// Whether it is the node of this entry, which has this number.
    fn is_of(self, entry: usize, number: u32) -> bool {
        self.entry() == entry && self.number() == number
    }
}

#[derive(Debug)]
struct Entry<T> {
    /// Of the node; any other node with this entry is dead.
    number: u32,
    /// Of the key. It grows when the entry is left, so that no key names a vacant one.
    generation: u32,
    /// `None` if the entry is vacant, and then all its nodes are dead.
    value: Option<T>,
}

/// Children per node.
const WAYS: usize = 4;

/// A deadline so far off that 64 bits do not hold its nanoseconds, 584 years, never comes.
const NEVER: u64 = u64::MAX;

/// So many dead nodes are not worth a sweep.
const DEAD_MIN: usize = 32;

impl<T> Default for TimerQueue<T> {
    fn default() -> TimerQueue<T> {
        TimerQueue {
            start: None,
            heap: Vec::new(),
            entries: Vec::new(),
            vacant: Vec::new(),
            number: 0,
        }
    }
}

impl<T> TimerQueue<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The earliest deadline that can come.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.heap.first()?.deadline() {
            NEVER => None,
            deadline => self.start?.checked_add(Duration::from_nanos(deadline)),
        }
    }

    /// Sets a timer by this clock, which is asked the time for the first one only. One whose
    /// deadline was past even then is due now.
    #[inline]
    pub(crate) fn insert(&mut self, clock: &Clock, deadline: Instant, value: T) -> TimerKey {
        if self.number == u32::MAX {
            self.sweep();
        }
        let start = *self.start.get_or_insert_with(|| clock.now());
        let number = self.number;
        self.number += 1;
        let index = self.vacant.pop().unwrap_or_else(|| self.add_entry());
        let entry = &mut self.entries[index as usize];
        entry.number = number;
        entry.value = Some(value);
        let key = TimerKey { index, generation: entry.generation };
        self.push(Node::new(nanoseconds(start, deadline), number, index));
        key
    }

    fn add_entry(&mut self) -> u32 {
        let index = u32::try_from(self.entries.len()).expect("fewer than 2^32 timers at a time");
        self.entries.push(Entry { number: 0, generation: 0, value: None });
        index
    }

    /// Whether the timer has neither fired nor been removed.
    #[inline]
    pub(crate) fn contains(&self, key: TimerKey) -> bool {
        self.entries.get(key.index as usize).is_some_and(|entry| entry.generation == key.generation)
    }

    /// The value of a timer that has neither fired nor been removed.
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.index as usize)?;
        if entry.generation == key.generation { entry.value.as_mut() } else { None }
    }

    /// Removes a timer, if it has not fired.
    #[inline]
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<T> {
        if !self.contains(key) {
            return None;
        }
        let index = key.index as usize;
        // One that was set a moment ago is often the last node still. The first one stays alive.
        if self.heap.last().is_some_and(|last| last.is_of(index, self.entries[index].number)) {
            self.heap.pop();
            return self.vacate(index);
        }
        let value = self.vacate(index);
        self.bury();
        value
    }

    /// Removes the earliest timer if its deadline is not after `now`.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<T> {
        let first = *self.heap.first()?;
        if first.deadline() > nanoseconds(self.start?, now) || first.deadline() == NEVER {
            return None;
        }
        let value = self.vacate(first.entry());
        self.bury();
        value
    }

    /// What was kept for the timers that have neither fired nor been removed, in no order.
    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.entries.into_iter().filter_map(|entry| entry.value)
    }

    /// Empties an entry, so that its node is dead.
    #[inline]
    fn vacate(&mut self, index: usize) -> Option<T> {
        let entry = &mut self.entries[index];
        entry.generation = entry.generation.wrapping_add(1);
        // Entries are counted in 32 bits.
        self.vacant.push(index as u32);
        entry.value.take()
    }

    fn is_alive(&self, node: Node) -> bool {
        let entry = &self.entries[node.entry()];
        entry.number == node.number() && entry.value.is_some()
    }

    /// Takes dead nodes off the top until the first node is alive; all of them, if they are many.
    fn bury(&mut self) {
        while let Some(&first) = self.heap.first()
            && !self.is_alive(first)
        {
            self.pop();
        }
        let alive = self.entries.len() - self.vacant.len();
        if self.heap.len() > 2 * alive + DEAD_MIN {
            self.sweep();
        }
    }

    /// Throws all dead nodes out and numbers the others anew, in their order: so numbers do not
    /// run out, however long the loop lives. Sorted nodes are a heap.
    #[cold]
    fn sweep(&mut self) {
        let mut heap = mem::take(&mut self.heap);
        heap.retain(|&node| self.is_alive(node));
        heap.sort_unstable();
        self.number = 0;
        for node in &mut heap {
            *node = Node::new(node.deadline(), self.number, node.entry() as u32);
            self.entries[node.entry()].number = self.number;
            self.number += 1;
        }
        self.heap = heap;
    }

    /// Adds a node at the end, and moves it up to where its parent is before it.
    #[inline]
    fn push(&mut self, node: Node) {
        let mut place = self.heap.len();
        self.heap.push(node);
        while let Some(parent) = place.checked_sub(1).map(|place| place / WAYS) {
            if self.heap[parent] < node {
                break;
            }
            self.heap.swap(parent, place);
            place = parent;
        }
    }

    /// Removes the first node: the last one takes its place, and moves down to where it is before
    /// its children.
    fn pop(&mut self) {
        let Some(node) = self.heap.pop() else { return };
        let mut place = 0;
        while let Some(child) = self.first_child(place) {
            if node < self.heap[child] {
                break;
            }
            self.heap[place] = self.heap[child];
            place = child;
        }
        if let Some(hole) = self.heap.get_mut(place) {
            *hole = node;
        }
    }

    /// The earliest of the children of `place`.
    fn first_child(&self, place: usize) -> Option<usize> {
        let first = place * WAYS + 1;
        let earlier = |a: usize, b: usize| if self.heap[b] < self.heap[a] { b } else { a };
        if first + WAYS <= self.heap.len() {
            // As in a tournament: the two halves do not wait for each other.
            return Some(earlier(earlier(first, first + 1), earlier(first + 2, first + 3)));
        }
        (first..self.heap.len()).reduce(earlier)
    }
}

/// From `start` to `instant`; nought if that is before it.
#[inline]
fn nanoseconds(start: Instant, instant: Instant) -> u64 {
    let since = instant.saturating_duration_since(start);
    u64::try_from(since.as_nanos()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests;
