//! `enter`: a runtime that is current for code outside its tasks.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use aside::time::Clock;
use aside::{Handle, NextTurn, Runtime, sleep, spawn, spawn_blocking};

use crate::support::watchdog::{panic_message, watched};

/// Returns the time by the current runtime's clock, which tells runtimes apart if it is virtual.
fn is_current(runtime: &Runtime) -> bool {
    let current = Handle::current();
    current.now() == runtime.handle().now() && aside::time::now() == current.now()
}

fn virtual_runtime() -> Runtime {
    Runtime::builder().clock(Clock::virtual_time()).build()
}

#[test]
fn a_thread_that_has_entered_its_runtime_spawns_tasks_jobs_and_sleeps() {
    watched(|| {
        let runtime = virtual_runtime();
        let guard = runtime.enter();
        let local = Rc::new(Cell::new(1));
        let shared = Rc::clone(&local);
        let job = spawn_blocking(|| 3);
        let pause = sleep(Duration::from_secs(1));
        let task = spawn(async move {
            pause.await;
            shared.set(job.await.unwrap());
        });
        assert_eq!(local.get(), 1, "nothing is polled before the loop is turned");
        drop(guard);
        assert!(Handle::try_current().is_err());
        runtime.block_on(task).unwrap();
        assert_eq!(local.get(), 3);
    });
}

#[test]
fn a_spawn_within_the_guard_calls_the_hook_of_the_host() {
    watched(|| {
        let woken = Arc::new(AtomicUsize::new(0));
        let hook = Arc::clone(&woken);
        let runtime = Runtime::builder()
            .on_wake(move || {
                hook.fetch_add(1, Ordering::SeqCst);
            })
            .on_wake(|| ())
            .build();
        let _guard = runtime.enter();
        assert_eq!(runtime.turn(Duration::ZERO).next, NextTurn::OnWake);
        let (sender, receiver) = futures_channel::oneshot::channel::<()>();
        let task = spawn(receiver);
        assert_eq!(woken.swap(0, Ordering::SeqCst), 1);
        while runtime.turn(Duration::ZERO).next != NextTurn::OnWake {}
        // A wake between two turns is announced, too, although it comes from the loop's thread.
        sender.send(()).unwrap();
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        while !task.is_finished() {
            runtime.turn(Duration::ZERO);
        }
    });
}

#[test]
fn another_thread_that_has_entered_a_runtime_makes_sleeps_and_jobs_but_no_local_tasks() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let other = thread::spawn(move || {
            let _guard = handle.enter();
            assert!(panic_message(|| spawn(async {}).detach()).contains("`Handle::spawn`"));
            let pause = sleep(Duration::from_millis(1));
            // Another executor polls the sleep, which the loop of the runtime serves.
            futures_lite::future::block_on(pause);
            let job = spawn_blocking(|| Handle::current().now());
            Handle::current().spawn(async move { job.await.unwrap() })
        });
        let task = runtime.block_on(spawn_blocking_on(&runtime, move || other.join().unwrap()));
        runtime.block_on(task).unwrap();
    });
}

/// Joins a thread in a job, so that the loop is turned meanwhile.
async fn spawn_blocking_on<T: Send + 'static>(
    runtime: &Runtime,
    f: impl FnOnce() -> T + Send + 'static,
) -> T {
    runtime.handle().spawn_blocking(f).await.unwrap()
}

#[cfg(all(feature = "net", unix))]
#[test]
fn a_socket_made_within_a_guard_belongs_to_the_runtime() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let (near, far) = crate::support::watchdog::on_a_thread(move || {
            let _guard = handle.enter();
            aside::net::UnixStream::pair().unwrap()
        });
        let echoed = runtime.block_on(async {
            far.write(b"entered").await.unwrap();
            let mut bytes = [0; 16];
            let length = near.read(&mut bytes).await.unwrap();
            bytes[..length].to_vec()
        });
        assert_eq!(echoed, b"entered");
        drop(runtime);
        assert!(aside::is_runtime_gone(&near.try_write(b"late").unwrap_err()));
    });
}

#[test]
fn guards_nest_and_the_innermost_runtime_is_current() {
    watched(|| {
        let outer = virtual_runtime();
        let inner = virtual_runtime();
        let _outer = outer.enter();
        assert!(is_current(&outer) && !is_current(&inner));
        {
            let _inner = inner.handle().enter();
            assert!(is_current(&inner) && !is_current(&outer));
            let _again = outer.enter();
            assert!(is_current(&outer));
        }
        assert!(is_current(&outer));
        inner.block_on(async { assert!(is_current(&inner)) });
        assert!(is_current(&outer));
    });
}

#[test]
fn entering_the_runtime_of_the_own_task_or_job_changes_nothing() {
    watched(|| {
        // The job holds the virtual clock, and releases it while it sleeps in `block_on`.
        let runtime = virtual_runtime();
        runtime.block_on(async {
            let _guard = Handle::current().enter();
            let task = spawn(async { 1 });
            let job = spawn_blocking(|| {
                let handle = Handle::current();
                let _guard = handle.enter();
                handle.block_on(sleep(Duration::from_secs(3600)));
            });
            drop(_guard);
            job.await.unwrap();
            assert_eq!(task.await.unwrap(), 1);
        });
    });
}

#[test]
fn a_guard_that_is_dropped_before_a_later_one_panics() {
    watched(|| {
        let runtime = Runtime::new();
        let first = runtime.enter();
        let second = runtime.handle().enter();
        let message = panic_message(|| drop(first));
        assert!(message.contains("reverse order"), "{message}");
        let message = panic_message(|| drop(second));
        assert!(message.contains("reverse order"), "{message}");
    });
}

#[test]
fn a_guard_that_outlives_its_runtime_cancels_what_is_spawned() {
    watched(|| {
        let runtime = Runtime::new();
        let guard = runtime.enter();
        drop(runtime);
        let task = spawn(async {});
        let job = spawn_blocking(|| ());
        assert!(futures_lite::future::block_on(task).unwrap_err().is_cancelled());
        assert!(futures_lite::future::block_on(job).unwrap_err().is_refused());
        drop(guard);
    });
}
