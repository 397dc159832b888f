//! Wakers of other executors in aside's cells and timers. Such a waker runs foreign code, which may
//! call back into aside or panic.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aside::time::Clock;
use aside::{JoinHandle, Runtime, sleep, spawn, yield_now};
use runtime_core::sync::Mutex;

use crate::support::misbehaving::Foreign;
use crate::support::watchdog::watched;

/// Polls once with the given waker.
fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

// P18: the result is stored before the awaiting task's waker is woken.
#[test]
fn a_task_woken_by_a_result_finds_it() {
    watched(|| {
        let runtime = Runtime::new();
        let found = Arc::new(AtomicUsize::new(0));
        let job: Arc<Mutex<Option<JoinHandle<i32>>>> = Arc::default();
        let (sender, receiver) = mpsc::channel();
        let reader = {
            let (job, found) = (Arc::clone(&job), Arc::clone(&found));
            move || {
                // This closure runs on the worker, inside `complete`, while the lock of the cell is
                // free.
                let mut job = job.lock().take().unwrap();
                let polled = poll_with(&mut job, Waker::noop());
                assert!(matches!(polled, Poll::Ready(Ok(9))));
                found.fetch_add(1, Ordering::SeqCst);
                sender.send(()).unwrap();
            }
        };
        let (waker, counts) = Foreign::default().on_wake(reader).waker();
        let (go, may_go) = mpsc::channel();
        let mut handle = runtime.handle().spawn_blocking(move || {
            may_go.recv().unwrap();
            9
        });
        assert!(poll_with(&mut handle, &waker).is_pending());
        *job.lock() = Some(handle);
        go.send(()).unwrap();
        receiver.recv().unwrap();
        assert_eq!((found.load(Ordering::SeqCst), counts.wakes()), (1, 1));
    });
}

// P37: a replaced waker is dropped outside the lock, so its destructor may take the lock.
#[test]
fn the_destructor_of_a_replaced_waker_may_use_the_awaited_handle() {
    watched(|| {
        aside::run(async {
            let task = spawn(pending::<()>()).abort_on_drop();
            let mut task = Box::pin(task);
            let aborts = Arc::new(AtomicUsize::new(0));
            // `abort` of the same task takes the lock of the cell.
            let handle: Arc<Mutex<Option<JoinHandle<()>>>> = Arc::default();
            let mut other = spawn(pending::<()>());
            let on_drop = {
                let (handle, aborts) = (Arc::clone(&handle), Arc::clone(&aborts));
                move || {
                    aborts.fetch_add(1, Ordering::SeqCst);
                    if let Some(handle) = handle.lock().as_ref() {
                        handle.abort();
                    }
                }
            };
            let (waker, _) = Foreign::default().on_drop(on_drop).waker();
            assert!(poll_with(&mut other, &waker).is_pending());
            *handle.lock() = Some(other);
            assert!(poll_with(&mut task, &waker).is_pending());
            assert!(poll_with(&mut task, Waker::noop()).is_pending());
            assert_eq!(aborts.load(Ordering::SeqCst), 1);
            let other = handle.lock().take().unwrap();
            assert!(other.await.unwrap_err().is_cancelled());
        });
    });
}

// P37, P38: the timer queue is not borrowed while a waker is cloned, woken or dropped.
#[test]
fn the_waker_of_a_timer_may_create_and_drop_timers_whenever_it_is_used() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let calls = Arc::new(AtomicUsize::new(0));
            let busy = |calls: &Arc<AtomicUsize>| {
                let calls = Arc::clone(calls);
                move || {
                    calls.fetch_add(1, Ordering::SeqCst);
                    let mut nap = sleep(Duration::from_secs(1));
                    assert!(poll_with(&mut nap, Waker::noop()).is_pending());
                }
            };
            let foreign = Foreign::default()
                .on_clone(busy(&calls))
                .on_wake(busy(&calls))
                .on_drop(busy(&calls));
            let (waker, counts) = foreign.waker();
            let mut first = sleep(Duration::from_secs(2));
            let mut second = sleep(Duration::from_secs(2));
            assert!(poll_with(&mut first, &waker).is_pending());
            assert!(poll_with(&mut second, &waker).is_pending());
            assert!(poll_with(&mut first, &waker).is_pending());
            drop(first);
            sleep(Duration::from_secs(3)).await;
            assert_eq!((counts.wakes(), counts.references()), (1, 1));
            assert_eq!(calls.load(Ordering::SeqCst), 3 + 2 + 1 + 1);
            assert!(poll_with(&mut second, &waker).is_ready());
        });
    });
}

// P38
#[test]
fn a_waker_whose_clone_uses_the_cell_finds_it_unlocked() {
    watched(|| {
        aside::run(async {
            let handle = Rc::new(RefCell::new(spawn(pending::<()>())));
            let aborter = {
                let inner = spawn(pending::<()>());
                let inner = Arc::new(Mutex::new(inner));
                let reached = Arc::clone(&inner);
                (inner, move || reached.lock().abort())
            };
            let (inner, on_clone) = aborter;
            let (waker, _) = Foreign::default().on_clone(on_clone).waker();
            assert!(poll_with(&mut *handle.borrow_mut(), &waker).is_pending());
            yield_now().await;
            assert!(inner.lock().is_finished());
        });
    });
}

// P39
#[test]
fn a_panic_in_clone_reaches_the_caller_and_leaves_the_cell_unchanged() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let (waker, _) = Foreign::default().on_clone(|| panic!("clone")).waker();
            let (good, counts) = Foreign::default().waker();
            let mut task = spawn(async { 1 });
            let mut nap = sleep(Duration::from_millis(1));
            for future in [true, false] {
                let poll = std::panic::AssertUnwindSafe(|| match future {
                    true => poll_with(&mut task, &waker).map(drop),
                    false => poll_with(&mut nap, &waker),
                });
                assert!(std::panic::catch_unwind(poll).is_err());
            }
            assert!(poll_with(&mut task, &good).is_pending());
            assert!(poll_with(&mut nap, &good).is_pending());
            assert_eq!(task.await.unwrap(), 1);
            nap.await;
            assert_eq!(counts.references(), 1);
        });
    });
}

// P39, promise 4: a waker that panics in `wake` or `drop` does not prevent the other wakes.
#[test]
fn panicking_wakers_in_a_batch_of_timers_do_not_keep_the_others_from_firing() {
    watched(|| {
        let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
        runtime.block_on(async {
            let (bad_wake, _) = Foreign::default().on_wake(|| panic!("wake")).waker();
            let (bad_drop, _) = Foreign::default().on_drop(|| panic!("drop")).waker();
            let (good, counts) = Foreign::default().waker();
            let mut naps: Vec<_> = (0..9).map(|_| sleep(Duration::from_secs(1))).collect();
            for (nap, waker) in naps.iter_mut().zip([&bad_wake, &bad_drop, &good].repeat(3)) {
                assert!(poll_with(nap, waker).is_pending());
            }
            sleep(Duration::from_secs(2)).await;
            assert_eq!(counts.wakes(), 3);
            assert!(naps.iter_mut().all(|nap| poll_with(nap, Waker::noop()).is_ready()));
            std::mem::forget(bad_drop);
        });
    });
}

// P39, promise 4
#[test]
fn a_panicking_waker_of_an_awaiting_task_harms_neither_the_task_nor_the_job() {
    watched(|| {
        let runtime = Runtime::builder().threads_max(1).build();
        let handle = runtime.handle();
        runtime.block_on(async move {
            let (bad, counts) = Foreign::default().on_wake(|| panic!("wake")).waker();
            let mut task = spawn(async { 1 });
            let (go, may_go) = mpsc::channel();
            let mut job = aside::spawn_blocking(move || {
                may_go.recv().unwrap();
                2
            });
            assert!(poll_with(&mut task, &bad).is_pending());
            assert!(poll_with(&mut job, &bad).is_pending());
            go.send(()).unwrap();
            yield_now().await;
            // The only worker still runs the next job.
            assert_eq!(handle.spawn_blocking(|| 3).await.unwrap(), 3);
            assert_eq!((task.await.unwrap(), job.await.unwrap()), (1, 2));
            assert_eq!(counts.wakes(), 2);
        });
    });
}

// P39, promise 3: a loop is dropped, and the destructors of the wakers in its timers panic.
#[test]
fn panicking_wakers_that_are_dropped_with_the_loop_do_not_abort_the_process() {
    watched(|| {
        let (bad, counts) = Foreign::default().on_drop(|| panic!("drop")).waker();
        let runtime = Runtime::new();
        let mut naps: Vec<_> = (0..3).map(|_| Box::new(sleep(Duration::from_secs(60)))).collect();
        runtime.block_on(async {
            for nap in &mut naps {
                **nap = sleep(Duration::from_secs(60));
                assert!(poll_with(nap, &bad).is_pending());
            }
        });
        drop(runtime);
        assert_eq!(counts.references(), 1);
        std::mem::forget(bad);
    });
}
