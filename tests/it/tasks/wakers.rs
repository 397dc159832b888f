//! aside's wakers in foreign code, and foreign wakers in aside's cells.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use aside::{Runtime, sleep, spawn, yield_now};
use runtime_core::sync::Mutex;

use crate::support::misbehaving::Foreign;
use crate::support::watchdog::watched;

/// Polls once with the given waker.
fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Counts its polls. Sends its waker to a channel at the first poll, and stays pending.
fn counted(polls: Arc<AtomicUsize>, wakers: mpsc::Sender<Waker>) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        if polls.fetch_add(1, Ordering::SeqCst) == 0 {
            wakers.send(cx.waker().clone()).unwrap();
        }
        Poll::Pending
    })
}

// P2, promise 1: no method of a waker waits for the loop.
#[test]
fn ten_thousand_remote_wakes_under_a_lock_that_the_loop_needs_do_not_block() {
    watched(|| {
        aside::run(async {
            let lock = Arc::new(Mutex::new(0));
            let (sender, wakers) = mpsc::channel();
            // There are a thousand tasks, so that the ten thousand wakes send many messages and not
            // only one.
            for _ in 0..1_000 {
                let (sender, lock) = (sender.clone(), Arc::clone(&lock));
                spawn(poll_fn(move |cx| {
                    *lock.lock() += 1;
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::<()>::Pending
                }))
                .detach();
            }
            yield_now().await;
            let wakers: Vec<Waker> = wakers.try_iter().collect();
            assert_eq!(wakers.len(), 1_000);
            let held = Arc::clone(&lock);
            let done = aside::spawn_blocking(move || {
                let _held = held.lock();
                for _ in 0..10 {
                    wakers.iter().for_each(Waker::wake_by_ref);
                }
            });
            done.await.unwrap();
            // In the first turn main may be polled before the tasks.
            yield_now().await;
            yield_now().await;
            assert!(*lock.lock() >= 2_000);
        });
    });
}

// P1, P15: wakes of a task that has not been polled since coalesce.
#[test]
fn wakes_between_two_polls_coalesce() {
    watched(|| {
        let runtime = Runtime::new();
        let polls = Arc::new(AtomicUsize::new(0));
        let (sender, wakers) = mpsc::channel();
        let task = runtime.spawn(counted(Arc::clone(&polls), sender));
        runtime.block_on(yield_now());
        let waker = wakers.recv().unwrap();
        // The task is woken remotely by value and by reference, and also locally.
        let remote = waker.clone();
        thread::spawn(move || {
            for _ in 0..10_000 {
                remote.wake_by_ref();
            }
            remote.wake();
        })
        .join()
        .unwrap();
        runtime.block_on(async {
            for _ in 0..100 {
                waker.wake_by_ref();
            }
            yield_now().await;
            yield_now().await;
        });
        assert_eq!(polls.load(Ordering::SeqCst), 2);
        task.abort();
    });
}

// P3: data written before a wake is visible to the next poll, even if the wake is redundant. The
// models show this for every interleaving; this test runs on the machine.
#[test]
fn data_written_before_a_redundant_wake_is_seen() {
    watched(|| {
        aside::run(async {
            for _ in 0..200 {
                let flags = Arc::new([const { AtomicBool::new(false) }; 4]);
                let mut jobs = Vec::new();
                let mut started = false;
                let seen = Arc::clone(&flags);
                poll_fn(|cx| {
                    if !started {
                        started = true;
                        for index in 0..seen.len() {
                            let (flags, waker) = (Arc::clone(&flags), cx.waker().clone());
                            jobs.push(aside::spawn_blocking(move || {
                                flags[index].store(true, Ordering::Relaxed);
                                waker.wake();
                            }));
                        }
                    }
                    let all = seen.iter().all(|flag| flag.load(Ordering::Relaxed));
                    if all { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }
        });
    });
}

// P34
#[test]
fn a_task_has_the_same_waker_at_every_poll() {
    watched(|| {
        aside::run(async {
            let task = spawn(async {
                let first = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
                for _ in 0..10 {
                    yield_now().await;
                    poll_fn(|cx| {
                        assert!(first.will_wake(cx.waker()));
                        Poll::Ready(())
                    })
                    .await;
                }
            });
            task.await.unwrap();
        });
    });
}

// P34: repeated polls store one waker, not one for each poll.
#[test]
fn polling_a_handle_or_a_sleep_a_thousand_times_stores_one_waker() {
    watched(|| {
        aside::run(async {
            let (waker, counts) = Foreign::default().waker();
            let mut task = spawn(pending::<()>());
            let mut nap = sleep(Duration::from_secs(3600));
            for _ in 0..1_000 {
                assert!(poll_with(&mut task, &waker).is_pending());
                assert!(poll_with(&mut nap, &waker).is_pending());
            }
            assert_eq!(counts.references(), 3);
            drop((task, nap));
            assert_eq!(counts.references(), 1);
        });
    });
}

// Promise 1
#[test]
fn a_waker_works_after_its_runtime_is_gone() {
    watched(|| {
        let (sender, wakers) = mpsc::channel();
        let polls = Arc::new(AtomicUsize::new(0));
        let runtime = Runtime::new();
        runtime.spawn(counted(Arc::clone(&polls), sender)).detach();
        runtime.block_on(yield_now());
        let waker = wakers.recv().unwrap();
        drop(runtime);
        waker.wake_by_ref();
        let elsewhere = waker.clone();
        thread::spawn(move || elsewhere.wake()).join().unwrap();
        waker.wake();
        assert_eq!(polls.load(Ordering::SeqCst), 1);
    });
}

// P20, promise 1: wakes race with the end of the loop.
#[test]
fn wakes_may_race_the_drop_of_the_runtime() {
    watched(|| {
        for _ in 0..200 {
            let (sender, wakers) = mpsc::channel();
            let runtime = Runtime::new();
            for _ in 0..8 {
                let polls = Arc::new(AtomicUsize::new(0));
                runtime.spawn(counted(polls, sender.clone())).detach();
            }
            runtime.block_on(yield_now());
            let wakers: Vec<Waker> = wakers.try_iter().collect();
            let start = Arc::new(Barrier::new(2));
            let started = Arc::clone(&start);
            let other = thread::spawn(move || {
                started.wait();
                for _ in 0..3 {
                    wakers.iter().for_each(Waker::wake_by_ref);
                }
                drop(wakers);
            });
            start.wait();
            drop(runtime);
            other.join().unwrap();
        }
    });
}

// P1, P4: a loop that is driven turn by turn, and woken by threads that never spawn.
#[test]
fn every_remote_wake_reaches_a_loop_that_is_turned_by_hand() {
    watched(|| {
        let runtime = Runtime::new();
        let (sender, wakers) = mpsc::channel::<Waker>();
        let rounds = 1_000;
        let task = runtime.spawn(async move {
            for _ in 0..rounds {
                let mut asked = false;
                poll_fn(|cx| {
                    if asked {
                        return Poll::Ready(());
                    }
                    asked = true;
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::Pending
                })
                .await;
            }
        });
        let waking = thread::spawn(move || wakers.iter().for_each(Waker::wake));
        while !task.is_finished() {
            let _ = runtime.turn(Duration::from_millis(1));
        }
        waking.join().unwrap();
        let task = pin!(task);
        runtime.block_on(task).unwrap();
    });
}
