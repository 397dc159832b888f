//! Tests of the set, by comparison with an ordered set.

use std::collections::BTreeSet;

use super::*;

#[test]
fn the_lowest_number_is_found_behind_many_empty_leaves() {
    let mut set = BitSet::new();
    assert_eq!((set.take_lowest(), set.take_highest(), set.len()), (None, None, 0));
    for number in [1_000_000, 70, 3] {
        set.insert(number);
    }
    assert!(set.contains(70) && !set.contains(71) && !set.contains(u32::MAX));
    assert_eq!(set.take_lowest(), Some(3));
    assert_eq!(set.take_lowest(), Some(70));
    set.insert(5_000);
    assert_eq!(set.take_lowest(), Some(5_000));
    assert_eq!((set.take_lowest(), set.take_lowest()), (Some(1_000_000), None));
    set.insert(0);
    assert_eq!((set.take_highest(), set.is_empty()), (Some(0), true));
}

/// Pseudo-random numbers: Marsaglia's xorshift, from a fixed seed.
fn numbers() -> impl FnMut(u32) -> u32 {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    move |bound| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32 % bound
    }
}

#[test]
fn fifty_thousand_random_steps_agree_with_an_ordered_set() {
    let mut random = numbers();
    let (mut set, mut model) = (BitSet::new(), BTreeSet::new());
    for step in 0..50_000 {
        // Phases that fill the set, that empty it, and that keep it nearly empty; near and far.
        let inserts = [6, 2, 4, 3][step / 2_500 % 4];
        let number = random([300, 20_000][step / 1_000 % 2]);
        match random(8) {
            choice if choice < inserts => {
                if model.insert(number) {
                    set.insert(number);
                }
            }
            6 => assert_eq!(set.remove(number), model.remove(&number)),
            7 => assert_eq!(set.take_highest(), model.pop_last()),
            _ => assert_eq!(set.take_lowest(), model.pop_first()),
        }
        assert_eq!((set.len(), set.contains(number)), (model.len(), model.contains(&number)));
    }
    while let Some(lowest) = model.pop_first() {
        assert_eq!(set.take_lowest(), Some(lowest));
    }
    assert!(set.is_empty());
}
