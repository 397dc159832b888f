//! aside and tokio in one program.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../../it/support/watchdog.rs"]
mod watchdog;

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use aside::blocking::Shutdown;
use aside::{Runtime, sleep, spawn, spawn_blocking, yield_now};
use watchdog::watched;

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// Uses tasks, timers and jobs on a loop of its own.
fn run_aside() -> u32 {
    aside::run(async {
        let task = spawn(async { *Rc::new(1) });
        let job = spawn_blocking(|| 2);
        sleep(Duration::from_millis(1)).await;
        yield_now().await;
        task.await.unwrap() + job.await.unwrap()
    })
}

#[test]
fn run_works_inside_a_tokio_task() {
    watched(|| {
        for tokio in [current_thread(), multi_thread()] {
            tokio.block_on(async {
                assert_eq!(run_aside(), 3);
                assert_eq!(tokio::spawn(async { run_aside() }).await.unwrap(), 3);
                assert_eq!(tokio::task::spawn_blocking(run_aside).await.unwrap(), 3);
                tokio::time::sleep(Duration::from_millis(1)).await;
            });
        }
    });
}

#[test]
fn a_runtime_is_built_used_turned_and_dropped_inside_a_tokio_task() {
    watched(|| {
        for tokio in [current_thread(), multi_thread()] {
            tokio.block_on(async {
                let runtime = Runtime::new();
                let task = runtime.spawn(async { 4 });
                while !task.is_finished() {
                    let _ = runtime.turn(Duration::ZERO);
                    tokio::task::yield_now().await;
                }
                assert_eq!(runtime.block_on(task).unwrap(), 4);
                runtime.block_on(async { spawn_blocking(thread::yield_now).detach() });
                runtime.spawn(pending::<()>()).detach();
                // This thread runs no loop of aside, so the drop waits for the job and does not
                // panic.
                drop(runtime);
            });
        }
    });
}

#[test]
fn a_tokio_task_may_drop_a_runtime_while_its_jobs_run() {
    watched(|| {
        multi_thread().block_on(async {
            let (go, may_go) = mpsc::channel::<()>();
            let (began, beginning) = mpsc::channel();
            let job = {
                let runtime = Runtime::new();
                let job = runtime.handle().spawn_blocking(move || {
                    began.send(()).unwrap();
                    may_go.recv().unwrap();
                    5
                });
                beginning.recv().unwrap();
                let report = runtime.shutdown(Shutdown::Leave);
                assert_eq!(report.jobs.running.len(), 1);
                job
            };
            go.send(()).unwrap();
            assert_eq!(job.await.unwrap(), 5);
        });
    });
}

#[test]
fn tokio_awaits_handles_of_tasks_and_jobs() {
    watched(|| {
        for tokio in [current_thread(), multi_thread()] {
            let (sender, handles) = mpsc::channel();
            let (stop, stopped) = mpsc::channel::<()>();
            let other = thread::spawn(move || {
                let runtime = Runtime::new();
                sender.send(runtime.handle()).unwrap();
                while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                    let _ = runtime.turn(Duration::from_millis(1));
                }
            });
            let handle = handles.recv().unwrap();
            tokio.block_on(async {
                for round in 0..200 {
                    let task = handle.spawn(async move {
                        yield_now().await;
                        round
                    });
                    assert_eq!(task.await.unwrap(), round);
                    assert_eq!(handle.spawn_blocking(move || round).await.unwrap(), round);
                }
                let cancelled = handle.spawn(pending::<()>());
                cancelled.abort();
                assert!(cancelled.await.unwrap_err().is_cancelled());
                let panicked = handle.spawn_with(|| async { panic!("in a task of aside's") });
                assert!(panicked.await.unwrap_err().is_panic());
            });
            stop.send(()).unwrap();
            other.join().unwrap();
        }
    });
}

#[test]
fn a_tokio_task_is_spawned_and_awaited_inside_a_task_of_aside() {
    watched(|| {
        let tokio = multi_thread();
        let handle = tokio.handle().clone();
        aside::run(async move {
            let task = spawn(async move {
                let theirs = handle.spawn(async {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    6
                });
                let _entered = handle.enter();
                tokio::time::sleep(Duration::from_millis(1)).await;
                theirs.await.unwrap()
            });
            assert_eq!(task.await.unwrap(), 6);
        });
    });
}

#[test]
fn channels_of_tokio_work_between_both() {
    watched(|| {
        let tokio = multi_thread();
        let (there, mut arrivals) = tokio::sync::mpsc::channel::<u32>(4);
        let (back, mut returns) = tokio::sync::mpsc::channel::<u32>(4);
        let echo = tokio.spawn(async move {
            while let Some(number) = arrivals.recv().await {
                back.send(number + 1).await.unwrap();
            }
        });
        aside::run(async move {
            let sending = spawn(async move {
                for number in 0..1_000 {
                    there.send(number).await.unwrap();
                }
            });
            for number in 0..1_000 {
                assert_eq!(returns.recv().await, Some(number + 1));
            }
            sending.await.unwrap();
        });
        tokio.block_on(echo).unwrap();
    });
}

// P75: tokio's channels count polls, and then return `Pending` once after waking the task.
#[test]
fn tokios_budget_does_not_stop_a_loop_of_aside() {
    watched(|| {
        aside::run(async {
            let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
            (0..10_000).for_each(|number| sender.send(number).unwrap());
            drop(sender);
            let mut sum = 0_u64;
            while let Some(number) = receiver.recv().await {
                sum += number;
            }
            assert_eq!(sum, 49_995_000);
        });
    });
}

#[test]
fn a_runtime_of_aside_is_dropped_inside_a_tokio_task_with_everything_in_flight() {
    watched(|| {
        for tokio in [current_thread(), multi_thread()] {
            tokio.block_on(async {
                for _ in 0..100 {
                    let runtime = Runtime::new();
                    let dropped = Rc::new(Cell::new(false));
                    let mark = Rc::clone(&dropped);
                    let task = runtime.spawn(async move {
                        let _mark = Mark(mark);
                        sleep(Duration::from_secs(3600)).await;
                    });
                    let job = runtime.handle().spawn_blocking(thread::yield_now);
                    runtime.block_on(yield_now());
                    drop(runtime);
                    assert!(dropped.get());
                    assert!(task.await.unwrap_err().is_cancelled());
                    job.await.unwrap();
                }
            });
        }
    });
}

struct Mark(Rc<Cell<bool>>);

impl Drop for Mark {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

// P13: both runtimes sleep on the same thread, and the pools wake them at any time.
#[test]
fn nested_block_on_in_tokio_loses_no_wake() {
    watched(|| {
        let tokio = current_thread();
        tokio.block_on(async {
            let runtime = Runtime::builder().threads_max(2).build();
            for _ in 0..1_000 {
                let outer = tokio::task::spawn_blocking(thread::yield_now);
                runtime.block_on(async { spawn_blocking(thread::yield_now).await.unwrap() });
                outer.await.unwrap();
            }
        });
    });
}

// P13: the converse case. tokio runs inside aside, on a thread that both runtimes have parked.
#[test]
fn nested_block_on_of_tokio_in_aside_loses_no_wake() {
    watched(|| {
        let tokio = Arc::new(current_thread());
        aside::run(async move {
            for _ in 0..1_000 {
                let outer = spawn_blocking(thread::yield_now);
                tokio.block_on(async {
                    tokio::task::spawn_blocking(thread::yield_now).await.unwrap();
                });
                outer.await.unwrap();
            }
        });
    });
}

#[test]
fn a_handle_of_aside_blocks_on_futures_of_tokio_inside_a_job() {
    watched(|| {
        let tokio = multi_thread();
        let handle = tokio.handle().clone();
        let answer = aside::run(async move {
            let job = spawn_blocking(move || {
                let theirs = handle.spawn(async { 7 });
                aside::Handle::current().block_on(theirs).unwrap()
            });
            job.await.unwrap()
        });
        assert_eq!(answer, 7);
    });
}
