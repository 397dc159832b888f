//! `Handle`: a runtime used from other threads, and from blocking code.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Context;
use std::thread;
use std::time::Duration;

use aside::{Handle, JoinHandle, Runtime, sleep, timeout, yield_now};

use crate::support::misbehaving::Foreign;
use crate::support::watchdog::{on_a_thread, panic_message, watched};

#[test]
fn other_threads_spawn_tasks_that_run_on_the_loops_thread() {
    watched(|| {
        let runtime = Runtime::new();
        let home = thread::current().id();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let handle = runtime.handle();
                thread::spawn(move || {
                    let spawn_one = |_| handle.spawn(async { thread::current().id() });
                    (0..100).map(spawn_one).collect::<Vec<_>>()
                })
            })
            .collect();
        for thread in threads {
            for task in thread.join().unwrap() {
                assert_eq!(runtime.block_on(task).unwrap(), home);
            }
        }
    });
}

#[test]
fn tasks_spawned_by_one_thread_start_in_order() {
    watched(|| {
        let runtime = Runtime::new();
        let (sender, receiver) = mpsc::channel();
        let handle = runtime.handle();
        on_a_thread(move || {
            for number in 0..50 {
                let sender = sender.clone();
                handle.spawn(async move { sender.send(number).unwrap() }).detach();
            }
        });
        let _ = runtime.turn(Duration::ZERO);
        assert!(receiver.iter().eq(0..50));
    });
}

#[test]
fn spawn_with_builds_a_future_on_the_loops_thread_that_need_not_be_send() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let task = on_a_thread(move || {
            handle.spawn_with(|| {
                let log = Rc::new(RefCell::new(vec![1]));
                async move {
                    yield_now().await;
                    log.borrow_mut().push(2);
                    log.take().len()
                }
            })
        });
        assert_eq!(runtime.block_on(task).unwrap(), 2);
    });
}

// Promise 4
#[test]
fn a_panic_in_the_closure_of_spawn_with_is_that_tasks_panic() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let task = on_a_thread(move || {
            handle.spawn_with(|| -> std::future::Ready<()> { panic!("no future") })
        });
        assert!(runtime.block_on(task).unwrap_err().is_panic());
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
    });
}

#[test]
fn a_task_spawned_from_another_thread_can_be_aborted_before_it_arrives() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let task = on_a_thread(move || {
            let task = handle.spawn(async { unreachable!("it was aborted before it began") });
            task.abort();
            task
        });
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    });
}

// Async code calls sync code, which calls async code, and so on.
#[test]
fn a_job_may_block_on_a_future_that_awaits_a_job_that_blocks_on_a_future() {
    watched(|| {
        let answer = aside::run(async {
            let outer = aside::spawn_blocking(|| {
                Handle::current().block_on(async {
                    let inner = aside::spawn_blocking(|| {
                        Handle::current().block_on(async {
                            sleep(Duration::from_millis(1)).await;
                            let handle = Handle::current();
                            handle.spawn_with(|| async { *Rc::new(40) }).await.unwrap()
                        })
                    });
                    inner.await.unwrap() + 1
                })
            });
            outer.await.unwrap() + 1
        });
        assert_eq!(answer, 42);
    });
}

#[test]
fn block_on_by_handle_drives_a_future_that_is_not_send_on_this_thread() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let (sender, receiver) = mpsc::channel::<()>();
        let other = thread::spawn(move || {
            let here = thread::current().id();
            let shared = Rc::new(5);
            let output = handle.block_on(async {
                assert_eq!(thread::current().id(), here);
                let task = handle.spawn(async { 6 });
                let late = timeout(Duration::from_millis(1), pending::<()>()).await;
                assert!(late.is_err());
                *shared + task.await.unwrap()
            });
            drop(sender);
            output
        });
        // This thread turns the loop until the other thread drops the sender.
        while receiver.try_recv() == Err(mpsc::TryRecvError::Empty) {
            let _ = runtime.turn(Duration::from_millis(1));
        }
        assert_eq!(other.join().unwrap(), 11);
    });
}

#[test]
fn without_a_runtime_the_functions_panic_with_advice() {
    watched(|| {
        assert!(Handle::try_current().is_err());
        let spawning = panic_message(|| aside::spawn(async {}).detach());
        assert!(spawning.contains("`Handle::spawn`"), "{spawning}");
        let blocking = panic_message(|| aside::spawn_blocking(|| ()).detach());
        assert!(blocking.contains("there is no runtime on this thread"), "{blocking}");
        let current = panic_message(|| drop(Handle::current()));
        assert!(current.contains("call this inside `run`"), "{current}");
    });
}

#[test]
fn the_current_runtime_is_the_innermost_one_and_none_after_it_ends() {
    watched(|| {
        let outer = Runtime::new();
        outer.block_on(async {
            let inner = Runtime::builder().threads_max(1).build();
            let task = inner.spawn(async { 1 });
            assert!(!task.is_finished());
            assert_eq!(aside::spawn(async { 2 }).await.unwrap(), 2);
            inner.drain();
            assert!(task.is_finished());
        });
        assert!(Handle::try_current().is_err());
        let _ = panic_message(|| outer.block_on(async { panic!("in main") }));
        assert!(Handle::try_current().is_err());
    });
}

fn handle_of_a_runtime_that_is_gone() -> Handle {
    Runtime::new().handle()
}

// P45, P48
#[test]
fn after_the_runtime_has_ended_spawned_tasks_are_cancelled_and_jobs_are_refused() {
    watched(|| {
        let handle = handle_of_a_runtime_that_is_gone();
        let task = handle.spawn(async { 1 });
        let made = handle.spawn_with(|| async { 2 });
        let job = handle.spawn_blocking(|| 3);
        assert!(task.is_finished() && made.is_finished() && job.is_finished());
        aside::run(async {
            assert!(task.await.unwrap_err().is_cancelled());
            assert!(made.await.unwrap_err().is_cancelled());
            let error = job.await.unwrap_err();
            assert!(error.is_refused());
            assert!(error.to_string().ends_with("the blocking pool is shut down"), "{error}");
        });
        // On other threads the handle still drives futures that need no loop, and reads the clock.
        on_a_thread(move || {
            assert_eq!(handle.block_on(async { 4 }), 4);
            let _ = handle.now();
            let message = panic_message(|| handle.block_on(sleep(Duration::from_millis(1))));
            assert!(message.contains("runtime"), "{message}");
        });
    });
}

// P48
#[test]
fn spawns_from_other_threads_may_race_the_drop_of_the_runtime() {
    watched(|| {
        for _ in 0..200 {
            let runtime = Runtime::new();
            let handle = runtime.handle();
            let (ready, begin) = mpsc::channel();
            let spawning = thread::spawn(move || {
                ready.send(()).unwrap();
                (0..50).map(|number| handle.spawn(async move { number })).collect::<Vec<_>>()
            });
            begin.recv().unwrap();
            let _ = runtime.turn(Duration::ZERO);
            drop(runtime);
            let tasks: Vec<JoinHandle<i32>> = spawning.join().unwrap();
            for (number, task) in tasks.into_iter().enumerate() {
                match aside::run(task) {
                    Ok(output) => assert_eq!(output, number as i32),
                    Err(error) => assert!(error.is_cancelled()),
                }
            }
        }
    });
}

#[test]
fn a_join_handle_may_be_awaited_on_another_thread_and_another_loop() {
    watched(|| {
        let runtime = Runtime::new();
        let task = runtime.spawn(async {
            yield_now().await;
            8
        });
        let (waker, counts) = Foreign::default().waker();
        let mut task = task;
        let mut cx = Context::from_waker(&waker);
        assert!(std::pin::Pin::new(&mut task).poll(&mut cx).is_pending());
        let other = thread::spawn(move || aside::run(task));
        runtime.drain();
        assert_eq!(other.join().unwrap().unwrap(), 8);
        assert_eq!(counts.references(), 1);
    });
}
