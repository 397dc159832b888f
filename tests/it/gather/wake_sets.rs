//! The wake set by itself, compared with the simplest correct implementation.

use std::collections::BTreeSet;
use std::sync::Arc;

#[path = "../../../src/gather/wake_set.rs"]
#[expect(dead_code, reason = "the tests need a part of it")]
mod wake_set;

use wake_set::{AfterVisit, Visit, WakeSet};

use super::controlled::{Task, panic_of};

fn rest<const BITS: usize>(visit: &mut Visit<BITS>, set: &WakeSet<BITS>) -> Vec<usize> {
    std::iter::from_fn(|| visit.next(set)).collect()
}

fn attend<const BITS: usize>(set: &WakeSet<BITS>) -> Visit<BITS> {
    let mut visit = Visit::default();
    set.attend(&mut visit);
    visit
}

/// Compares a wake set with plain sets while children are woken in a pseudo-random order, some of
/// them during a visit.
fn compare<const BITS: usize>(capacity: usize) {
    let set = WakeSet::<BITS>::new(capacity);
    let task = Task::new();
    set.register(&Arc::new(task.waker()));
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut children = move |count: u64| -> Vec<usize> {
        let next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % capacity as u64) as usize
        };
        std::iter::repeat_with(next).take(count as usize).collect()
    };
    let mut left = BTreeSet::new();
    for round in 0..100 {
        let mut expected = std::mem::take(&mut left);
        let unattended = children(round % 7);
        let quiet = expected.is_empty();
        unattended.iter().for_each(|&child| set.wake_by(child));
        assert_eq!(task.take_wakes(), usize::from(quiet && !unattended.is_empty()));
        expected.extend(unattended);

        let mut visit = attend(&set);
        let mut taken = Vec::from_iter(visit.next(&set));
        let attended = children(round % 5);
        attended.iter().for_each(|&child| set.wake_by(child));
        taken.extend(rest(&mut visit, &set));
        assert_eq!(task.take_wakes(), 0);
        assert!(taken.is_sorted(), "{taken:?}");
        // A child woken during the visit is in this visit or the next one, and none is lost.
        let taken: BTreeSet<_> = taken.into_iter().collect();
        assert!(expected.is_subset(&taken));
        let known: BTreeSet<_> = expected.iter().chain(&attended).copied().collect();
        assert!(taken.is_subset(&known));
        let again = set.leave();
        left = attended.into_iter().filter(|child| !taken.contains(child)).collect();
        if expected.is_empty() {
            assert_eq!(again == AfterVisit::WakeAgain, !left.is_empty());
        }
        // A child that is woken again after it was taken is in the next visit, too.
        let mut visit = attend(&set);
        let next: BTreeSet<_> = rest(&mut visit, &set).into_iter().collect();
        assert!(left.is_subset(&next) && next.is_subset(&known));
        assert_eq!(again == AfterVisit::WakeAgain, !next.is_empty());
        assert_eq!(set.leave(), AfterVisit::Sleep);
        left.clear();
    }
}

#[test]
fn a_wake_set_of_any_shape_yields_the_woken_children_and_no_others() {
    for capacity in [1, 2, 62, 63, 64, 65, 63 * 64, 63 * 64 + 1, 10_000, 300_000] {
        compare::<64>(capacity);
    }
    for capacity in 1..=32 {
        compare::<2>(capacity);
    }
    compare::<3>(100);
    compare::<63>(5_000);
}

#[test]
fn every_child_has_a_bit_of_its_own() {
    for capacity in [63, 64, 4_032, 4_033, 10_000] {
        let set: WakeSet = WakeSet::new(capacity);
        (0..capacity).for_each(|child| set.wake_by(child));
        let mut visit = attend(&set);
        assert_eq!(rest(&mut visit, &set), (0..capacity).collect::<Vec<_>>());
    }
}

#[test]
fn a_child_woken_behind_the_current_position_is_visited_next_time() {
    let set: WakeSet = WakeSet::new(10);
    let task = Task::new();
    set.register(&Arc::new(task.waker()));
    set.wake_by(4);
    let mut visit = attend(&set);
    assert_eq!(visit.next(&set), Some(4));
    set.wake_by(4);
    assert_eq!(visit.next(&set), None);
    assert_eq!(set.leave(), AfterVisit::WakeAgain);
    set.wake_by(5);
    assert_eq!(task.take_wakes(), 1, "the first wake only; for the others the caller wakes");
    let mut visit = attend(&set);
    assert_eq!(rest(&mut visit, &set), [4, 5]);
}

#[test]
fn children_taken_by_an_abandoned_visit_are_yielded_by_the_next_visit() {
    let set: WakeSet = WakeSet::new(10_000);
    let children = [0, 1, 64, 4_096, 9_999];
    for yielded in 0..=children.len() {
        children.iter().for_each(|&child| set.wake_by(child));
        let mut visit = attend(&set);
        for &child in &children[..yielded] {
            assert_eq!(visit.next(&set), Some(child));
        }
        assert_eq!(set.leave(), AfterVisit::Sleep);
        set.wake_by(5);
        set.attend(&mut visit);
        let next: BTreeSet<_> = rest(&mut visit, &set).into_iter().collect();
        assert_eq!(next, children[yielded..].iter().copied().chain([5]).collect());
        assert_eq!(set.leave(), AfterVisit::Sleep);
    }
}

#[test]
fn a_retired_set_wakes_no_task_and_drops_the_parent_waker() {
    let set: WakeSet = WakeSet::new(100);
    let task = Task::new();
    set.register(&Arc::new(task.waker()));
    set.retire();
    (0..100).for_each(|child| set.wake_by(child));
    assert_eq!((task.take_wakes(), Arc::strong_count(&task)), (0, 1));
}

#[test]
fn a_child_outside_the_set_is_misuse() {
    let set: WakeSet = WakeSet::new(3);
    let message = panic_of(|| set.wake_by(63));
    assert_eq!(message, "child 63 is outside the wake set");
    let message = panic_of(|| WakeSet::<2>::new(33));
    assert_eq!(message, "a group of 33 futures is too large");
}
