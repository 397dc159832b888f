//! Scopes that are cancelled, dropped, ended, or broken by a panic.

use std::cell::{Cell, RefCell};
use std::future::{pending, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use aside::group::{ChildCancelled, Scope};
use aside::scope;

use super::controlled::{Bomb, Fuse, Gate, Task, panic_of, run, yields};

#[test]
fn cancelling_a_scope_drops_its_children_and_their_handles_report_it() {
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
    assert_eq!(outcome, (Ok(1), Err(ChildCancelled), Err(ChildCancelled), Ok('n')));
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
fn a_destructor_that_cancels_again_does_not_cancel_the_child_it_spawns_next() {
    struct Canceller<'env>(Scope<'env>, &'env Cell<bool>);
    impl Drop for Canceller<'_> {
        fn drop(&mut self) {
            let finished = self.1;
            self.0.cancel();
            drop(self.0.spawn(async move {
                yields(1).await;
                finished.set(true);
            }));
        }
    }
    let finished = Cell::new(false);
    let finished = &finished;
    run(scope(|scope| async move {
        let canceller = Canceller(scope.clone(), finished);
        drop(scope.spawn(async move {
            let _canceller = canceller;
            pending::<()>().await;
        }));
        yields(1).await;
        scope.cancel();
    }));
    assert!(finished.get());
}

#[test]
fn the_slot_of_a_cancelled_child_is_reused() {
    let gates = Gate::<()>::many(2);
    let gates = &gates;
    let mut scope = pin!(scope(|scope| async move {
        drop(scope.spawn(gates[0].wait()));
        yields(1).await;
        scope.cancel();
        yields(1).await;
        drop(scope.spawn(gates[1].wait()));
    }));
    let task = Task::new();
    for _ in 0..3 {
        assert!(task.poll(scope.as_mut()).is_pending());
    }
    let (former, present) = (gates[0].waker(), gates[1].waker());
    assert!(present.expect("the task has polled").will_wake(&former.expect("the task has polled")));
}

#[test]
fn children_can_be_spawned_and_cancelled_from_outside_while_the_scope_sleeps() {
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
    assert_eq!(run(handle), Err(ChildCancelled));
    smuggled.cancel();
    assert_eq!(format!("{smuggled:?}"), "Scope(Ended)");
}

/// A value that counts the live instances of its type.
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

/// A child that owns its scope and one counted value.
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
    assert_eq!(run(handle), Err::<(), _>(ChildCancelled));
    assert_eq!(run(handle_of.spawn(ready(1))), Err(ChildCancelled));
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
fn a_scope_polled_after_completion_panics_with_a_clear_message() {
    let mut scope = pin!(scope(|_| ready(())));
    let task = Task::new();
    assert!(task.poll(scope.as_mut()).is_ready());
    assert_eq!(panic_of(|| task.poll(scope.as_mut())), "scope polled after completion");
}
