//! The timers of a loop: a heap of small nodes, in which the nodes of removed timers stay for a
//! while.
//!
//! The queue is a plain value, generic over the value of a timer. It has two tables:
//!
//! - The *heap* orders the timers ([`NodeHeap`]). A node is one number of 128 bits, so one
//!   comparison decides the order, and a node moves through the heap without any access to the
//!   other table.
//! - The *entries* hold the values, in a slab. A timer that fires or is removed vacates its entry
//!   at once. The node of a removed timer stays where it is, *dead*: its number is no longer the
//!   entry's number. The entry need not know the place of its node, so a node moves by a copy.
//!
//! The first node is always alive, so the next deadline is known without a search. Before the dead
//! nodes greatly outnumber the live ones, the heap is swept, which costs each removal a few
//! nanoseconds.
//!
//! Timers with the same deadline fire in the order of their insertion.

mod node_heap;

use std::time::{Duration, Instant};

use runtime_core::clock::Clock;
use runtime_core::slab::{Key, Slab};

use crate::time::timer_queue::node_heap::{HeapNode, NodeHeap};

/// Identifies a timer. Once the timer has fired or has been removed, the key is stale.
pub(crate) type TimerKey = Key;

/// A queue of timers, each of which is a deadline with a value.
#[derive(Debug)]
pub(crate) struct TimerQueue<T> {
    /// The origin of the deadlines: the time when the first timer was inserted.
    start: Option<Instant>,
    heap: NodeHeap,
    entries: Slab<TimerEntry<T>>,
    /// The number of the next node.
    number: u32,
}

#[derive(Debug)]
struct TimerEntry<T> {
    /// The number of the entry's node. Any other node with this entry is dead.
    number: u32,
    value: T,
}

/// The deadline of a timer that never fires. It stands for all deadlines too far off for 64 bits of
/// nanoseconds, which hold 584 years.
const NEVER: u64 = u64::MAX;

/// The number of dead nodes below which a sweep is not worth its cost.
const SWEEP_MIN: usize = 32;

impl<T> Default for TimerQueue<T> {
    fn default() -> TimerQueue<T> {
        TimerQueue { start: None, heap: NodeHeap::new(), entries: Slab::new(), number: 0 }
    }
}

impl<T> TimerQueue<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The earliest deadline, or `None` if no timer will ever fire.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self.heap.first()?.deadline() {
            NEVER => None,
            deadline => self.start?.checked_add(Duration::from_nanos(deadline)),
        }
    }

    /// Inserts a timer. The clock is read for the first timer only. A deadline before the time of
    /// that reading is due at once.
    #[inline]
    pub(crate) fn insert(&mut self, clock: &Clock, deadline: Instant, value: T) -> TimerKey {
        if self.number == u32::MAX {
            self.sweep();
        }
        let start = *self.start.get_or_insert_with(|| clock.now());
        let number = self.number;
        self.number += 1;
        let key = self.entries.insert(TimerEntry { number, value });
        self.heap.push(HeapNode::new(nanoseconds(start, deadline), number, key.index()));
        key
    }

    /// Returns whether the timer has neither fired nor been removed.
    #[inline]
    pub(crate) fn contains(&self, key: TimerKey) -> bool {
        self.entries.contains(key)
    }

    /// The value of a timer that has neither fired nor been removed.
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// Removes a timer, if it has not fired.
    #[inline]
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<T> {
        let TimerEntry { number, value } = self.entries.remove(key)?;
        // The node of a recent timer is often still the last node. In that case the node is removed
        // at once, and the first node stays alive.
        if self.heap.last().is_some_and(|last| last.is_of(key.index(), number)) {
            self.heap.remove_last();
        } else {
            self.remove_dead();
        }
        Some(value)
    }

    /// The key of the timer that [`pop_due`](TimerQueue::pop_due) removes next.
    #[inline]
    pub(crate) fn due(&self, now: Instant) -> Option<TimerKey> {
        let first = self.heap.first()?;
        if first.deadline() > nanoseconds(self.start?, now) || first.deadline() == NEVER {
            return None;
        }
        self.entries.key_at(first.entry())
    }

    /// Removes the earliest timer if its deadline is not after `now`.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<T> {
        let entry = self.entries.remove(self.due(now)?);
        self.remove_dead();
        entry.map(|entry| entry.value)
    }

    /// Gives back vacant entries at the top, and half of the heap's memory if three quarters of it
    /// are not used.
    pub(crate) fn shrink(&mut self) {
        self.entries.shrink();
        self.heap.shrink();
    }

    /// Visits the timers that have neither fired nor been removed, with their deadlines, in no
    /// particular order. The deadline is `None` if the timer never fires.
    pub(crate) fn visit(&mut self, visit: &mut dyn FnMut(Option<Instant>, &mut T)) {
        for node in self.heap.iter() {
            let entry = self.entries.get_at_mut(node.entry());
            if let Some(entry) = entry.filter(|entry| entry.number == node.number()) {
                let after = Some(node.deadline()).filter(|&deadline| deadline != NEVER);
                let after = after.map(Duration::from_nanos);
                visit(after.and_then(|after| self.start?.checked_add(after)), &mut entry.value);
            }
        }
    }

    /// The values of the timers that have neither fired nor been removed, in no particular order.
    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.entries.into_values().map(|entry| entry.value)
    }

    fn is_alive(&self, node: HeapNode) -> bool {
        self.entries.get_at(node.entry()).is_some_and(|entry| entry.number == node.number())
    }

    /// Removes dead nodes until the first node is alive, or all dead nodes if there are many.
    fn remove_dead(&mut self) {
        while let Some(first) = self.heap.first()
            && !self.is_alive(first)
        {
            self.heap.remove_first();
        }
        if self.heap.len() > 2 * self.entries.len() + SWEEP_MIN {
            self.sweep();
        }
    }

    /// Removes all dead nodes and renumbers the others in their order, so that numbers do not run
    /// out however long the loop lives.
    #[cold]
    fn sweep(&mut self) {
        let mut alive: Vec<_> = self.heap.iter().filter(|&node| self.is_alive(node)).collect();
        alive.sort_unstable();
        self.heap = NodeHeap::new();
        self.number = 0;
        for node in alive {
            self.heap.push(HeapNode::new(node.deadline(), self.number, node.entry()));
            if let Some(entry) = self.entries.get_at_mut(node.entry()) {
                entry.number = self.number;
            }
            self.number += 1;
        }
    }
}

/// The nanoseconds from `start` to `instant`, or 0 if `instant` is earlier.
#[inline]
fn nanoseconds(start: Instant, instant: Instant) -> u64 {
    let since = instant.saturating_duration_since(start);
    u64::try_from(since.as_nanos()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests;
