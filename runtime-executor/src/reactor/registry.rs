//! Which source a token means. A plain value, generic over the sources.
//!
//! A token is a slot's index and its generation, half of the bits each. The generation grows
//! whenever the slot is vacated, so an old token means nobody, although the slot has a new source.

const HALF: u32 = usize::BITS / 2;
const INDEX: usize = (1 << HALF) - 1;

/// No source's token.
pub(super) const ALARM: usize = usize::MAX;

#[derive(Debug)]
pub(super) struct Table<S> {
    slots: Vec<Slot<S>>,
    vacant: Vec<usize>,
}

#[derive(Debug)]
struct Slot<S> {
    generation: usize,
    source: Option<S>,
}

impl<S> Table<S> {
    pub(super) fn new() -> Table<S> {
        Table { slots: Vec::new(), vacant: Vec::new() }
    }

    /// How many sources there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// Gives a source its token.
    ///
    /// # Panics
    /// If there are as many as half a word can count, of which no system has the descriptors.
    pub(super) fn insert(&mut self, source: S) -> usize {
        let index = self.vacant.pop().unwrap_or_else(|| {
            assert!(self.slots.len() < INDEX, "more sockets than a token can name");
            self.slots.push(Slot { generation: 0, source: None });
            self.slots.len() - 1
        });
        let slot = &mut self.slots[index];
        slot.source = Some(source);
        slot.generation << HALF | index
    }

    pub(super) fn get(&self, token: usize) -> Option<&S> {
        let slot = self.slots.get(token & INDEX)?;
        slot.source.as_ref().filter(|_| slot.generation == token >> HALF)
    }

    /// Takes a source out. Its token means nobody from now on.
    pub(super) fn remove(&mut self, token: usize) -> Option<S> {
        self.get(token)?;
        let index = token & INDEX;
        self.vacant.push(index);
        let slot = &mut self.slots[index];
        slot.generation = slot.generation.wrapping_add(1) & INDEX;
        slot.source.take()
    }

    /// Takes all of them out.
    pub(super) fn into_sources(self) -> impl Iterator<Item = S> {
        self.slots.into_iter().filter_map(|slot| slot.source)
    }
}
