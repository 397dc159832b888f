//! A set of small numbers, of which the lowest is found in constant time: a bitmap with a summary.
//!
//! ```text
//!              leaf 0      leaf 1      leaf 2    ...   64 numbers for each leaf
//!   leaves   [ 0000...00 | 0100...10 | 0000...00 | ...
//!                            ▲ lowest
//!   summary  [ ·1·1 ...                                a bit for each leaf
//! ```
//!
//! - No leaf before `lowest` contains a number.
//! - A leaf after `lowest` that contains a number has its bit in the summary. The bit of a leaf
//!   that became empty is cleared when a search meets it, so each search pays for bits that were
//!   set before.
//!
//! Taking or inserting a number of the leaf `lowest` therefore changes one word. Only if that leaf
//! is empty does a search go through the summary, which has a word for 4,096 numbers. A set takes
//! one bit and a 64th of a bit for each number up to the highest.

/// A set of numbers.
#[derive(Debug)]
pub struct BitSet {
    leaves: Vec<u64>,
    summary: Vec<u64>,
    lowest: usize,
    len: usize,
}

const BITS: u32 = u64::BITS;

impl Default for BitSet {
    fn default() -> BitSet {
        BitSet::new()
    }
}

impl BitSet {
    /// An empty set. It allocates nothing before the first insertion.
    pub const fn new() -> BitSet {
        BitSet { leaves: Vec::new(), summary: Vec::new(), lowest: 0, len: 0 }
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the set contains no number.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns whether the set contains this number.
    #[inline]
    pub fn contains(&self, number: u32) -> bool {
        let (place, bit) = place(number);
        self.leaves.get(place).is_some_and(|leaf| leaf & bit != 0)
    }

    /// Inserts a number that the set does not contain.
    #[inline]
    pub fn insert(&mut self, number: u32) {
        debug_assert!(!self.contains(number), "a number is inserted once");
        let (place, bit) = place(number);
        match self.leaves.get_mut(place) {
            Some(leaf) if place == self.lowest => *leaf |= bit,
            _ => self.insert_elsewhere(place, bit),
        }
        self.len += 1;
    }

    /// Inserts a number of another leaf than `lowest`, or of a leaf that does not exist yet.
    fn insert_elsewhere(&mut self, place: usize, bit: u64) {
        if self.leaves.len() <= place {
            self.leaves.resize(place + 1, 0);
        }
        self.leaves[place] |= bit;
        // The earlier of the two leaves is `lowest` from now on, and the summary has the later one.
        let later = place.max(self.lowest);
        self.lowest = place.min(self.lowest);
        let (word, bit) = (later / BITS as usize, 1 << (later % BITS as usize));
        if self.summary.len() <= word {
            self.summary.resize(word + 1, 0);
        }
        self.summary[word] |= bit;
    }

    /// Removes the lowest number and returns it.
    #[inline]
    pub fn take_lowest(&mut self) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        if self.leaves[self.lowest] == 0 {
            self.lowest = self.next_leaf();
        }
        let leaf = &mut self.leaves[self.lowest];
        let bit = leaf.trailing_zeros();
        *leaf &= leaf.wrapping_sub(1);
        self.len -= 1;
        // A number has 32 bits, so its leaf's index has fewer.
        Some(self.lowest as u32 * BITS + bit)
    }

    /// The first leaf that is not empty, if the leaf `lowest` is. The set must not be empty.
    fn next_leaf(&mut self) -> usize {
        let mut word = self.lowest / BITS as usize;
        loop {
            let bits = &mut self.summary[word];
            if *bits == 0 {
                word += 1;
                continue;
            }
            let place = word * BITS as usize + bits.trailing_zeros() as usize;
            if self.leaves.get(place).is_some_and(|&leaf| leaf != 0) {
                return place;
            }
            *bits &= *bits - 1;
        }
    }

    /// Removes the highest number and returns it.
    pub fn take_highest(&mut self) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        while self.leaves.last() == Some(&0) {
            self.leaves.pop();
        }
        let place = self.leaves.len() - 1;
        let number = place as u32 * BITS + self.leaves[place].ilog2();
        self.remove(number);
        Some(number)
    }

    /// Removes a number. Returns whether the set contained it.
    pub fn remove(&mut self, number: u32) -> bool {
        let (place, bit) = place(number);
        let Some(leaf) = self.leaves.get_mut(place).filter(|leaf| **leaf & bit != 0) else {
            return false;
        };
        *leaf ^= bit;
        self.len -= 1;
        true
    }
}

/// The leaf of a number, and the number's bit there.
#[inline]
fn place(number: u32) -> (usize, u64) {
    ((number / BITS) as usize, 1 << (number % BITS))
}

#[cfg(test)]
mod tests;
