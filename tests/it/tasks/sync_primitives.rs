//! Channels, locks and events of other crates on aside. Each of them works, and each trap in
//! `docs/guide/sync-primitives.md` occurs as that page describes.

// The traps need the types of std itself.
#![allow(clippy::disallowed_types)]

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use aside::time::Clock;
use aside::{Handle, Runtime, gather, sleep, spawn, spawn_blocking, timeout, yield_now};
use async_lock::{Barrier, Mutex, OnceCell, RwLock, Semaphore};
use event_listener::Event;
use futures_channel::oneshot;
use futures_lite::future::{block_on, pending, poll_once};

use crate::support::watchdog::watched;

const SECOND: Duration = Duration::from_secs(1);

/// Runs `main` on a virtual clock, which advances only when no task can run.
fn run_virtually<F: Future>(main: F) -> F::Output {
    Runtime::builder().clock(Clock::virtual_time()).build().block_on(main)
}

#[test]
fn a_channel_connects_tasks_jobs_and_threads_outside_the_runtime() {
    watched(|| {
        let (sender, receiver) = async_channel::bounded(3);
        let thread = std::thread::spawn({
            let sender = sender.clone();
            move || (0..100).for_each(|number| sender.send_blocking(number).unwrap())
        });
        let sum: u32 = aside::run(async move {
            let from_job = sender.clone();
            spawn_blocking(move || {
                (100..200).for_each(|number| from_job.send_blocking(number).unwrap());
            })
            .detach();
            spawn(async move {
                for number in 200..300 {
                    sender.send(number).await.unwrap();
                }
            })
            .detach();
            let consumers = [receiver.clone(), receiver].map(|receiver| async move {
                let mut sum = 0;
                while let Ok(number) = receiver.recv().await {
                    sum += number;
                }
                sum
            });
            gather(consumers).await.into_iter().sum()
        });
        thread.join().unwrap();
        assert_eq!(sum, (0..300).sum());
    });
}

#[test]
fn a_producer_job_is_never_further_ahead_of_its_reader_than_the_capacity_of_the_channel() {
    watched(|| {
        aside::run(async {
            let (sender, receiver) = async_channel::bounded(4);
            let sent = Arc::new(AtomicUsize::new(0));
            let job = spawn_blocking({
                let sent = Arc::clone(&sent);
                move || {
                    for number in 0..1000 {
                        sender.send_blocking(number).unwrap();
                        sent.store(number + 1, Ordering::Release);
                    }
                }
            });
            let mut received = 0;
            while let Ok(number) = receiver.recv().await {
                assert_eq!(number, received);
                received += 1;
                assert!(sent.load(Ordering::Acquire) <= received + 4);
            }
            job.await.unwrap();
            assert_eq!(received, 1000);
        });
    });
}

#[test]
fn a_producer_job_ends_when_its_receiver_is_dropped() {
    watched(|| {
        aside::run(async {
            let (sender, receiver) = async_channel::bounded(1);
            let job = spawn_blocking(move || {
                let mut sent = 0;
                while sender.send_blocking(sent).is_ok() {
                    sent += 1;
                }
                sent
            });
            assert_eq!(receiver.recv().await, Ok(0));
            drop(receiver);
            assert!((1..=2).contains(&job.await.unwrap()));
        });
    });
}

#[test]
fn a_oneshot_channel_delivers_one_answer_or_none() {
    watched(|| {
        aside::run(async {
            let (sender, receiver) = oneshot::channel();
            spawn_blocking(move || sender.send(7)).detach();
            assert_eq!(receiver.await, Ok(7));
            let (sender, receiver) = oneshot::channel::<u32>();
            spawn(async move { drop(sender) }).detach();
            assert!(receiver.await.is_err());
        });
    });
}

#[test]
fn an_async_mutex_may_be_held_across_an_await() {
    watched(|| {
        aside::run(async {
            let total = Arc::new(Mutex::new(0));
            let tasks = (0..10).map(|_| {
                let total = Arc::clone(&total);
                spawn(async move {
                    let mut total = total.lock().await;
                    let before = *total;
                    yield_now().await;
                    *total = before + 1;
                })
            });
            let tasks: Vec<_> = tasks.collect();
            let jobs = (0..10).map(|_| {
                let total = Arc::clone(&total);
                spawn_blocking(move || *total.lock_blocking() += 1)
            });
            let jobs: Vec<_> = jobs.collect();
            gather((gather(tasks), gather(jobs))).await;
            assert_eq!(*total.lock().await, 20);
        });
    });
}

#[test]
fn a_read_write_lock_admits_many_readers_or_one_writer() {
    watched(|| {
        aside::run(async {
            let table = RwLock::new(1);
            let both_read = Barrier::new(2);
            let read = || async {
                let table = table.read().await;
                both_read.wait().await;
                *table
            };
            let write = async {
                let mut table = table.write().await;
                *table += 1;
                yield_now().await;
                *table += 1;
            };
            assert_eq!(gather((read(), read(), write)).await, (1, 1, ()));
            assert_eq!(*table.read().await, 3);
        });
    });
}

#[test]
fn a_semaphore_admits_as_many_tasks_as_it_has_permits() {
    watched(|| {
        aside::run(async {
            let (permits, inside, most) = (Semaphore::new(3), Cell::new(0), Cell::new(0));
            let visits = (0..20).map(|_| async {
                let _permit = permits.acquire().await;
                inside.set(inside.get() + 1);
                most.set(most.get().max(inside.get()));
                yield_now().await;
                inside.set(inside.get() - 1);
            });
            gather(visits).await;
            assert_eq!((inside.get(), most.get()), (0, 3));
        });
    });
}

#[test]
fn a_barrier_opens_for_tasks_and_jobs_together() {
    watched(|| {
        aside::run(async {
            let barrier = Arc::new(Barrier::new(4));
            let task = || {
                let barrier = Arc::clone(&barrier);
                spawn(async move { barrier.wait().await.is_leader() })
            };
            let job = || {
                let barrier = Arc::clone(&barrier);
                spawn_blocking(move || barrier.wait_blocking().is_leader())
            };
            let leaders = gather([task(), task(), job(), job()]).await;
            assert_eq!(leaders.into_iter().filter(|leads| *leads.as_ref().unwrap()).count(), 1);
        });
    });
}

#[test]
fn a_once_cell_is_initialized_once_and_by_the_next_task_if_the_first_is_cancelled() {
    watched(|| {
        aside::run(async {
            let (cell, tries) = (OnceCell::new(), Cell::new(0));
            let fill = || {
                cell.get_or_init(|| async {
                    tries.set(tries.get() + 1);
                    if tries.get() == 1 {
                        pending::<()>().await;
                    }
                    spawn_blocking(|| 42).await.unwrap()
                })
            };
            let mut first = Box::pin(fill());
            assert!(poll_once(&mut first).await.is_none());
            let mut second = pin!(fill());
            assert!(poll_once(&mut second).await.is_none());
            assert_eq!(tries.get(), 1);
            drop(first);
            assert_eq!(second.await, &42);
            assert_eq!(gather([fill(), fill()]).await, [&42, &42]);
            assert_eq!(tries.get(), 2);
        });
    });
}

#[test]
fn an_event_is_notified_from_another_thread() {
    watched(|| {
        aside::run(async {
            let (set, event) = (Arc::new(AtomicBool::new(false)), Arc::new(Event::new()));
            spawn_blocking({
                let (set, event) = (Arc::clone(&set), Arc::clone(&event));
                move || {
                    set.store(true, Ordering::Release);
                    event.notify(usize::MAX);
                }
            })
            .detach();
            let waits = || async {
                while !set.load(Ordering::Acquire) {
                    // The listener is created before the second check, so a notification after that
                    // check reaches it.
                    let listener = event.listen();
                    if !set.load(Ordering::Acquire) {
                        listener.await;
                    }
                }
            };
            gather([waits(), waits(), waits()]).await;
        });
    });
}

#[test]
fn primitives_wake_other_executors_too() {
    watched(|| {
        let (sender, receiver) = async_channel::bounded(1);
        let other = std::thread::spawn(move || block_on(receiver.recv()));
        aside::run(async move { sender.send(5).await }).unwrap();
        assert_eq!(other.join().unwrap(), Ok(5));
    });
}

/// A lock that a job holds until it receives a message.
async fn held_by_a_job() -> (Arc<std::sync::Mutex<()>>, std::sync::mpsc::Sender<()>) {
    let lock = Arc::new(std::sync::Mutex::new(()));
    let (is_held, holds) = oneshot::channel();
    let (let_go, told) = std::sync::mpsc::channel();
    let job = {
        let lock = Arc::clone(&lock);
        move || {
            let _guard = lock.lock().unwrap();
            is_held.send(()).unwrap();
            told.recv().unwrap();
        }
    };
    spawn_blocking(job).detach();
    holds.await.unwrap();
    (lock, let_go)
}

#[test]
fn a_blocking_lock_blocks_every_task_of_its_loop() {
    watched(|| {
        aside::run(async {
            let (lock, let_go) = held_by_a_job().await;
            let has_run = Rc::new(Cell::new(false));
            let neighbour = spawn({
                let has_run = Rc::clone(&has_run);
                async move { has_run.set(true) }
            });
            assert!(lock.try_lock().is_err());
            let_go.send(()).unwrap();
            drop(lock.lock().unwrap());
            assert!(!has_run.get());
            neighbour.await.unwrap();
        });
    });
}

// The task that releases the lock runs on the loop, so the loop must not block on the lock.
#[test]
fn a_blocking_lock_in_a_job_blocks_no_task() {
    watched(|| {
        aside::run(async {
            let (lock, let_go) = held_by_a_job().await;
            let waits = spawn_blocking(move || drop(lock.lock().unwrap()));
            yield_now().await;
            let neighbour = spawn(async move { let_go.send(()).unwrap() });
            waits.await.unwrap();
            neighbour.await.unwrap();
        });
    });
}

// `lock` instead of `try_lock` would never return, because the task that holds the lock is on the
// same thread.
#[test]
fn a_std_lock_held_across_an_await_deadlocks_its_thread() {
    watched(|| {
        aside::run(async {
            let shared = Rc::new(std::sync::Mutex::new(()));
            let holder = spawn({
                let shared = Rc::clone(&shared);
                #[allow(clippy::await_holding_lock)]
                async move {
                    let _guard = shared.lock().unwrap();
                    pending::<()>().await;
                }
            });
            yield_now().await;
            assert!(shared.try_lock().is_err());
            holder.abort();
            assert!(holder.await.unwrap_err().is_cancelled());
            assert!(shared.try_lock().is_ok());
        });
    });
}

#[test]
fn a_guard_in_a_cancelled_future_releases_its_lock() {
    watched(|| {
        run_virtually(async {
            let accounts = Arc::new(Mutex::new((100, 0)));
            let transfer = {
                let accounts = Arc::clone(&accounts);
                async move {
                    let mut accounts = accounts.lock().await;
                    accounts.0 -= 30;
                    sleep(SECOND).await;
                    accounts.1 += 30;
                }
            };
            assert!(timeout(SECOND / 2, transfer).await.is_err());
            assert_eq!(*accounts.lock().await, (70, 0));
            // In a task of its own the transfer continues when its caller is cancelled.
            let task = spawn({
                let accounts = Arc::clone(&accounts);
                async move {
                    let mut accounts = accounts.lock().await;
                    accounts.0 -= 30;
                    sleep(SECOND).await;
                    accounts.1 += 30;
                }
            });
            assert!(timeout(SECOND / 2, task).await.is_err());
            assert_eq!(*accounts.lock().await, (40, 30));
        });
    });
}

// P82: a future that holds the lock, or waits in its queue, must be polled.
#[test]
fn an_unpolled_future_that_holds_a_lock_deadlocks_its_own_task() {
    watched(|| {
        run_virtually(async {
            let lock = Mutex::new(());
            let mut holder = Box::pin(async {
                let _guard = lock.lock().await;
                sleep(SECOND).await;
            });
            assert!(poll_once(&mut holder).await.is_none());
            assert!(timeout(60 * SECOND, lock.lock()).await.is_err());
            // A group polls all of its futures.
            gather((holder, async { drop(lock.lock().await) })).await;
        });
    });
}

#[test]
fn a_reader_that_locks_for_writing_deadlocks_with_itself() {
    watched(|| {
        run_virtually(async {
            let table = RwLock::new(0);
            let reader = table.read().await;
            assert!(timeout(60 * SECOND, table.write()).await.is_err());
            drop(reader);
            let reader = table.upgradable_read().await;
            let mut writer = async_lock::RwLockUpgradableReadGuard::upgrade(reader).await;
            *writer += 1;
        });
    });
}

#[test]
fn a_job_runs_async_code_by_block_on() {
    watched(|| {
        aside::run(async {
            let permits = Arc::new(Semaphore::new(1));
            let permit = permits.acquire_arc().await;
            let job = spawn_blocking({
                let permits = Arc::clone(&permits);
                move || drop(Handle::current().block_on(permits.acquire()))
            });
            drop(permit);
            job.await.unwrap();
        });
    });
}
