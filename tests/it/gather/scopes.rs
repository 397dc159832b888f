//! Children that are spawned while others run.

use std::cell::Cell;
use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use aside::group::Scope;
use aside::{gather, scope};

use super::controlled::{Gate, Task, panic_of, run, yields};

#[test]
fn a_scope_is_ready_when_its_body_and_all_children_are() {
    let gates = Gate::many(2);
    let gates = &gates;
    let body = Gate::new();
    let mut scope = pin!(scope(|scope| {
        let body = body.wait();
        async move {
            drop(scope.spawn(gates[0].wait()));
            drop(scope.spawn(gates[1].wait()));
            body.await
        }
    }));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_pending());
    gates[1].open(1);
    assert!(task.poll(scope.as_mut()).is_pending());
    body.open("done");
    assert!(task.poll(scope.as_mut()).is_pending());
    assert_eq!((gates[0].drops(), gates[1].drops(), body.drops()), (0, 1, 1));
    gates[0].open(0);
    assert_eq!(task.poll(scope.as_mut()), Poll::Ready("done"));
}

#[test]
fn an_empty_scope_is_ready_at_the_first_poll() {
    let task = Task::new();
    assert_eq!(task.poll(pin!(scope(|_| ready(7)))), Poll::Ready(7));
    assert_eq!(task.take_wakes(), 0);
}

#[test]
fn children_borrow_from_outside_and_their_handles_yield_their_outputs() {
    let text = String::from("borrowed");
    let total = Cell::new(0);
    let (text, total) = (&text, &total);
    let parts = run(scope(|scope| async move {
        let take = |n: usize| async move {
            yields(n).await;
            total.set(total.get() + n);
            &text[..n]
        };
        let (long, short) = (scope.spawn(take(3)), scope.spawn(take(1)));
        (long.await, short.await)
    }));
    assert_eq!(parts, (Ok("bor"), Ok("b")));
    assert_eq!(total.get(), 4);
}

#[test]
fn children_that_are_ready_at_once_cost_one_poll_and_no_wake() {
    let task = Task::new();
    let count = Cell::new(0);
    let count = &count;
    let poll = task.poll(pin!(scope(|scope| async move {
        for _ in 0..100 {
            drop(scope.spawn(async { count.set(count.get() + 1) }));
        }
    })));
    assert_eq!((poll, count.get(), task.take_wakes()), (Poll::Ready(()), 100, 0));
}

#[test]
fn children_spawn_siblings_and_await_them() {
    fn sum<'env>(scope: Scope<'env>, depth: u32) -> Pin<Box<dyn Future<Output = u32> + 'env>> {
        Box::pin(async move {
            if depth == 0 {
                yields(1).await;
                return 1;
            }
            let left = scope.spawn(sum(scope.clone(), depth - 1));
            let right = scope.spawn(sum(scope.clone(), depth - 1));
            left.await.expect("no scope is cancelled") + right.await.expect("no scope is cancelled")
        })
    }
    assert_eq!(run(scope(|scope| sum(scope, 10))), 1 << 10);
}

#[test]
fn a_child_spawned_by_a_child_as_it_starts_waits_for_the_next_poll() {
    fn chain<'env>(scope: Scope<'env>, started: &'env Cell<u32>) {
        let next = scope.clone();
        drop(scope.spawn(async move {
            started.set(started.get() + 1);
            if started.get() < 5 {
                chain(next, started);
            }
        }));
    }
    let started = Cell::new(0);
    let started = &started;
    let mut scope = pin!(scope(|scope| async move { chain(scope, started) }));
    let task = Task::new();
    for turn in 1..=5 {
        assert_eq!(task.poll(scope.as_mut()).is_ready(), turn == 5);
        assert_eq!((started.get(), task.take_wakes()), (turn, usize::from(turn < 5)));
    }
}

#[test]
fn a_scope_of_thousands_polls_only_woken_children() {
    let gates = Gate::many(5_000);
    let gates = &gates;
    let mut scope = pin!(scope(|scope| async move {
        for gate in gates {
            drop(scope.spawn(gate.wait()));
        }
    }));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_pending());
    for step in 0..5_000 {
        gates[step * 7_919 % 5_000].open(());
        assert_eq!(task.take_wakes(), 1);
        assert_eq!(task.poll(scope.as_mut()).is_ready(), step == 4_999);
    }
    assert!(gates.iter().all(|gate| (gate.polls(), gate.drops()) == (2, 1)));
}

#[test]
fn the_waker_of_a_finished_child_causes_one_spurious_poll_of_the_next_child_in_its_slot() {
    let gates = Gate::many(2);
    let (gates, go) = (&gates, Gate::new());
    let mut scope = pin!(scope(|scope| {
        let go = go.wait();
        async move {
            drop(scope.spawn(gates[0].wait()));
            go.await;
            drop(scope.spawn(gates[1].wait()));
        }
    }));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_pending());
    let stale = gates[0].waker().expect("the child was polled");
    gates[0].open(());
    assert!(task.poll(scope.as_mut()).is_pending());
    go.open(());
    assert!(task.poll(scope.as_mut()).is_pending());
    assert_eq!(gates[1].polls(), 1);
    stale.wake();
    assert!(task.poll(scope.as_mut()).is_pending());
    assert_eq!(gates[1].polls(), 2);
    gates[1].open(());
    assert!(task.poll(scope.as_mut()).is_ready());
}

#[test]
fn dropping_a_handle_detaches_its_child() {
    let gate = Gate::new();
    let gate = &gate;
    let mut scope = pin!(scope(|scope| async move { drop(scope.spawn(gate.wait())) }));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_pending());
    assert_eq!(gate.drops(), 0);
    gate.open(());
    assert!(task.poll(scope.as_mut()).is_ready());
}

#[test]
fn a_handle_reports_whether_its_child_is_finished_and_panics_if_polled_twice() {
    run(scope(|scope| async move {
        let mut handle = scope.spawn(async { 'x' });
        assert!(!handle.is_finished());
        assert_eq!(format!("{handle:?}"), "ScopedHandle(running)");
        yields(1).await;
        assert!(handle.is_finished());
        assert_eq!((&mut handle).await, Ok('x'));
        let task = Task::new();
        let message = panic_of(|| task.poll(Pin::new(&mut handle)));
        assert_eq!(message, "ScopedHandle polled after completion");
    }));
}

#[test]
fn a_handle_awaited_outside_its_scope_wakes_the_last_poller_and_nobody_after_its_drop() {
    let gates = Gate::many(2);
    let (first, second) = (gates[0].wait(), gates[1].wait());
    let mut handles = None;
    let mut scope = pin!(scope(|scope| {
        handles = Some((scope.spawn(first), scope.spawn(second)));
        ready(())
    }));
    let (mut awaited, mut dropped) = handles.expect("the body was called");
    let [owner, before, last] = [Task::new(), Task::new(), Task::new()];
    assert!(owner.poll(scope.as_mut()).is_pending());
    for task in [&before, &last, &last] {
        assert!(task.poll(Pin::new(&mut awaited)).is_pending());
        assert!(task.poll(Pin::new(&mut dropped)).is_pending());
    }
    assert_eq!((Arc::strong_count(&before), Arc::strong_count(&last)), (1, 3));
    drop(dropped);
    assert_eq!(Arc::strong_count(&last), 2);
    gates.iter().for_each(|gate| gate.open('x'));
    assert!(owner.poll(scope.as_mut()).is_ready());
    assert_eq!((before.take_wakes(), last.take_wakes()), (0, 1));
    assert_eq!(last.poll(Pin::new(&mut awaited)), Poll::Ready(Ok('x')));
}

#[test]
fn a_child_that_wakes_itself_is_polled_once_per_poll_of_the_scope() {
    let polls = Cell::new(0);
    let polls = &polls;
    let mut scope = pin!(scope(|scope| async move {
        drop(scope.spawn(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })));
    }));
    let task = Task::new();
    for turn in 1..=4 {
        assert!(task.poll(scope.as_mut()).is_pending());
        assert_eq!((polls.get(), task.take_wakes()), (turn, 1));
    }
}

#[test]
fn scopes_and_gathers_nest() {
    let doubled = run(gather((0..4).map(|n| {
        scope(move |outer| async move {
            let inner = outer.spawn(scope(move |inner| async move {
                let twice = inner.spawn(async move { n * 2 });
                yields(n).await;
                twice.await.expect("no scope is cancelled")
            }));
            inner.await.expect("no scope is cancelled")
        })
    })));
    assert_eq!(doubled, [0, 2, 4, 6]);
}
