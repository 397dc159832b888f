//! The polls of children: which children are polled, and how often.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use aside::gather;

use super::controlled::{Gate, Task, run, yields};

const MANY: usize = 10_000;

fn polls(gates: &[Gate<usize>]) -> usize {
    gates.iter().map(Gate::polls).sum()
}

#[test]
fn ten_thousand_children_woken_one_at_a_time_are_polled_twice_each_p78() {
    let gates = Gate::many(MANY);
    let mut group = pin!(gather(gates.iter().map(Gate::wait)));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    for step in 0..MANY {
        // The indices name every child once, in a scattered order.
        let at = step * 7_919 % MANY;
        gates[at].open(at);
        assert_eq!(task.take_wakes(), 1);
        assert_eq!(task.poll(group.as_mut()).is_ready(), step == MANY - 1);
    }
    assert_eq!(polls(&gates), 2 * MANY);
}

#[test]
fn children_woken_together_wake_the_task_once_and_are_polled_in_one_poll() {
    let gates = Gate::many(MANY);
    let mut group = pin!(gather(gates.iter().map(Gate::wait)));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    for (at, gate) in gates.iter().enumerate().rev() {
        gate.open(at);
    }
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(task.poll(group.as_mut()), Poll::Ready((0..MANY).collect()));
}

#[test]
fn a_group_that_grew_in_blocks_polls_only_woken_children() {
    let gates = Gate::many(5_000);
    let unknown_length = gates.iter().filter(|_| true).map(Gate::wait);
    let mut group = pin!(gather(unknown_length));
    let task = Task::new();
    assert!(task.poll(group.as_mut()).is_pending());
    for at in [0, 62, 63, 64, 4_094, 4_095, 4_999] {
        gates[at].wake();
        assert_eq!(task.take_wakes(), 1, "child {at}");
        assert!(task.poll(group.as_mut()).is_pending());
        assert_eq!(gates[at].polls(), 2, "child {at}");
    }
    assert_eq!(polls(&gates), 5_007);
}

#[test]
fn a_poll_of_the_group_without_a_wake_polls_no_child() {
    let gates = Gate::<usize>::many(100);
    let mut group = pin!(gather(gates.iter().map(Gate::wait)));
    let task = Task::new();
    for _ in 0..3 {
        assert!(task.poll(group.as_mut()).is_pending());
    }
    assert_eq!(polls(&gates), 100);
    assert_eq!(task.take_wakes(), 0);
}

#[test]
fn a_child_that_wakes_itself_is_polled_once_per_poll_of_the_group() {
    let selfish = Cell::new(0);
    let restless = poll_fn(|cx| {
        selfish.set(selfish.get() + 1);
        cx.waker().wake_by_ref();
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    let task = Task::new();
    let mut group = pin!(gather((restless, pending::<()>())));
    for turn in 1..=5 {
        assert!(task.poll(group.as_mut()).is_pending());
        assert_eq!((selfish.get(), task.take_wakes()), (turn, 1));
    }
}

#[test]
fn a_child_that_wakes_itself_lets_its_siblings_and_other_tasks_run() {
    let log = RefCell::new(Vec::new());
    let child = async |name: char| {
        for _ in 0..3 {
            log.borrow_mut().push(name);
            yields(1).await;
        }
    };
    run(async {
        let mut group = pin!(gather((child('a'), child('b'))));
        poll_fn(|cx| {
            let poll = group.as_mut().poll(cx);
            log.borrow_mut().push('|');
            poll
        })
        .await
    });
    assert_eq!(log.into_inner().iter().collect::<String>(), "ab|ab|ab||");
}

#[test]
fn a_child_woken_by_an_earlier_sibling_in_the_same_poll_is_polled_in_it_or_the_next() {
    for distance in [1, 63, 64, 5_000] {
        let gate = Rc::new(Gate::new());
        let opener = Gate::new();
        let mut group: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        let (wait, opened) = (opener.wait(), Rc::clone(&gate));
        group.push(Box::pin(async move {
            wait.await;
            opened.open(());
        }));
        group.extend((1..distance).map(|_| Box::pin(pending()) as _));
        let wait = gate.wait();
        group.push(Box::pin(wait));
        let mut group = pin!(gather(group));
        let task = Task::new();
        assert!(task.poll(group.as_mut()).is_pending());
        opener.open(());
        while task.take_wakes() > 0 {
            assert_eq!(task.poll(group.as_mut()).is_ready(), distance == 1 && gate.polls() == 2);
        }
        assert_eq!(gate.polls(), 2, "distance {distance}");
    }
}

#[test]
fn a_child_gets_the_lock_that_its_sibling_releases_p82() {
    let held = Cell::new(true);
    let waiting = RefCell::new(None::<Waker>);
    let holder = async {
        yields(3).await;
        held.set(false);
        let waker = waiting.borrow_mut().take();
        waker.expect("the sibling was polled, and waits").wake();
        yields(3).await;
    };
    let taker = poll_fn(|cx| {
        if held.get() {
            *waiting.borrow_mut() = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready("taken")
    });
    assert_eq!(run(gather((holder, taker))).1, "taken");
}
