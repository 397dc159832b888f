//! A heap of small nodes, of which the least is first.
//!
//! A node has four children: nine levels hold eighty thousand nodes. The four children of a node
//! are a *family*, which fills one line of the processor's cache. So a node that moves down the
//! heap touches one line for each level.
//!
//! ```text
//!   place           0           the first node
//!               1  2  3  4      its children, family 0
//!         5 6 7 8  9 ...        family 1: the children of place 1, and so on
//! ```
//!
//! The children of the node at place `n` are family `n`.

use std::mem;

/// A timer's place in the order. From the highest bits down, it contains the deadline in
/// nanoseconds (64 bits), the timer's number (32 bits), and the index of its entry (32 bits). The
/// number is higher than the number of any timer inserted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HeapNode(u128);

impl HeapNode {
    /// Stands where a family has fewer than four nodes. It is greater than every node.
    const ABSENT: HeapNode = HeapNode(u128::MAX);

    pub(super) fn new(deadline: u64, number: u32, entry: u32) -> HeapNode {
        HeapNode(u128::from(deadline) << 64 | u128::from(number) << 32 | u128::from(entry))
    }

    pub(super) fn deadline(self) -> u64 {
        (self.0 >> 64) as u64
    }

    pub(super) fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The index of the entry.
    pub(super) fn entry(self) -> u32 {
        self.0 as u32
    }

    /// Returns whether the node has this number and belongs to the entry with this index.
    pub(super) fn is_of(self, entry: u32, number: u32) -> bool {
        self.entry() == entry && self.number() == number
    }
}

/// The number of children of a node.
const ARITY: usize = 4;

/// The children of one node.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Family([HeapNode; ARITY]);

impl Family {
    const EMPTY: Family = Family([HeapNode::ABSENT; ARITY]);

    /// The least node, and its place in the family.
    fn least(self) -> (HeapNode, usize) {
        let [a, b, c, d] = self.0;
        // Two rounds, as in a tournament: the processor can do both comparisons of the first round
        // at once.
        let left = if b < a { (b, 1) } else { (a, 0) };
        let right = if d < c { (d, 3) } else { (c, 2) };
        if right.0 < left.0 { right } else { left }
    }
}

/// Nodes, all of which are different.
#[derive(Debug)]
pub(super) struct NodeHeap {
    first: HeapNode,
    families: Vec<Family>,
    len: usize,
}

impl NodeHeap {
    pub(super) const fn new() -> NodeHeap {
        NodeHeap { first: HeapNode::ABSENT, families: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The least node.
    #[inline]
    pub(super) fn first(&self) -> Option<HeapNode> {
        (!self.is_empty()).then_some(self.first)
    }

    /// The node at the last place.
    #[inline]
    pub(super) fn last(&self) -> Option<HeapNode> {
        match self.len.checked_sub(2) {
            Some(child) => Some(self.families[child / ARITY].0[child % ARITY]),
            None => self.first(),
        }
    }

    /// The nodes, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = HeapNode> {
        let children = self.families.iter().flat_map(|family| family.0);
        std::iter::once(self.first).chain(children).take(self.len)
    }

    /// Appends a node, and moves it up until its parent is before it.
    #[inline]
    pub(super) fn push(&mut self, node: HeapNode) {
        let mut place = self.len;
        if place % ARITY == 1 {
            self.families.push(Family::EMPTY);
        }
        self.len += 1;
        while let Some(child) = place.checked_sub(1) {
            let parent = *self.at(child / ARITY);
            if parent < node {
                break;
            }
            *self.at(place) = parent;
            place = child / ARITY;
        }
        *self.at(place) = node;
    }

    /// Removes the last node.
    #[inline]
    pub(super) fn remove_last(&mut self) -> Option<HeapNode> {
        let last = self.len.checked_sub(1)?;
        self.len = last;
        let node = mem::replace(self.at(last), HeapNode::ABSENT);
        if last % ARITY == 1 {
            self.families.pop();
        }
        Some(node)
    }

    /// Removes the first node. The last node takes its place, and moves down until it is before its
    /// children.
    pub(super) fn remove_first(&mut self) {
        let Some(node) = self.remove_last() else { return };
        if self.is_empty() {
            return;
        }
        let mut place = 0;
        while let Some(family) = self.families.get(place) {
            let (child, index) = family.least();
            if node < child {
                break;
            }
            *self.at(place) = child;
            place = place * ARITY + 1 + index;
        }
        *self.at(place) = node;
    }

    /// Gives back half of the memory if three quarters of it are not used.
    pub(super) fn shrink(&mut self) {
        if self.families.len() < self.families.capacity() / 4 {
            self.families.shrink_to(self.families.capacity() / 2);
        }
    }

    #[inline]
    fn at(&mut self, place: usize) -> &mut HeapNode {
        match place.checked_sub(1) {
            Some(child) => &mut self.families[child / ARITY].0[child % ARITY],
            None => &mut self.first,
        }
    }
}

#[cfg(test)]
mod tests;
