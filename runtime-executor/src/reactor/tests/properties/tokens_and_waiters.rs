//! The plain values: the table of tokens, and the seats.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use proptest::prelude::*;

use super::{bell, cases, steps};
use crate::reactor::registry::{ALARM, Table};
use crate::reactor::waiters::{SeatId, Seats};

#[derive(Clone, Debug)]
enum OnTable {
    Insert,
    /// Of all tokens that ever were, one.
    Get(prop::sample::Index),
    Remove(prop::sample::Index),
}

fn on_table() -> impl Strategy<Value = OnTable> {
    prop_oneof![
        3 => Just(OnTable::Insert),
        2 => any::<prop::sample::Index>().prop_map(OnTable::Get),
        3 => any::<prop::sample::Index>().prop_map(OnTable::Remove),
    ]
}

#[derive(Clone, Debug)]
enum OnSeats {
    Add,
    Replace(prop::sample::Index),
    Remove(prop::sample::Index),
    CallAll,
}

fn on_seats() -> impl Strategy<Value = OnSeats> {
    prop_oneof![
        3 => Just(OnSeats::Add),
        2 => any::<prop::sample::Index>().prop_map(OnSeats::Replace),
        2 => any::<prop::sample::Index>().prop_map(OnSeats::Remove),
        1 => Just(OnSeats::CallAll),
    ]
}

proptest! {
    #![proptest_config(cases(512))]

    /// P66: a token means its own source, from its insertion to its removal, and nobody before or
    /// after.
    #[test]
    fn a_table_does_what_a_map_of_tokens_never_used_again_does(steps in steps(on_table(), 100)) {
        let mut table = Table::new();
        let mut reference = BTreeMap::new();
        let mut tokens = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                OnTable::Insert => {
                    let token = table.insert(number);
                    prop_assert!(token != ALARM && !tokens.contains(&token), "a token comes again");
                    tokens.push(token);
                    reference.insert(token, number);
                }
                OnTable::Get(which) if !tokens.is_empty() => {
                    let token = *which.get(&tokens);
                    prop_assert_eq!(table.get(token), reference.get(&token));
                }
                OnTable::Remove(which) if !tokens.is_empty() => {
                    let token = *which.get(&tokens);
                    prop_assert_eq!(table.remove(token), reference.remove(&token));
                }
                OnTable::Get(_) | OnTable::Remove(_) => {}
            }
            prop_assert_eq!(table.len(), reference.len());
            prop_assert_eq!(table.get(ALARM), None);
        }
        let left: BTreeSet<_> = table.into_sources().collect();
        prop_assert_eq!(left, reference.into_values().collect());
    }

    /// Whoever has a seat and has not been called since is called, once, by the next call of all.
    #[test]
    fn seats_do_what_a_map_of_wakers_does(steps in steps(on_seats(), 100)) {
        let mut seats = Seats::default();
        // For each seat that is taken, the waker in it, if it has not been called.
        let mut reference: Vec<(SeatId, Option<_>)> = Vec::new();
        for step in steps {
            match step {
                OnSeats::Add => {
                    let (bell, waker) = bell();
                    let id = seats.add(waker);
                    prop_assert!(reference.iter().all(|(taken, _)| *taken != id), "taken twice");
                    reference.push((id, Some(bell)));
                }
                OnSeats::Replace(which) if !reference.is_empty() => {
                    let (new, waker) = bell();
                    let which = which.index(reference.len());
                    let (id, own) = &mut reference[which];
                    let former = seats.replace(*id, waker);
                    prop_assert_eq!(former.is_some(), own.is_some());
                    *own = Some(new);
                }
                OnSeats::Remove(which) if !reference.is_empty() => {
                    let (id, own) = reference.remove(which.index(reference.len()));
                    prop_assert_eq!(seats.remove(id).is_some(), own.is_some());
                }
                OnSeats::Replace(_) | OnSeats::Remove(_) => {}
                OnSeats::CallAll => {
                    let mut called = Vec::new();
                    seats.call(&mut called);
                    let waiting = reference.iter().filter(|(_, own)| own.is_some()).count();
                    prop_assert_eq!(called.len(), waiting);
                    called.into_iter().for_each(Waker::wake);
                    for (_, own) in &mut reference {
                        prop_assert!(own.take().is_none_or(|bell| bell.rings() == 1));
                    }
                }
            }
        }
    }
}
