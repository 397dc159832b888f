//! A generational slab: values in numbered slots, each reached by a key in constant time.
//!
//! A slab calls no code of its values, except that dropping the slab drops the values in it.
//!
//! A key is the slot's index and the slot's *generation*. Removing a value increments the
//! generation of its slot. So the key of a removed value, a *stale* key, finds nothing, even if the
//! slot contains another value. A slot whose generations are used up is never used again. Therefore
//! a key names one value for ever.
//!
//! ```text
//!             reserve                put
//!   VACANT ────────────► RESERVED ◄────────► FILLED         insert: VACANT to FILLED
//!      ▲                     │       take       │
//!      └─────────────────────┴──────────────────┘
//!          remove: the generation is incremented
//! ```
//!
//! The vacant slot with the lowest index is used first. So the values gather at low indices, and
//! values that are inserted one after the other lie side by side. If the slot vacated last were
//! used first, values that are removed in random order would leave a random order for all later
//! ones, and each insertion would miss the processor's cache. Of a few slots, the lowest is as
//! likely in the cache as the last.
//!
//! For the same reason the slots at the top become vacant when the number of values falls.
//! [`shrink`](Slab::shrink) gives them back. In place of their generations, the slab then keeps one
//! generation that none of them has exceeded, with which all later slots begin. So a stale key
//! stays stale.

use crate::bit_set::BitSet;

/// Names a value of a [`Slab`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    index: u32,
    generation: u32,
}

/// Half of a token's bits hold the index, and the other half the generation.
const HALF: u32 = usize::BITS / 2;
const LOWER_HALF: usize = (1 << HALF) - 1;

impl Key {
    /// A key that names no value of any slab.
    pub const NONE: Key = Key { index: u32::MAX, generation: u32::MAX };

    /// The index of the slot. No other value has this index at the same time.
    #[inline]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// The number of values that were in the slot before.
    #[inline]
    pub const fn generation(self) -> u32 {
        self.generation
    }

    /// The key as a number that an atomic can hold. [`Key::from_bits`] is the inverse.
    #[inline]
    pub const fn to_bits(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }

    /// The key that [`Key::to_bits`] packed.
    #[inline]
    pub const fn from_bits(bits: u64) -> Key {
        Key { index: bits as u32, generation: (bits >> 32) as u32 }
    }

    /// Packs the key into one word, or returns `None` if the index does not fit.
    ///
    /// On systems with 64 bits every key fits. With 32 bits, indexes up to 65534 fit, and the word
    /// holds the lower 16 bits of the generation. No token is `usize::MAX`. [`Slab::get_by_token`]
    /// looks a token up.
    #[inline]
    pub fn to_token(self) -> Option<usize> {
        let index = self.index as usize;
        let generation = self.generation as usize & LOWER_HALF;
        (index < LOWER_HALF).then_some(generation << HALF | index)
    }
}

/// Values by [`Key`].
#[derive(Debug)]
pub struct Slab<T> {
    slots: Vec<SlabSlot<T>>,
    vacant: BitSet,
    /// The number of slots that are reserved or filled.
    len: usize,
    /// The generation with which a new slot begins. No dropped slot had a value of this generation.
    first_generation: u32,
}

#[derive(Debug)]
struct SlabSlot<T> {
    /// The generation of the value in the slot, or of the next value if the slot is vacant.
    generation: u32,
    /// `None` if the slot is vacant or reserved.
    value: Option<T>,
}

/// The highest number of slots. No slot has this index.
const SLOTS_MAX: usize = u32::MAX as usize;

/// The number of values from which on a table grows by a quarter instead of by doubling. The system
/// allocates and moves so large a table by pages, without a copy.
const LARGE: usize = 4096;

/// The number of values for which a table has memory after its first growth.
const FIRST: usize = 4;

/// Gives memory for more values to a table that is full.
#[cold]
pub fn grow<T>(table: &mut Vec<T>) {
    let len = table.len();
    table.reserve_exact(if len < LARGE { len.max(FIRST) } else { len / 4 });
}

/// The maximum number of slots that one call of [`Slab::shrink`] drops.
const DROPPED_MAX: usize = 1 << 16;

/// The highest generation of a slot that may be dropped, so that later slots have many left.
const DROPPED_GENERATION_MAX: u32 = u32::MAX / 2;

/// The generation of a slot that is used up. No key has it.
const USED_UP: u32 = u32::MAX;

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab::new()
    }
}

impl<T> Slab<T> {
    /// An empty slab. It allocates nothing before the first insertion.
    pub const fn new() -> Slab<T> {
        Slab { slots: Vec::new(), vacant: BitSet::new(), len: 0, first_generation: 0 }
    }

    /// The number of values, including those for which a slot is [reserved](Slab::reserve).
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is neither a value nor a reserved slot.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Inserts a value and returns its key.
    ///
    /// # Panics
    /// If there are 2³² - 1 values.
    #[inline]
    pub fn insert(&mut self, value: T) -> Key {
        let key = self.reserve();
        self.slots[key.index as usize].value = Some(value);
        key
    }

    /// Reserves a slot for a value that contains its own key, and returns the key.
    /// [`put`](Slab::put) then fills the slot.
    ///
    /// # Panics
    /// If there are 2³² - 1 values.
    #[inline]
    pub fn reserve(&mut self) -> Key {
        let index = self.vacant.take_lowest().unwrap_or_else(|| self.add_slot());
        self.len += 1;
        Key { index, generation: self.slots[index as usize].generation }
    }

    fn add_slot(&mut self) -> u32 {
        let index = self.slots.len();
        assert!(index < SLOTS_MAX, "a slab holds fewer than 2^32 - 1 values");
        if index == self.slots.capacity() {
            grow(&mut self.slots);
        }
        self.slots.push(SlabSlot { generation: self.first_generation, value: None });
        index as u32
    }

    /// Drops vacant slots at the top, a bounded number, and halves the memory if three quarters of
    /// it are not used.
    pub fn shrink(&mut self) {
        for _ in 0..DROPPED_MAX {
            let Some(&SlabSlot { generation, .. }) = self.slots.last() else { break };
            // A slab has fewer than 2^32 slots.
            let last = self.slots.len() as u32 - 1;
            if generation > DROPPED_GENERATION_MAX || !self.vacant.remove(last) {
                break;
            }
            self.first_generation = self.first_generation.max(generation);
            self.slots.pop();
        }
        if self.slots.len() < self.slots.capacity() / 4 {
            self.slots.shrink_to(self.slots.capacity() / 2);
        }
    }

    /// Puts a value into its reserved slot: for the first time, or back after a
    /// [`take`](Slab::take).
    ///
    /// # Panics
    /// With debug assertions, if the key is stale or the slot is filled.
    #[inline]
    pub fn put(&mut self, key: Key, value: T) {
        let slot = &mut self.slots[key.index as usize];
        debug_assert_eq!(slot.generation, key.generation, "a value is put in by its own key");
        let former = slot.value.replace(value);
        debug_assert!(former.is_none(), "a value is put into a reserved slot");
    }

    /// Takes a value out and leaves its slot reserved. Returns `None` if the key is stale or the
    /// slot holds no value.
    #[inline]
    pub fn take(&mut self, key: Key) -> Option<T> {
        self.slot_mut(key)?.value.take()
    }

    /// The value in the slot with this index.
    #[inline]
    pub fn get_at(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.value.as_ref()
    }

    /// The value in the slot with this index.
    #[inline]
    pub fn get_at_mut(&mut self, index: u32) -> Option<&mut T> {
        self.slots.get_mut(index as usize)?.value.as_mut()
    }

    /// Takes the value out of the slot with this index, with its key, and leaves the slot reserved.
    #[inline]
    pub fn take_at(&mut self, index: u32) -> Option<(Key, T)> {
        let slot = self.slots.get_mut(index as usize)?;
        let value = slot.value.take()?;
        Some((Key { index, generation: slot.generation }, value))
    }

    /// Removes a value, or vacates its reserved slot. From now on the key is stale.
    ///
    /// Returns `None` if the slot was reserved. Does nothing if the key is stale already.
    #[inline]
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let value = slot.value.take();
        // No key has the generation `USED_UP`, so this addition does not overflow.
        slot.generation += 1;
        self.len -= 1;
        if slot.generation != USED_UP {
            self.vacant.insert(key.index);
        }
        value
    }

    /// Returns whether the key is not stale: the value is in its slot, or its slot is reserved.
    #[inline]
    pub fn contains(&self, key: Key) -> bool {
        self.slot(key).is_some()
    }

    /// The value of this key.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&T> {
        self.slot(key)?.value.as_ref()
    }

    /// The value of this key.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.slot_mut(key)?.value.as_mut()
    }

    /// The key of the first value whose slot has this index or a higher index.
    ///
    /// A loop that visits all values can use this method even if the slab changes between two
    /// calls.
    pub fn key_from(&self, index: u32) -> Option<Key> {
        // A slab has fewer than 2^32 slots.
        (index..self.slots.len() as u32).find_map(|index| self.key_at(index))
    }

    /// The value whose key [`Key::to_token`] packed, if it is in the slab.
    #[inline]
    pub fn get_by_token(&self, token: usize) -> Option<&T> {
        let slot = self.slots.get(token & LOWER_HALF)?;
        let generation = slot.generation as usize & LOWER_HALF;
        slot.value.as_ref().filter(|_| generation == token >> HALF)
    }

    /// The values with their keys, by index.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.slots.iter().zip(0..).filter_map(|(slot, index)| {
            let value = slot.value.as_ref()?;
            Some((Key { index, generation: slot.generation }, value))
        })
    }

    /// The values, by index.
    pub fn into_values(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().filter_map(|slot| slot.value)
    }

    /// The key of the value in the slot with this index.
    #[inline]
    pub fn key_at(&self, index: u32) -> Option<Key> {
        let slot = self.slots.get(index as usize)?;
        slot.value.as_ref()?;
        Some(Key { index, generation: slot.generation })
    }

    /// The slot of a key that is not stale.
    #[inline]
    fn slot(&self, key: Key) -> Option<&SlabSlot<T>> {
        let slot = self.slots.get(key.index as usize)?;
        (slot.generation == key.generation).then_some(slot)
    }

    /// The slot of a key that is not stale.
    #[inline]
    fn slot_mut(&mut self, key: Key) -> Option<&mut SlabSlot<T>> {
        let slot = self.slots.get_mut(key.index as usize)?;
        (slot.generation == key.generation).then_some(slot)
    }
}

#[cfg(test)]
mod tests;
