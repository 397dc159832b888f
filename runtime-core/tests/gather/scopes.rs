//! Children that come while others run.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use runtime_core::gather::{Cancelled, Scope, gather, scope};

use super::puppets::{Bomb, Fuse, Gate, Task, panic_of, run, yields};

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
fn children_borrow_from_outside_and_hand_their_outputs_to_who_awaits_them() {
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
            left.await.expect("nobody cancels") + right.await.expect("nobody cancels")
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
fn in_a_scope_of_thousands_only_who_was_woken_is_polled() {
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
fn a_former_childs_waker_costs_the_next_one_in_its_slot_a_needless_poll() {
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
fn dropping_a_handle_lets_its_child_run_on() {
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
fn a_handle_says_whether_its_child_is_finished_and_panics_if_asked_twice() {
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
fn cancelling_drops_the_children_and_their_handles_say_so() {
    let gates = Gate::<()>::many(3);
    let gates = &gates;
    let outcome = run(scope(|scope| async move {
        let finished = scope.spawn(ready(1));
        let seated = scope.spawn(gates[0].wait());
        yields(1).await;
        let unseen = scope.spawn(gates[1].wait());
        scope.cancel();
        assert_eq!((gates[0].drops(), gates[1].drops()), (0, 1));
        let after = scope.spawn(ready('n'));
        let seated = seated.await;
        assert_eq!(gates[0].drops(), 1);
        (finished.await, seated, unseen.await, after.await)
    }));
    assert_eq!(outcome, (Ok(1), Err(Cancelled), Err(Cancelled), Ok('n')));
    assert_eq!((gates[0].polls(), gates[1].polls()), (1, 0));
}

#[test]
fn a_child_that_cancels_its_scope_ends_with_its_siblings_at_once() {
    let gate = Gate::<()>::new();
    let (gate, log) = (&gate, &RefCell::new(Vec::new()));
    run(scope(|scope| async move {
        drop(scope.spawn(gate.wait()));
        let own = scope.clone();
        drop(scope.spawn(async move {
            own.cancel();
            log.borrow_mut().push("to the next await");
            pending::<()>().await;
            log.borrow_mut().push("never");
        }));
        drop(scope.spawn(async { log.borrow_mut().push("polled after the cancellation") }));
    }));
    assert_eq!(*log.borrow(), ["to the next await"]);
    assert_eq!((gate.polls(), gate.drops()), (1, 1));
}

#[test]
fn a_scope_is_spawned_into_and_cancelled_from_outside_while_it_sleeps() {
    let gates = Gate::<()>::many(2);
    let gates = &gates;
    let handed_out = Rc::new(RefCell::new(None));
    let handing = Rc::clone(&handed_out);
    let mut scope = pin!(scope(|scope| async move {
        *handing.borrow_mut() = Some(scope.clone());
        drop(scope.spawn(gates[0].wait()));
    }));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_pending());
    assert_eq!(task.take_wakes(), 0);
    let outside = handed_out.take().expect("the body ran");

    drop(outside.spawn(gates[1].wait()));
    assert_eq!(task.take_wakes(), 1);
    assert!(task.poll(scope.as_mut()).is_pending());
    assert_eq!((gates[0].polls(), gates[1].polls()), (1, 1));

    outside.cancel();
    assert_eq!((task.take_wakes(), gates[0].drops()), (1, 0));
    assert_eq!(task.poll(scope.as_mut()), Poll::Ready(()));
    assert_eq!((gates[0].drops(), gates[1].drops()), (1, 1));
}

#[test]
fn a_scope_that_has_ended_drops_what_is_spawned_into_it() {
    let gate = Gate::<()>::new();
    let mut smuggled = None;
    run(scope(|scope| {
        smuggled = Some(scope);
        ready(())
    }));
    let smuggled = smuggled.expect("the body was called");
    let handle = smuggled.spawn(gate.wait());
    assert_eq!((gate.polls(), gate.drops()), (0, 1));
    assert_eq!(run(handle), Err(Cancelled));
    smuggled.cancel();
    assert_eq!(format!("{smuggled:?}"), "Scope(Ended)");
}

/// Counts those of it that are alive.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(alive: &'a Cell<usize>) -> Self {
        alive.set(alive.get() + 1);
        Self(alive)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A child that holds its scope, and one of the counted.
fn holder<'env>(scope: &Scope<'env>, alive: &'env Cell<usize>) {
    let (own, counted) = (scope.clone(), Counted::new(alive));
    drop(scope.spawn(async move {
        let _both = (own, counted);
        pending::<()>().await;
    }));
}

#[test]
fn dropping_a_scope_drops_all_children_also_those_that_hold_it() {
    let alive = Cell::new(0);
    for polls in 0..3 {
        let mut smuggled = None;
        let mut scope = Box::pin(scope(|scope| {
            smuggled = Some(scope.clone());
            holder(&scope, &alive);
            let alive = &alive;
            async move {
                holder(&scope, alive);
                yields(1).await;
                holder(&scope, alive);
                pending::<()>().await;
            }
        }));
        for _ in 0..polls {
            assert!(Task::new().poll(scope.as_mut()).is_pending());
        }
        holder(smuggled.as_ref().expect("the body was called"), &alive);
        assert_eq!(alive.get(), 2 + polls);
        drop(scope);
        assert_eq!(alive.get(), 0, "after {polls} polls");
        drop(smuggled);
    }
}

#[test]
fn a_body_that_panics_before_it_is_a_future_leaves_no_child_behind() {
    let alive = Cell::new(0);
    let message = panic_of(|| {
        scope(|scope| {
            holder(&scope, &alive);
            if alive.get() > 0 {
                panic!("no body");
            }
            ready(())
        })
    });
    assert_eq!((message.as_str(), alive.get()), ("no body", 0));
}

#[test]
fn a_child_may_spawn_from_its_destructor_three_levels_deep_p29() {
    struct Spawner<'env>(Scope<'env>, &'env Cell<usize>, u32);
    impl Drop for Spawner<'_> {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
            if self.2 > 0 {
                let next = Spawner(self.0.clone(), self.1, self.2 - 1);
                let _handle = self.0.spawn(async move {
                    let _next = next;
                    pending::<()>().await;
                });
            }
        }
    }
    let drops = Cell::new(0);
    let drops = &drops;
    let make = || {
        scope(|scope| async move {
            let first = Spawner(scope.clone(), drops, 3);
            let _handle = scope.spawn(async move {
                let _first = first;
                pending::<()>().await;
            });
            yields(1).await;
            scope.cancel();
            yields(1).await;
            scope.cancel();
        })
    };
    for polls in 0..4 {
        drops.set(0);
        let mut scope = Box::pin(make());
        for _ in 0..polls {
            assert!(Task::new().poll(scope.as_mut()).is_pending());
        }
        drop(scope);
        assert_eq!(drops.get(), if polls == 0 { 0 } else { 4 }, "after {polls} polls");
    }
}

#[test]
fn the_panic_of_a_child_reaches_the_owner_of_the_scope() {
    let (gate, trigger) = (Gate::<()>::new(), Gate::new());
    let (gate, wait) = (&gate, trigger.wait());
    let mut outside = None;
    let mut scope = Box::pin(scope(|scope| {
        drop(scope.spawn(gate.wait()));
        let handle = scope.spawn(async move {
            wait.await;
            panic!("the child panicked");
        });
        outside = Some((scope, handle));
        pending::<()>()
    }));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_pending());
    trigger.open(());
    assert_eq!(panic_of(|| task.poll(scope.as_mut())), "the child panicked");
    assert_eq!(panic_of(|| task.poll(scope.as_mut())), "scope polled after a child panicked");
    let (handle_of, handle) = outside.take().expect("the body was called");
    assert_eq!(run(handle), Err::<(), _>(Cancelled));
    assert_eq!(run(handle_of.spawn(ready(1))), Err(Cancelled));
    assert_eq!(gate.drops(), 0);
    drop(scope);
    assert_eq!(gate.drops(), 1);
}

#[test]
fn the_panic_of_the_body_or_of_a_destructor_ends_the_scope_too() {
    let task = Task::new();
    let mut broken = Box::pin(scope(|_| async { panic!("the body panicked") }));
    assert_eq!(panic_of(|| task.poll(broken.as_mut())), "the body panicked");
    assert_eq!(panic_of(|| task.poll(broken.as_mut())), "scope polled after a child panicked");

    let mut broken = Box::pin(scope(|scope| async move { scope.spawn(Fuse::new(1)).await }));
    assert_eq!(panic_of(|| task.poll(broken.as_mut())), "the fuse burnt");
}

#[test]
fn a_destructor_that_panics_while_the_scope_is_cancelled_panics_through_its_poll() {
    let gate = Gate::<()>::new();
    let gate = &gate;
    let mut scope = Box::pin(scope(|scope| async move {
        drop(scope.spawn(async {
            let _bomb = Bomb("cancelled");
            pending::<()>().await;
        }));
        drop(scope.spawn(gate.wait()));
        yields(1).await;
        scope.cancel();
        pending::<()>().await;
    }));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_pending());
    assert_eq!(panic_of(|| task.poll(scope.as_mut())), "cancelled");
    drop(scope);
    assert_eq!(gate.drops(), 1);
}

#[test]
fn a_scope_polled_after_completion_says_so() {
    let mut scope = pin!(scope(|_| ready(())));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_ready());
    assert_eq!(panic_of(|| task.poll(scope.as_mut())), "scope polled after completion");
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
                twice.await.expect("nobody cancels")
            }));
            inner.await.expect("nobody cancels")
        })
    })));
    assert_eq!(doubled, [0, 2, 4, 6]);
}
