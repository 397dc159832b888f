//! The timers of a loop: a heap of deadlines in which every entry knows its place.
//!
//! A plain value, generic over what it keeps for each timer. A four-way heap is shallow (nine
//! levels hold eighty thousand timers) and its children lie side by side in memory. Because an
//! entry's place is kept up to date in a table, a timer that is dropped early is really removed,
//! in O(log n), instead of lying about until its deadline.
//!
//! Timers with the same deadline come out in the order in which they went in.

use std::time::Instant;

/// Names a timer until it has fired or was removed; then it names nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    index: u32,
    generation: u32,
}

/// Deadlines, each with a value.
#[derive(Debug)]
pub(crate) struct TimerQueue<T> {
    heap: Vec<Node>,
    entries: Vec<Entry<T>>,
    vacant: Vec<u32>,
    inserted: u64,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    deadline: Instant,
    /// Breaks ties: first in, first out.
    sequence: u64,
    entry: u32,
}

impl Node {
    fn is_before(&self, other: &Node) -> bool {
        (self.deadline, self.sequence) < (other.deadline, other.sequence)
    }
}

#[derive(Debug)]
struct Entry<T> {
    /// Where in the heap; meaningless while `value` is `None`.
    place: u32,
    generation: u32,
    value: Option<T>,
}

/// Children per node.
const WAYS: usize = 4;

impl<T> Default for TimerQueue<T> {
    fn default() -> TimerQueue<T> {
        TimerQueue { heap: Vec::new(), entries: Vec::new(), vacant: Vec::new(), inserted: 0 }
    }
}

impl<T> TimerQueue<T> {
    /// The earliest deadline.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.heap.first().map(|node| node.deadline)
    }

    pub(crate) fn insert(&mut self, deadline: Instant, value: T) -> TimerKey {
        let index = self.vacant.pop().unwrap_or_else(|| self.add_entry());
        let entry = &mut self.entries[index as usize];
        entry.value = Some(value);
        let key = TimerKey { index, generation: entry.generation };
        let node = Node { deadline, sequence: self.inserted, entry: index };
        self.inserted += 1;
        self.heap.push(node);
        self.rise(self.heap.len() - 1, node);
        key
    }

    fn add_entry(&mut self) -> u32 {
        let index = u32::try_from(self.entries.len()).expect("fewer than 2^32 timers at a time");
        self.entries.push(Entry { place: 0, generation: 0, value: None });
        index
    }

    /// The value of a timer that has neither fired nor been removed.
    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.index as usize)?;
        if entry.generation != key.generation {
            return None;
        }
        entry.value.as_mut()
    }

    /// Removes a timer, if it has not fired.
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<T> {
        self.get_mut(key)?;
        let place = self.entries[key.index as usize].place as usize;
        self.remove_at(place)
    }

    /// Removes the earliest timer if its deadline is not after `now`.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<T> {
        if self.next_deadline()? > now {
            return None;
        }
        self.remove_at(0)
    }

    /// What was kept for the timers that have neither fired nor been removed, in no order.
    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.entries.into_iter().filter_map(|entry| entry.value)
    }

    fn remove_at(&mut self, place: usize) -> Option<T> {
        let removed = self.heap.swap_remove(place);
        if let Some(&moved) = self.heap.get(place) {
            // The last node took the place; it may belong above it or below it.
            self.sink(place, moved);
            let place = self.entries[moved.entry as usize].place as usize;
            self.rise(place, moved);
        }
        let entry = &mut self.entries[removed.entry as usize];
        entry.generation = entry.generation.wrapping_add(1);
        self.vacant.push(removed.entry);
        entry.value.take()
    }

    /// Moves `node`, which is at `place`, up to where its parent is not after it.
    fn rise(&mut self, mut place: usize, node: Node) {
        while place > 0 {
            let parent = (place - 1) / WAYS;
            if !node.is_before(&self.heap[parent]) {
                break;
            }
            self.settle(place, self.heap[parent]);
            place = parent;
        }
        self.settle(place, node);
    }

    /// Moves `node`, which is at `place`, down to where no child is before it.
    fn sink(&mut self, mut place: usize, node: Node) {
        while let Some(child) = self.first_child(place) {
            if !self.heap[child].is_before(&node) {
                break;
            }
            self.settle(place, self.heap[child]);
            place = child;
        }
        self.settle(place, node);
    }

    /// The earliest of the children of `place`.
    fn first_child(&self, place: usize) -> Option<usize> {
        let first = place * WAYS + 1;
        let mut children = first..self.heap.len().min(first + WAYS);
        let mut earliest = children.next()?;
        for child in children {
            if self.heap[child].is_before(&self.heap[earliest]) {
                earliest = child;
            }
        }
        Some(earliest)
    }

    fn settle(&mut self, place: usize, node: Node) {
        self.heap[place] = node;
        // The heap has an entry per node, and those were counted in 32 bits.
        self.entries[node.entry as usize].place = place as u32;
    }
}

#[cfg(test)]
mod tests;
