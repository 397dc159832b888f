//! A list from which items are removed anywhere.

use std::collections::BTreeMap;

/// Items in the order of their insertion. A place is a number that only grows.
#[derive(Clone, Debug)]
pub(crate) struct OrderedItems<T> {
    items: BTreeMap<u64, T>,
}

impl<T> Default for OrderedItems<T> {
    fn default() -> OrderedItems<T> {
        OrderedItems { items: BTreeMap::new() }
    }
}

impl<T> OrderedItems<T> {
    /// Appends an item. `place` is higher than every former place.
    pub(crate) fn insert(&mut self, place: u64, item: T) {
        self.items.insert(place, item);
    }

    pub(crate) fn remove(&mut self, place: u64) -> Option<T> {
        self.items.remove(&place)
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.values()
    }

    pub(crate) fn pop_first(&mut self) -> Option<T> {
        self.items.pop_first().map(|(_place, item)| item)
    }

    /// Moves all items of `from` to the end. Their places stay.
    pub(crate) fn append(&mut self, from: &mut OrderedItems<T>) {
        self.items.append(&mut from.items);
    }
}
