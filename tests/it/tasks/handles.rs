//! Tasks and their handles.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};

use aside::{JoinHandle, Runtime, spawn, yield_now};

use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::{panic_message, watched};

#[test]
fn tasks_start_in_the_order_of_their_spawns() {
    watched(|| {
        aside::run(async {
            let order = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..5)
                .map(|number| {
                    let order = Rc::clone(&order);
                    spawn(async move { order.borrow_mut().push(number) })
                })
                .collect();
            assert!(order.borrow().is_empty(), "a task begins at the next turn, not in `spawn`");
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(*order.borrow(), [0, 1, 2, 3, 4]);
        });
    });
}

#[test]
fn a_dropped_handle_detaches_its_task() {
    watched(|| {
        aside::run(async {
            let (sender, receiver) = mpsc::channel();
            drop(spawn(async move {
                yield_now().await;
                sender.send(7).unwrap();
            }));
            yield_now().await;
            yield_now().await;
            assert_eq!(receiver.try_recv(), Ok(7));
        });
    });
}

// P145.
#[test]
fn a_detached_task_is_aborted_by_its_abort_handle() {
    watched(|| {
        let dropped = Rc::new(Cell::new(false));
        aside::run(async {
            let guard = OnDrop::new({
                let dropped = Rc::clone(&dropped);
                move || dropped.set(true)
            });
            let task = spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            let abort = task.abort_handle();
            drop(task);
            yield_now().await;
            assert!(!abort.is_finished());
            let aborted = abort.clone();
            std::thread::spawn(move || aborted.abort()).join().unwrap();
            while !abort.is_finished() {
                yield_now().await;
            }
            assert!(dropped.get());
        });
    });
}

// P145.
#[test]
fn a_task_that_is_detached_before_its_loop_has_seen_it_is_aborted() {
    watched(|| {
        aside::run(async {
            let handle = aside::Handle::current();
            let task = handle.spawn(pending::<()>());
            let abort = task.abort_handle();
            drop(task);
            while !abort.is_finished() {
                // The first turns give the task its waker.
                yield_now().await;
                yield_now().await;
                abort.abort();
            }
        });
    });
}

// P83: the loop owns its tasks; no other reference is needed.
#[test]
fn a_detached_task_stays_alive_and_continues_when_it_is_woken() {
    watched(|| {
        let runtime = Runtime::new();
        let slot = Rc::new(RefCell::new(None::<Waker>));
        let done = Rc::new(Cell::new(false));
        runtime
            .spawn({
                let (slot, done) = (Rc::clone(&slot), Rc::clone(&done));
                async move {
                    park_in(&slot).await;
                    done.set(true);
                }
            })
            .detach();
        for _ in 0..10 {
            runtime.block_on(yield_now());
        }
        assert_eq!((runtime.task_count(), done.get()), (1, false));
        slot.borrow_mut().take().unwrap().wake();
        runtime.drain();
        assert!(done.get());
    });
}

/// Stores its waker in `slot`, and waits until that waker has been taken.
async fn park_in(slot: &RefCell<Option<Waker>>) {
    let mut parked = false;
    poll_fn(|cx| {
        if parked && slot.borrow().is_none() {
            return Poll::Ready(());
        }
        parked = true;
        *slot.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

#[test]
fn an_aborted_task_is_not_polled_again_and_its_handle_yields_cancelled() {
    watched(|| {
        aside::run(async {
            let polls = Rc::new(Cell::new(0));
            let task = spawn({
                let polls = Rc::clone(&polls);
                poll_fn(move |cx| {
                    polls.set(polls.get() + 1);
                    cx.waker().wake_by_ref();
                    Poll::<()>::Pending
                })
            });
            yield_now().await;
            let before = polls.get();
            task.abort();
            let error = task.await.unwrap_err();
            assert!(error.is_cancelled() && !error.is_panic() && !error.is_refused());
            assert_eq!(polls.get(), before);
        });
    });
}

// P28
#[test]
fn aborting_and_then_dropping_the_handle_cancels_at_the_next_turn() {
    watched(|| {
        aside::run(async {
            let (sender, receiver) = mpsc::channel();
            let held = OnDrop::new(move || sender.send("dropped").unwrap());
            let task = spawn(async move {
                let _held = held;
                pending::<()>().await;
            });
            yield_now().await;
            task.abort();
            drop(task);
            assert!(receiver.try_recv().is_err(), "`abort` itself drops nothing of the task");
            yield_now().await;
            assert_eq!(receiver.try_recv(), Ok("dropped"));
        });
    });
}

// P28
#[test]
fn a_task_aborted_before_its_first_poll_is_dropped_unpolled() {
    watched(|| {
        aside::run(async {
            let task = spawn(async { unreachable!("it was aborted before it began") });
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn a_finished_task_yields_its_result_although_it_is_aborted_afterwards() {
    watched(|| {
        aside::run(async {
            let task = spawn(async { 5 });
            yield_now().await;
            assert!(task.is_finished());
            task.abort();
            assert_eq!(task.await.unwrap(), 5);
        });
    });
}

#[test]
fn a_task_may_abort_itself_and_ends_at_its_next_await() {
    watched(|| {
        aside::run(async {
            let own: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
            let reached = Rc::new(Cell::new(0));
            let task = spawn({
                let (own, reached) = (Rc::clone(&own), Rc::clone(&reached));
                async move {
                    own.borrow().as_ref().unwrap().abort();
                    reached.set(1);
                    yield_now().await;
                    reached.set(2);
                }
            });
            *own.borrow_mut() = Some(task);
            yield_now().await;
            yield_now().await;
            let task = own.borrow_mut().take().unwrap();
            assert!(task.await.unwrap_err().is_cancelled());
            assert_eq!(reached.get(), 1);
        });
    });
}

#[test]
fn abort_on_drop_cancels_when_it_is_dropped_and_yields_the_result_when_it_is_awaited() {
    watched(|| {
        aside::run(async {
            let (sender, receiver) = mpsc::channel();
            let held = OnDrop::new(move || sender.send(()).unwrap());
            let guard = spawn(async move {
                let _held = held;
                pending::<()>().await;
            })
            .abort_on_drop();
            yield_now().await;
            drop(guard);
            yield_now().await;
            assert_eq!(receiver.try_recv(), Ok(()));
            assert_eq!(spawn(async { 3 }).abort_on_drop().await.unwrap(), 3);
        });
    });
}

// P36, for one task: nothing that the future owned outlives the task.
#[test]
fn a_future_is_dropped_before_its_result_can_be_read() {
    watched(|| {
        aside::run(async {
            let dropped = Rc::new(Cell::new(false));
            let held = OnDrop::new({
                let dropped = Rc::clone(&dropped);
                move || dropped.set(true)
            });
            let mut held = Some(held);
            // A future that still owns a value when it returns `Ready`.
            let task =
                spawn(poll_fn(move |_| held.as_mut().map_or(Poll::Pending, |_| Poll::Ready(()))));
            task.await.unwrap();
            assert!(dropped.get());
        });
    });
}

#[test]
fn a_handle_polled_after_its_result_panics_with_a_clear_message() {
    watched(|| {
        let message = panic_message(|| {
            aside::run(async {
                let mut task = spawn(async {});
                (&mut task).await.unwrap();
                let _ = (&mut task).await;
            });
        });
        assert!(message.contains("after it had yielded its result"), "{message}");
    });
}

#[test]
fn an_error_names_the_task_and_the_location_of_its_spawn() {
    watched(|| {
        aside::run(async {
            let task = aside::named("greeter").spawn(pending::<()>());
            let line = line!() - 1;
            task.abort();
            let message = task.await.unwrap_err().to_string();
            assert!(message.starts_with("`greeter` (spawned at "), "{message}");
            assert!(message.contains(&format!("handles.rs:{line}:")), "{message}");
            assert!(message.ends_with("was cancelled"), "{message}");
        });
    });
}

#[test]
fn no_two_tasks_have_the_same_id_whichever_threads_spawned_them() {
    watched(|| {
        let spawn_some =
            || aside::run(async { (0..3_000).map(|_| spawn(async {}).id()).collect::<Vec<_>>() });
        let other = std::thread::spawn(spawn_some);
        let mut ids = spawn_some();
        ids.extend(other.join().unwrap());
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6_000);
    });
}

// P22, P32: a waker is kept and used after the end of its task.
#[test]
fn a_stale_waker_does_not_wake_the_next_task_in_its_slot() {
    watched(|| {
        aside::run(async {
            let slot = Rc::new(RefCell::new(None::<Waker>));
            let first = spawn({
                let slot = Rc::clone(&slot);
                poll_fn(move |cx| {
                    *slot.borrow_mut() = Some(cx.waker().clone());
                    Poll::Ready(())
                })
            });
            first.await.unwrap();
            let polls = Rc::new(Cell::new(0));
            let second = spawn({
                let polls = Rc::clone(&polls);
                poll_fn(move |_| {
                    polls.set(polls.get() + 1);
                    Poll::<()>::Pending
                })
            });
            yield_now().await;
            for _ in 0..5 {
                slot.borrow().as_ref().unwrap().wake_by_ref();
                yield_now().await;
            }
            assert_eq!(polls.get(), 1);
            second.abort();
        });
    });
}
