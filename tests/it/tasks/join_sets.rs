//! `JoinSet` and `AbortHandle`.

use std::cell::Cell;
use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aside::task::JoinSet;
use aside::time::Clock;
use aside::{AbortHandle, Runtime, named, sleep, spawn, spawn_blocking, yield_now};
use futures_channel::oneshot;

use crate::support::watchdog::{on_a_thread, panic_message, watched};

#[test]
fn results_arrive_in_the_order_in_which_the_tasks_end() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let mut set = JoinSet::new();
            assert!(set.join_next().await.is_none());
            for seconds in [3, 1, 2] {
                set.spawn(async move {
                    sleep(Duration::from_secs(seconds)).await;
                    seconds
                });
            }
            assert_eq!(set.len(), 3);
            let mut ended = Vec::new();
            while let Some(result) = set.join_next().await {
                ended.push(result.unwrap());
            }
            assert_eq!(ended, [1, 2, 3]);
            assert!(set.is_empty());
        });
    });
}

#[test]
fn tasks_jobs_and_handles_are_told_apart_by_their_numbers() {
    watched(|| {
        aside::run(async {
            let mut set = JoinSet::new();
            let mut expected = HashSet::new();
            expected.insert((set.spawn(async { 1 }).id(), 1));
            expected.insert((set.spawn_blocking(|| 2).id(), 2));
            let named = named("third").spawn(async { 3 });
            expected.insert((named.id(), 3));
            set.insert(named);
            expected.insert((set.spawn_local(async { 4 }), 4));
            // A task that has ended before it is added.
            let ended = spawn(async { 5 });
            while !ended.is_finished() {
                yield_now().await;
            }
            expected.insert((ended.id(), 5));
            set.insert(ended);
            let mut found = HashSet::new();
            while let Some(result) = set.join_next_with_id().await {
                found.insert(result.unwrap());
            }
            assert_eq!(found, expected);
        });
    });
}

#[test]
fn outputs_that_are_not_send_are_joined_too() {
    watched(|| {
        aside::run(async {
            let mut set: JoinSet<Rc<i32>> = (0..3).map(|n| async move { Rc::new(n) }).collect();
            let _id = set.spawn_local(async { Rc::new(3) });
            let mut outputs = set.join_all().await;
            outputs.sort();
            assert_eq!(outputs, [0, 1, 2, 3].map(Rc::new));
        });
    });
}

#[test]
fn a_set_polls_only_the_tasks_that_have_ended() {
    struct Counted {
        wakes: AtomicUsize,
    }
    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.wakes.fetch_add(1, Ordering::SeqCst);
        }
    }
    watched(|| {
        let runtime = Runtime::new();
        let counted = Arc::new(Counted { wakes: AtomicUsize::new(0) });
        let waker = Waker::from(Arc::clone(&counted));
        let mut cx = Context::from_waker(&waker);
        let mut set = JoinSet::new();
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..200).map(|_| oneshot::channel::<usize>()).unzip();
        for receiver in receivers {
            set.spawn_on(async { receiver.await.unwrap() }, &runtime.handle());
        }
        while runtime.turn(Duration::ZERO).polled > 0 {}
        assert!(set.poll_join_next(&mut cx).is_pending());
        for (n, sender) in senders.into_iter().enumerate().rev() {
            sender.send(n).unwrap();
            while runtime.turn(Duration::ZERO).polled > 0 {}
            assert_eq!(counted.wakes.swap(0, Ordering::SeqCst), 1);
            let Poll::Ready(Some(result)) = set.poll_join_next(&mut cx) else { panic!("{n}") };
            assert_eq!(result.unwrap(), n);
            assert!(set.try_join_next().is_none());
            assert!(n == 0 || set.poll_join_next(&mut cx).is_pending());
        }
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(None)));
    });
}

// The sixty-fourth task needs a new block of the wake set.
#[test]
fn a_task_added_while_a_poll_is_pending_wakes_the_task_that_polled() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let mut set = JoinSet::new();
            for _ in 0..63 {
                set.spawn(pending());
            }
            let mut added = false;
            let first = poll_fn(|cx| {
                let polled = set.poll_join_next(cx);
                if polled.is_pending() && !added {
                    added = true;
                    set.spawn(async { sleep(Duration::from_secs(1)).await });
                }
                polled
            });
            first.await.unwrap().unwrap();
        });
    });
}

#[test]
fn try_join_next_leaves_the_pending_poll_registered() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let mut set = JoinSet::new();
            set.spawn(async { sleep(Duration::from_secs(1)).await });
            let mut polled_at = 0;
            poll_fn(|cx| {
                polled_at += 1;
                let polled = set.poll_join_next(cx);
                assert!(polled.is_ready() || set.try_join_next().is_none());
                polled
            })
            .await
            .unwrap()
            .unwrap();
            assert_eq!(polled_at, 2);
        });
    });
}

// Promise 8
#[test]
fn joining_many_results_yields_to_other_tasks() {
    watched(|| {
        aside::run(async {
            let mut set: JoinSet<()> = (0..1000).map(|_| async {}).collect();
            yield_now().await;
            let ran = Rc::new(Cell::new(false));
            let other = Rc::clone(&ran);
            let other = spawn(async move { other.set(true) });
            let mut joined_before = 0;
            while let Some(result) = set.join_next().await {
                result.unwrap();
                joined_before += usize::from(!ran.get());
            }
            assert!(joined_before < 500, "{joined_before} results before the other task ran");
            other.await.unwrap();
        });
    });
}

#[test]
fn dropping_a_set_aborts_its_tasks_and_detaching_lets_them_continue() {
    watched(|| {
        let runtime = Runtime::new();
        let (sender, ended) = mpsc::channel();
        runtime.block_on(async {
            let mut kept = JoinSet::new();
            let mut dropped = JoinSet::new();
            for (name, set) in [("kept", &mut kept), ("dropped", &mut dropped)] {
                let sender = sender.clone();
                set.spawn(async move {
                    yield_now().await;
                    sender.send(name).unwrap();
                });
            }
            yield_now().await;
            drop(dropped);
            kept.detach_all();
            assert!(kept.is_empty());
            drop(kept);
        });
        drop(sender);
        runtime.drain();
        assert!(ended.iter().eq(["kept"]));
    });
}

#[test]
fn shutdown_aborts_the_tasks_and_waits_until_they_have_ended() {
    struct Ends(Rc<Cell<usize>>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    watched(|| {
        aside::run(async {
            let ended = Rc::new(Cell::new(0));
            let mut set = JoinSet::new();
            for _ in 0..100 {
                let ends = Ends(Rc::clone(&ended));
                set.spawn(async move {
                    let _ends = ends;
                    pending::<()>().await;
                });
            }
            yield_now().await;
            set.shutdown().await;
            assert_eq!(ended.get(), 100);
            assert!(set.is_empty());
            set.spawn(async {});
            set.abort_all();
            assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        });
    });
}

// Promise 4
#[test]
fn a_panic_ends_one_task_and_join_all_continues_it() {
    watched(|| {
        let message = panic_message(|| {
            aside::run(async {
                let mut set = JoinSet::new();
                set.spawn(async { panic!("first") });
                assert!(set.join_next().await.unwrap().unwrap_err().is_panic());
                set.spawn(async { 1 });
                assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
                set.spawn(async { panic!("second") });
                set.spawn(pending());
                set.join_all().await
            });
        });
        assert_eq!(message, "second");
    });
}

#[test]
fn an_abort_handle_cancels_a_task_and_a_waiting_job_from_any_thread() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        runtime.block_on(async {
            let task = spawn(pending::<()>());
            let (release, released) = mpsc::channel::<()>();
            let (begin, begun) = oneshot::channel();
            let running = spawn_blocking(move || {
                begin.send(()).unwrap();
                released.recv().is_err()
            });
            begun.await.unwrap();
            let waiting = spawn_blocking(|| unreachable!("it was aborted before it began"));
            let handles = [task.abort_handle(), running.abort_handle(), waiting.abort_handle()];
            assert_eq!(handles[0].id(), task.id());
            assert_eq!(handles[2].metadata().location(), waiting.metadata().location());
            let handles = on_a_thread(move || {
                handles.iter().for_each(AbortHandle::abort);
                handles
            });
            assert!(task.await.unwrap_err().is_cancelled());
            assert!(waiting.await.unwrap_err().is_cancelled());
            assert!(!handles[1].is_finished());
            drop(release);
            assert!(running.await.unwrap(), "a running job cannot be stopped");
            assert!(handles.iter().all(AbortHandle::is_finished));
            handles.iter().for_each(AbortHandle::abort);
        });
    });
}
