//! The limit on the number of concurrent children.

use std::cell::Cell;
use std::future::ready;
use std::pin::pin;
use std::task::Poll;

use aside::{first_ok, gather, race, try_gather};

use super::controlled::{Gate, Task, panic_of, run, yields};

#[test]
fn the_limit_is_reached_and_never_exceeded() {
    for limit in [1, 2, 7, 63, 64, 1_000] {
        let (running, most) = (Cell::new(0_usize), Cell::new(0));
        let child = async |n: usize| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            yields(n * 7 % 5).await;
            running.set(running.get() - 1);
            n
        };
        let outputs = run(gather((0..500).map(child)).limit(limit));
        assert_eq!(outputs, (0..500).collect::<Vec<_>>());
        // One child in five is ready at its first poll and frees its place at once, so at most 400
        // children run at a time.
        assert!(most.get() <= limit && most.get() >= limit.min(400), "{} of {limit}", most.get());
    }
}

#[test]
fn an_iterator_is_advanced_only_when_the_limit_allows_another_child() {
    let gates = Gate::many(5);
    let asked = Cell::new(0);
    let children = gates.iter().inspect(|_| asked.set(asked.get() + 1)).map(Gate::wait);
    let mut group = pin!(gather(children).limit(2));
    let task = Task::new();
    assert_eq!(asked.get(), 0);
    for (opened, expected) in [(None, 2), (Some(1), 3), (None, 3), (Some(2), 4), (Some(0), 5)] {
        if let Some(at) = opened {
            let gate: &Gate<usize> = &gates[at];
            gate.open(at);
        }
        assert!(task.poll(group.as_mut()).is_pending());
        assert_eq!(asked.get(), expected);
    }
    gates[4].open(4);
    gates[3].open(3);
    assert_eq!(task.poll(group.as_mut()), Poll::Ready(vec![0, 1, 2, 3, 4]));
}

#[test]
fn an_iterator_is_not_advanced_after_its_end() {
    let gates = Gate::many(2);
    let (mut left, mut ended) = (gates.iter(), false);
    let once = std::iter::from_fn(|| {
        assert!(!ended, "asked after the end");
        let next = left.next();
        ended = next.is_none();
        next.map(Gate::wait)
    });
    let mut group = pin!(gather(once));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    gates[1].open('b');
    assert!(task.poll(group.as_mut()).is_pending());
    gates[0].open('a');
    assert_eq!(task.poll(group.as_mut()), Poll::Ready(vec!['a', 'b']));
}

#[test]
fn an_endless_iterator_can_be_raced_under_a_limit() {
    assert_eq!(run(race((0..).map(|n| async move { n })).limit(3)), 0);
    let fail_until = |n| async move { if n == 1_000 { Ok(n) } else { Err(n) } };
    assert_eq!(run(first_ok((0..).map(fail_until)).limit(3)), Ok(1_000));
    let good_until = |n| async move { if n == 1_000 { Err(n) } else { Ok(n) } };
    assert_eq!(run(try_gather((0..).map(good_until)).limit(3)), Err(1_000));
}

#[test]
fn a_tuple_can_be_limited_too() {
    let (first, second, third) = (Gate::new(), Gate::new(), Gate::new());
    let mut group = pin!(gather((first.wait(), second.wait(), third.wait())).limit(2));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    assert_eq!((first.polls(), second.polls(), third.polls()), (1, 1, 0));
    second.open('b');
    assert!(task.poll(group.as_mut()).is_pending());
    assert_eq!((first.polls(), second.polls(), third.polls()), (1, 2, 1));
    first.open(1);
    third.open("c");
    assert_eq!(task.poll(group.as_mut()), Poll::Ready((1, 'b', "c")));
}

#[test]
fn a_stale_waker_causes_one_spurious_poll_of_the_next_child_in_its_slot() {
    let gates = Gate::many(3);
    let mut group = pin!(gather(gates.iter().map(Gate::wait)).limit(1));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    let stale = gates[0].waker().expect("the first child was polled");
    gates[0].open('a');
    assert!(task.poll(group.as_mut()).is_pending());
    assert_eq!(gates[1].polls(), 1);
    stale.wake();
    assert!(task.poll(group.as_mut()).is_pending());
    assert_eq!((gates[1].polls(), gates[2].polls()), (2, 0));
    gates[1].open('b');
    assert!(task.poll(group.as_mut()).is_pending());
    gates[2].open('c');
    assert_eq!(task.poll(group.as_mut()), Poll::Ready(vec!['a', 'b', 'c']));
}

#[test]
fn a_limit_of_zero_is_misuse() {
    let message = panic_of(|| gather([ready(1)]).limit(0));
    assert!(message.contains("a limit of zero"), "{message}");
}

#[test]
fn an_iterator_that_panics_ends_the_group_and_its_children_are_dropped_with_it() {
    let gate = Gate::<u8>::new();
    let children = (0..3).map(|n| if n == 2 { panic!("no third child") } else { gate.wait() });
    let mut group = Box::pin(gather(children));
    let task = Task::new();
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "no third child");
    assert_eq!(panic_of(|| task.poll(group.as_mut())), "gather polled after a child panicked");
    assert_eq!(gate.drops(), 0);
    drop(group);
    assert_eq!(gate.drops(), 2);
}
