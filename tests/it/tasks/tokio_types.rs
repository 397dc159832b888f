//! The parts of tokio that need no runtime of tokio: `tokio::sync`, its macros, and tokio-util's
//! `CancellationToken`. `docs/guide/from-tokio.md` and `sync-primitives.md` say that they work.

use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use aside::time::Clock;
use aside::{Runtime, gather, race, sleep, spawn, spawn_blocking, try_gather, yield_now};
use tokio::sync::{
    Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
use tokio_util::sync::CancellationToken;

use crate::support::watchdog::watched;

/// Runs `main` on a virtual clock, which advances only when no task can run.
fn run_virtually<F: Future>(main: F) -> F::Output {
    Runtime::builder().clock(Clock::virtual_time()).build().block_on(main)
}

#[test]
fn each_receiver_of_a_broadcast_gets_each_value_and_learns_what_it_has_missed() {
    watched(|| {
        aside::run(async {
            let (sender, first) = broadcast::channel(2);
            let second = sender.subscribe();
            let readers = [first, second].map(|mut receiver| {
                spawn(async move {
                    let mut received = Vec::new();
                    loop {
                        match receiver.recv().await {
                            Ok(number) => received.push(Ok(number)),
                            Err(broadcast::error::RecvError::Lagged(missed)) => {
                                received.push(Err(missed));
                            }
                            Err(broadcast::error::RecvError::Closed) => return received,
                        }
                    }
                })
            });
            // The readers wait when the first value is sent, and then miss one of three.
            yield_now().await;
            sender.send(1).unwrap();
            yield_now().await;
            for number in 2..5 {
                sender.send(number).unwrap();
            }
            drop(sender);
            for received in gather(readers).await {
                assert_eq!(received.unwrap(), [Ok(1), Err(1), Ok(3), Ok(4)]);
            }
        });
    });
}

#[test]
fn a_watch_wakes_a_task_for_the_newest_value_that_a_job_sends() {
    watched(|| {
        aside::run(async {
            let (sender, mut receiver) = watch::channel(0);
            let job = spawn_blocking(move || {
                for number in 1..=100 {
                    sender.send(number).unwrap();
                }
            });
            let mut newest = 0;
            while receiver.changed().await.is_ok() {
                let value = *receiver.borrow_and_update();
                assert!(value > newest, "{value} came after {newest}");
                newest = value;
            }
            job.await.unwrap();
            assert_eq!(*receiver.borrow(), 100);
        });
    });
}

#[test]
fn channels_of_tokio_connect_tasks_and_jobs_and_the_slower_side_waits() {
    watched(|| {
        aside::run(async {
            let (sender, mut receiver) = mpsc::channel(1);
            let from_job = sender.clone();
            let job = spawn_blocking(move || {
                (0..100).for_each(|number| from_job.blocking_send(number).unwrap());
            });
            let task = spawn(async move {
                for number in 100..200 {
                    sender.send(number).await.unwrap();
                }
            });
            let mut sum = 0;
            while let Some(number) = receiver.recv().await {
                sum += number;
            }
            assert_eq!(sum, (0..200).sum());
            try_gather((job, task)).await.unwrap();

            let (answer, answered) = oneshot::channel();
            let job = spawn_blocking(move || answer.send("from a job").unwrap());
            assert_eq!(answered.await, Ok("from a job"));
            job.await.unwrap();
        });
    });
}

#[test]
fn locks_of_tokio_are_held_across_awaits_and_shared_with_jobs() {
    watched(|| {
        aside::run(async {
            let count = Arc::new(Mutex::new(0));
            let task = |count: Arc<Mutex<i32>>| async move {
                let mut count = count.lock().await;
                let before = *count;
                yield_now().await;
                *count = before + 1;
            };
            let job = spawn_blocking({
                let count = Arc::clone(&count);
                move || *count.blocking_lock() += 1
            });
            let tasks = [0; 10].map(|_| spawn(task(Arc::clone(&count))));
            try_gather(tasks).await.unwrap();
            job.await.unwrap();
            assert_eq!(*count.lock().await, 11);

            let (table, both) = (RwLock::new(7), Barrier::new(2));
            let read = || async {
                let table = table.read().await;
                both.wait().await;
                *table
            };
            assert_eq!(gather((read(), read())).await, (7, 7));
            *table.write().await = 8;

            let (permits, settings) = (Semaphore::new(1), OnceCell::new());
            let load = || async {
                let _permit = permits.acquire().await.unwrap();
                *settings
                    .get_or_init(|| async {
                        yield_now().await;
                        3
                    })
                    .await
            };
            assert_eq!(gather([load(), load()]).await, [3, 3]);
            assert_eq!(*table.read().await, 8);
        });
    });
}

#[test]
fn a_notification_of_tokio_from_a_job_wakes_the_waiting_task() {
    watched(|| {
        aside::run(async {
            let notify = Arc::new(Notify::new());
            let task = spawn({
                let notify = Arc::clone(&notify);
                async move { notify.notified().await }
            });
            yield_now().await;
            assert!(!task.is_finished());
            spawn_blocking(move || notify.notify_one()).await.unwrap();
            task.await.unwrap();
        });
    });
}

#[test]
fn select_and_try_join_of_tokio_drive_futures_of_aside() {
    watched(|| {
        run_virtually(async {
            let order = tokio::select! {
                () = sleep(Duration::from_secs(2)) => "late",
                () = sleep(Duration::from_secs(1)) => "early",
                () = pending() => "never",
            };
            assert_eq!(order, "early");

            let job = spawn_blocking(|| 1);
            let (task, value) = tokio::join!(spawn(async { 2 }), job);
            assert_eq!((task.unwrap(), value.unwrap()), (2, 1));

            let sleeps_for_ever = async {
                sleep(Duration::from_secs(3600)).await;
                Ok::<(), &str>(())
            };
            let begun = aside::time::now();
            let both = tokio::try_join!(sleeps_for_ever, async { Err::<(), &str>("refused") });
            assert_eq!(both, Err("refused"));
            assert_eq!(aside::time::now(), begun, "the error ends the wait");
        });
    });
}

#[test]
fn a_cancellation_token_ends_tasks_and_a_running_job_and_its_children_but_not_its_parent() {
    watched(|| {
        aside::run(async {
            let token = CancellationToken::new();
            let child = token.child_token();
            let alive = Rc::new(());
            let task = spawn({
                let (token, alive) = (child.clone(), Rc::clone(&alive));
                async move {
                    let work = async {
                        pending::<()>().await;
                        drop(alive);
                    };
                    race((token.cancelled(), work)).await;
                }
            });
            let job = spawn_blocking({
                let token = child.clone();
                move || {
                    while !token.is_cancelled() {
                        std::thread::yield_now();
                    }
                }
            });
            yield_now().await;
            assert_eq!(Rc::strong_count(&alive), 2);
            spawn_blocking(move || drop(child.drop_guard())).await.unwrap();
            task.await.unwrap();
            job.await.unwrap();
            assert_eq!(Rc::strong_count(&alive), 1);
            assert!(!token.is_cancelled());
            token.cancel();
            token.cancelled().await;
        });
    });
}
