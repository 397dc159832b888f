//! The plain values: tokens, and the waiters of one direction.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use proptest::prelude::*;
use proptest::sample::Index;
use runtime_core::slab::Slab;

use super::{cases, counting_waker, find, key_of as key, steps, token};
use crate::reactor::selector::Token;
use crate::reactor::waiters::{WaiterSlot, Waiters};

#[derive(Clone, Debug)]
enum SlabStep {
    Insert,
    /// Looks up one of the tokens that have ever been in use.
    Get(Index),
    Remove(Index),
}

fn slab_step() -> impl Strategy<Value = SlabStep> {
    prop_oneof![
        3 => Just(SlabStep::Insert),
        2 => any::<Index>().prop_map(SlabStep::Get),
        3 => any::<Index>().prop_map(SlabStep::Remove),
    ]
}

#[derive(Clone, Debug)]
enum WaiterStep {
    Add,
    Replace(Index),
    Release(Index),
    TakeAll,
}

fn waiter_step() -> impl Strategy<Value = WaiterStep> {
    prop_oneof![
        3 => Just(WaiterStep::Add),
        2 => any::<Index>().prop_map(WaiterStep::Replace),
        2 => any::<Index>().prop_map(WaiterStep::Release),
        1 => Just(WaiterStep::TakeAll),
    ]
}

proptest! {
    #![proptest_config(cases(512))]

    /// P66: a token finds its source from the insertion to the removal of that source, and finds
    /// nothing before or after.
    #[test]
    fn tokens_do_what_a_map_of_tokens_never_used_again_does(steps in steps(slab_step(), 100)) {
        let mut slab = Slab::new();
        let mut reference = BTreeMap::new();
        let mut keys = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                SlabStep::Insert => {
                    let key = slab.insert(number);
                    let is_new = keys.iter().all(|former| token(*former) != token(key));
                    prop_assert!(token(key) != Token::WAKER && is_new, "a token is used again");
                    keys.push(key);
                    reference.insert(key, number);
                }
                SlabStep::Get(which) if !keys.is_empty() => {
                    let key = *which.get(&keys);
                    prop_assert_eq!(find(&slab, token(key)), reference.get(&key));
                }
                SlabStep::Remove(which) if !keys.is_empty() => {
                    let key = *which.get(&keys);
                    prop_assert_eq!(slab.remove(key), reference.remove(&key));
                }
                SlabStep::Get(_) | SlabStep::Remove(_) => {}
            }
            prop_assert_eq!(slab.len(), reference.len());
            prop_assert_eq!(find(&slab, Token::WAKER), None);
        }
        let left: BTreeSet<_> = slab.into_values().collect();
        prop_assert_eq!(left, reference.into_values().collect());
    }

    /// The next `TakeAll` wakes, exactly once, each task that has stored a waker.
    #[test]
    fn waiters_do_what_a_list_of_wakers_does(steps in steps(waiter_step(), 100)) {
        let mut waiters = Waiters::default();
        // Each slot in use, and the wake count of its waker; `None` if the waker has been taken.
        let mut reference: Vec<(WaiterSlot, Option<_>)> = Vec::new();
        for step in steps {
            match step {
                WaiterStep::Add => {
                    let (count, waker) = counting_waker();
                    let mut slot = WaiterSlot::Own(None);
                    prop_assert!(waiters.store(&mut slot, waker).is_none());
                    let is_new = reference.iter().all(|(other, _)| key(other) != key(&slot));
                    prop_assert!(is_new, "a slot is used twice");
                    reference.push((slot, Some(count)));
                }
                WaiterStep::Replace(which) if !reference.is_empty() => {
                    let (new, waker) = counting_waker();
                    let which = which.index(reference.len());
                    let (slot, count) = &mut reference[which];
                    let former = waiters.store(slot, waker);
                    prop_assert_eq!(former.is_some(), count.is_some());
                    *count = Some(new);
                }
                WaiterStep::Release(which) if !reference.is_empty() => {
                    let (slot, count) = reference.remove(which.index(reference.len()));
                    prop_assert_eq!(waiters.release(key(&slot)).is_some(), count.is_some());
                }
                WaiterStep::Replace(_) | WaiterStep::Release(_) => {}
                WaiterStep::TakeAll => {
                    let mut woken = Vec::new();
                    waiters.take_wakers(&mut woken);
                    let waiting = reference.iter().filter(|(_, count)| count.is_some()).count();
                    prop_assert_eq!(woken.len(), waiting);
                    woken.into_iter().for_each(Waker::wake);
                    for (_, count) in &mut reference {
                        prop_assert!(count.take().is_none_or(|count| count.get() == 1));
                    }
                }
            }
        }
    }
}
