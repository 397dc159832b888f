//! Tests of the slab: step by step, and by comparison with a map.

use std::collections::BTreeMap;

use super::*;

fn key(index: u32, generation: u32) -> Key {
    Key { index, generation }
}

#[test]
fn the_lowest_vacant_slot_is_used_first_with_the_next_generation() {
    let mut slab = Slab::new();
    let keys: Vec<Key> = (0..3).map(|value| slab.insert(value)).collect();
    assert_eq!(keys, [key(0, 0), key(1, 0), key(2, 0)]);
    assert_eq!(slab.remove(keys[0]), Some(0));
    assert_eq!(slab.remove(keys[2]), Some(2));
    assert_eq!(slab.insert(3), key(0, 1));
    assert_eq!(slab.insert(4), key(2, 1));
    assert_eq!(slab.insert(5), key(3, 0));
}

#[test]
fn a_stale_key_finds_nothing_and_removes_nothing() {
    let mut slab = Slab::new();
    let stale = slab.insert('a');
    slab.remove(stale);
    for key in [stale, Key::NONE, key(7, 0)] {
        assert!(!slab.contains(key));
        assert_eq!(slab.get(key), None);
        assert_eq!(slab.get_mut(key), None);
        assert_eq!((slab.take(key), slab.remove(key)), (None, None));
    }
    let fresh = slab.insert('b');
    assert_eq!(fresh.index(), stale.index());
    assert_eq!((slab.remove(stale), slab.get(fresh), slab.len()), (None, Some(&'b'), 1));
}

#[test]
fn a_reserved_slot_counts_and_holds_nothing() {
    let mut slab = Slab::new();
    let key = slab.reserve();
    assert!(slab.contains(key) && !slab.is_empty());
    assert_eq!((slab.get(key), slab.key_at(0), slab.key_from(0)), (None, None, None));
    slab.put(key, 'a');
    assert_eq!(
        (slab.get(key), slab.key_at(0), slab.key_from(0)),
        (Some(&'a'), Some(key), Some(key))
    );
    assert_eq!((slab.take(key), slab.take(key)), (Some('a'), None));
    assert!(slab.contains(key));
    slab.put(key, 'b');
    assert_eq!(slab.take(key), Some('b'));
    assert_eq!((slab.remove(key), slab.len()), (None, 0), "a reserved slot is vacated");
    assert!(!slab.contains(key));
}

#[test]
fn a_slot_whose_generations_are_used_up_is_not_used_again() {
    let mut slab = Slab::new();
    slab.insert('a');
    slab.slots[0].generation = USED_UP - 1;
    let last = key(0, USED_UP - 1);
    assert_eq!(slab.remove(last), Some('a'));
    assert!(!slab.contains(last));
    assert_eq!((slab.insert('b'), slab.len()), (key(1, 0), 1));
}

#[test]
fn a_key_of_a_dropped_slot_stays_stale() {
    let mut slab = Slab::new();
    let keys: Vec<Key> = (0..100).map(|value| slab.insert(value)).collect();
    keys[10..].iter().for_each(|&key| assert!(slab.remove(key).is_some()));
    let again = slab.insert(100);
    assert_eq!(again, key(10, 1));
    slab.remove(again);
    slab.shrink();
    assert_eq!((slab.slots.len(), slab.len()), (10, 10));
    assert_eq!((slab.get(keys[50]), slab.get(again)), (None, None));
    let grown: Vec<Key> = (0..100).map(|value| slab.insert(value)).collect();
    assert_eq!(grown[0], key(10, 2), "no key of a dropped slot has this generation or a later one");
    assert!(grown.iter().all(|key| key.generation == 2));
    assert!(keys[10..].iter().all(|&key| !slab.contains(key)));
}

#[test]
fn a_slot_that_is_used_or_nearly_used_up_is_not_dropped() {
    let mut slab = Slab::new();
    let keys: Vec<Key> = (0..3).map(|value| slab.insert(value)).collect();
    slab.slots[1].generation = DROPPED_GENERATION_MAX;
    assert_eq!(slab.remove(key(1, DROPPED_GENERATION_MAX)), Some(1));
    slab.shrink();
    assert_eq!(slab.slots.len(), 3, "the last slot is used");
    slab.remove(keys[2]);
    slab.shrink();
    assert_eq!(slab.slots.len(), 2, "the generation is too high");
    assert_eq!(slab.insert(4), key(1, DROPPED_GENERATION_MAX + 1));
}

#[test]
fn the_memory_of_dropped_slots_is_given_back_in_steps() {
    let mut slab = Slab::new();
    let keys: Vec<Key> = (0..100_000).map(|value| slab.insert(value)).collect();
    let most = slab.slots.capacity();
    assert!(most <= 125_000, "a large slab grows by a quarter: {most}");
    keys[1..].iter().for_each(|&key| assert!(slab.remove(key).is_some()));
    slab.shrink();
    assert_eq!((slab.slots.len(), slab.slots.capacity()), (100_000 - DROPPED_MAX, most));
    for _ in 0..30 {
        slab.shrink();
    }
    assert!(slab.slots.len() == 1 && slab.slots.capacity() < 10, "{}", slab.slots.capacity());
    assert_eq!(slab.get(keys[0]), Some(&0));
}

#[test]
fn a_token_is_found_until_its_value_is_removed() {
    let mut slab = Slab::new();
    let first = slab.insert('a');
    let token = first.to_token().expect("a small index fits");
    assert_eq!(slab.get_by_token(token), Some(&'a'));
    slab.remove(first);
    assert_eq!(slab.get_by_token(token), None);
    let second = slab.insert('b');
    assert_eq!(slab.get_by_token(token), None, "the slot has another value");
    assert_ne!(second.to_token(), Some(token));
    assert_eq!(slab.get_by_token(usize::MAX), None);
    assert_eq!(Key::NONE.to_token(), None);
    assert_ne!(key(u32::MAX - 1, u32::MAX).to_token(), Some(usize::MAX));
}

#[test]
fn values_are_visited_by_index() {
    let mut slab = Slab::new();
    let keys: Vec<Key> = (0..4).map(|value| slab.insert(value)).collect();
    slab.remove(keys[1]);
    assert_eq!(slab.iter().collect::<Vec<_>>(), [(keys[0], &0), (keys[2], &2), (keys[3], &3)]);
    assert_eq!((slab.key_from(0), slab.key_from(1)), (Some(keys[0]), Some(keys[2])));
    assert_eq!(slab.key_from(4), None);
    slab.insert(4);
    assert_eq!(slab.into_values().collect::<Vec<_>>(), [0, 4, 2, 3]);
}

/// Pseudo-random numbers: Marsaglia's xorshift, from a fixed seed.
fn numbers() -> impl FnMut() -> u64 {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

#[test]
fn twenty_thousand_random_steps_agree_with_a_map() {
    let mut number = numbers();
    let mut slab = Slab::new();
    let mut map = BTreeMap::new();
    let mut keys = Vec::new();
    for step in 0..20_000_u32 {
        // The first half of the steps inserts more than it removes, the second half less.
        let inserts = if step < 10_000 { 5 } else { 2 };
        let any = |number: u64| keys.get(number as usize % keys.len().max(1)).copied();
        let chosen = any(number()).unwrap_or(Key::NONE);
        if number().is_multiple_of(16) {
            slab.shrink();
        }
        match number() % 8 {
            n if n < inserts => {
                let key = slab.insert(step);
                assert_eq!(map.insert(key, step), None, "no key is used twice");
                keys.push(key);
            }
            7 => assert_eq!(
                slab.get_mut(chosen).map(|value| std::mem::replace(value, step)),
                map.get_mut(&chosen).map(|value| std::mem::replace(value, step)),
            ),
            _ => assert_eq!(slab.remove(chosen), map.remove(&chosen)),
        }
        assert_eq!((slab.len(), slab.contains(chosen)), (map.len(), map.contains_key(&chosen)));
    }
    assert!(slab.iter().eq(map.iter().map(|(&key, value)| (key, value))));
    assert!(map.len() < keys.len() && !map.is_empty());
    assert!(slab.into_values().eq(map.into_values()));
}
