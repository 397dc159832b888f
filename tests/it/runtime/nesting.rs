//! Runtimes inside runtimes, and `block_on` inside its own runtime, which panics.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use aside::{Handle, Runtime, spawn, spawn_blocking, yield_now};

use crate::support::watchdog::{panic_message, watched};

/// Checks that tasks, timers and jobs of the runtime work.
fn assert_usable(runtime: &Runtime) {
    let answer = runtime.block_on(async {
        let task = spawn(yield_now());
        aside::sleep(Duration::from_millis(1)).await;
        task.await.unwrap();
        spawn_blocking(|| 5).await.unwrap()
    });
    assert_eq!(answer, 5);
}

// P44
#[test]
fn block_on_turn_and_drain_panic_inside_a_task_of_the_same_runtime_and_harm_nothing() {
    watched(|| {
        let runtime = Rc::new(Runtime::new());
        let enter: [fn(&Runtime); 3] = [
            |runtime| runtime.block_on(async {}),
            |runtime| {
                runtime.turn(Duration::ZERO);
            },
            |runtime| runtime.drain(),
        ];
        for enter in enter {
            let message = runtime.block_on(async {
                let message = panic_message(|| enter(&runtime));
                // The panic leaves other tasks unharmed: they continue.
                yield_now().await;
                assert_eq!(spawn(async { 1 }).await.unwrap(), 1);
                message
            });
            assert!(message.contains("from inside one of its own tasks"), "{message}");
            assert!(message.contains("await the future instead"), "{message}");
            assert!(message.contains("`spawn_blocking`"), "{message}");
            assert_usable(&runtime);
        }
    });
}

// P44: the panic propagates out of the outer `block_on`.
#[test]
fn a_refused_block_on_that_unwinds_through_the_outer_one_leaves_the_runtime_usable() {
    watched(|| {
        let runtime = Rc::new(Runtime::new());
        for _ in 0..3 {
            let message = panic_message(|| runtime.block_on(async { runtime.block_on(async {}) }));
            assert!(message.contains("from inside one of its own tasks"), "{message}");
            assert!(Handle::try_current().is_err());
            assert_usable(&runtime);
        }
    });
}

// P44
#[test]
fn block_on_by_handle_inside_a_task_of_the_same_runtime_panics_with_advice() {
    watched(|| {
        let runtime = Runtime::new();
        let task = runtime.spawn(async { Handle::current().block_on(async {}) });
        let error = runtime.block_on(task).unwrap_err();
        assert!(error.to_string().contains("call it from a job (`spawn_blocking`)"), "{error}");
        assert_usable(&runtime);
    });
}

#[test]
fn runtimes_nest_in_tasks_to_any_depth() {
    fn nest(depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        aside::run(async move {
            let task = spawn(async move {
                yield_now().await;
                nest(depth - 1)
            });
            let job = spawn_blocking(|| 1);
            aside::sleep(Duration::from_millis(1)).await;
            task.await.unwrap() + job.await.unwrap()
        })
    }
    watched(|| assert_eq!(nest(5), 5));
}

// P13: the inner loop sleeps on the same thread, and does not take the outer loop's wakes.
#[test]
fn an_inner_runtime_does_not_take_the_outer_ones_wakes() {
    watched(|| {
        aside::run(async {
            for _ in 0..1_000 {
                // The job ends at any time: before, during or after the inner loop's sleep.
                let outer = spawn_blocking(thread::yield_now);
                let inner = Runtime::builder().threads_max(1).build();
                inner.block_on(async { spawn_blocking(thread::yield_now).await.unwrap() });
                outer.await.unwrap();
            }
        });
    });
}

// P13: a handle's `block_on` on the worker of a job does not lose wakes either.
#[test]
fn nested_block_on_in_jobs_loses_no_wake() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(4).build();
        runtime.block_on(async {
            for _ in 0..1_000 {
                let job = spawn_blocking(|| {
                    let handle = Handle::current();
                    let outer = handle.spawn_blocking(thread::yield_now);
                    handle.block_on(async {
                        aside::run(async { spawn_blocking(thread::yield_now).await.unwrap() });
                        outer.await.unwrap();
                    });
                });
                job.await.unwrap();
            }
        });
    });
}

#[test]
fn a_task_of_the_outer_runtime_can_be_woken_from_the_inner_one() {
    watched(|| {
        aside::run(async {
            let (sender, receiver) = std::sync::mpsc::channel();
            let woken = Rc::new(Cell::new(false));
            let task = spawn({
                let woken = Rc::clone(&woken);
                std::future::poll_fn(move |cx| {
                    if woken.get() {
                        return std::task::Poll::Ready(());
                    }
                    sender.send(cx.waker().clone()).unwrap();
                    std::task::Poll::Pending
                })
            });
            yield_now().await;
            let waker = receiver.recv().unwrap();
            aside::run(async {
                woken.set(true);
                waker.wake();
            });
            task.await.unwrap();
        });
    });
}

#[test]
fn two_runtimes_on_one_thread_may_take_turns() {
    watched(|| {
        let (first, second) = (Runtime::new(), Runtime::new());
        let task = first.spawn(async { 1 });
        let other = second.spawn(async { 2 });
        assert_eq!(second.block_on(other).unwrap(), 2);
        assert_eq!(first.block_on(task).unwrap(), 1);
    });
}

// P110: a task that opens a modal dialog runs the host's loop, which turns the runtime again.
#[test]
fn a_nested_loop_of_the_host_is_refused_a_turn_and_the_outer_turn_continues() {
    watched(|| {
        let runtime = Rc::new(Runtime::new());
        assert!(!runtime.is_turning());
        let inside = Rc::clone(&runtime);
        let other = runtime.spawn(yield_now());
        let task = runtime.spawn(async move {
            let refused = inside.try_turn(Duration::MAX).unwrap_err();
            assert!(refused.to_string().contains("being turned"));
            assert!(inside.is_turning());
            let _running = Handle::current();
            yield_now().await;
            7
        });
        while !task.is_finished() {
            assert!(runtime.try_turn(Duration::MAX).unwrap().polled > 0);
        }
        assert!(!runtime.is_turning() && other.is_finished());
        assert_eq!(runtime.block_on(task).unwrap(), 7);
        // `block_on` and `drain` count as turns, and other runtimes do not.
        let inside = Rc::clone(&runtime);
        let task = runtime.spawn(async move { inside.is_turning() });
        runtime.drain();
        assert!(runtime.block_on(task).unwrap());
        assert!(runtime.block_on(async { runtime.try_turn(Duration::ZERO).is_err() }));
        Runtime::new().block_on(async { assert!(runtime.try_turn(Duration::ZERO).is_ok()) });
    });
}

// P110: a refused turn takes neither the notification nor the detachment from the host.
#[test]
fn after_a_refused_turn_the_host_is_still_notified() {
    watched(|| {
        let (sender, calls) = std::sync::mpsc::channel();
        let runtime = Rc::new(Runtime::builder().on_wake(move || sender.send(()).unwrap()).build());
        let inside = Rc::clone(&runtime);
        let task = runtime.spawn(async move {
            assert!(inside.try_turn(Duration::ZERO).is_err());
            std::future::pending::<()>().await;
        });
        assert_eq!(runtime.turn(Duration::ZERO).next, aside::NextTurn::OnWake);
        // For the spawn before the first turn.
        assert_eq!(calls.try_iter().count(), 1);
        let handle = runtime.handle();
        thread::spawn(move || handle.spawn(async {}).detach()).join().unwrap();
        assert_eq!(calls.try_iter().count(), 1);
        drop(task);
    });
}
