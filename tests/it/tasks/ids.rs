//! `task::id`: a task's own number.

use std::sync::{Arc, mpsc};

use aside::task::{self, Id, try_id};
use aside::{Handle, Runtime, named, sleep, spawn, spawn_blocking, yield_now};
use std::time::Duration;

use crate::support::watchdog::{on_a_thread, panic_message, watched};

/// Sends the number of the task in which it is dropped.
struct SendsId(mpsc::Sender<Option<Id>>);

impl Drop for SendsId {
    fn drop(&mut self) {
        self.0.send(try_id()).unwrap();
    }
}

#[test]
fn a_task_knows_its_number_in_every_poll() {
    watched(|| {
        aside::run(async {
            let numbers = async || {
                let first = task::id();
                yield_now().await;
                sleep(Duration::from_millis(1)).await;
                assert_eq!(task::id(), first);
                first
            };
            let tasks = [(); 3].map(|()| spawn(numbers()));
            for task in tasks {
                let id = task.id();
                assert_eq!(task.await.unwrap(), id);
            }
            let named = named("number").spawn(async { task::id() });
            let id = named.metadata().id();
            assert_eq!(named.await.unwrap(), id);
        });
    });
}

#[test]
fn outside_of_tasks_there_is_no_number() {
    watched(|| {
        assert_eq!(try_id(), None);
        assert!(panic_message(|| println!("{}", task::id())).contains("`task::try_id`"));
        let runtime = Runtime::new();
        runtime.block_on(async {
            assert_eq!(try_id(), None);
            spawn(async {}).await.unwrap();
            assert_eq!(try_id(), None, "the number of a polled task is not left behind");
        });
        // Closures of other threads run between the polls of tasks.
        let busy = runtime.spawn(async { yield_now().await });
        let handle = runtime.handle();
        let made = on_a_thread(move || {
            handle.spawn_with(|| {
                let outside = try_id();
                async move { (outside, try_id()) }
            })
        });
        let id = made.id();
        runtime.block_on(busy).unwrap();
        assert_eq!(runtime.block_on(made).unwrap(), (None, Some(id)));
    });
}

#[test]
fn a_job_has_a_number_also_while_it_blocks_on_a_future() {
    watched(|| {
        aside::run(async {
            let job = spawn_blocking(|| {
                let own = task::id();
                let (inside, of_task) = Handle::current().block_on(async {
                    let task = Handle::current().spawn(async { task::id() });
                    let id = task.id();
                    assert_eq!(task.await.unwrap(), id);
                    (task::id(), id)
                });
                assert_eq!(inside, own);
                assert_ne!(of_task, own);
                own
            });
            let id = job.id();
            assert_eq!(job.await.unwrap(), id);
        });
    });
}

#[test]
fn a_runtime_inside_a_task_or_a_job_restores_the_number() {
    watched(|| {
        aside::run(async {
            let outer = || {
                let own = task::id();
                let inner = Runtime::new();
                inner.block_on(async {
                    assert_eq!(try_id(), None);
                    let task = spawn(async { task::id() });
                    let id = task.id();
                    assert_eq!(task.await.unwrap(), id);
                });
                assert_eq!(task::id(), own);
            };
            spawn(async move { outer() }).await.unwrap();
            spawn_blocking(outer).await.unwrap();
        });
    });
}

#[test]
fn destructors_of_a_task_see_its_number() {
    watched(|| {
        let (sender, dropped_in) = mpsc::channel();
        let runtime = Runtime::new();
        let value = SendsId(sender.clone());
        let ended = runtime.spawn(async move { drop(value) });
        let id = ended.id();
        runtime.block_on(ended).unwrap();
        assert_eq!(dropped_in.recv().unwrap(), Some(id), "at its end");

        let value = SendsId(sender.clone());
        let unread = runtime.spawn(async move { value });
        let id = unread.id();
        unread.detach();
        runtime.drain();
        assert_eq!(dropped_in.recv().unwrap(), Some(id), "an output that nobody reads");

        let value = SendsId(sender.clone());
        let aborted = runtime.spawn(async move {
            let _value = value;
            std::future::pending::<()>().await;
        });
        let id = aborted.id();
        aborted.abort();
        runtime.drain();
        assert_eq!(dropped_in.recv().unwrap(), Some(id), "at its abort");

        let value = Arc::new(SendsId(sender));
        let left = runtime.spawn(async move {
            let _value = value;
            std::future::pending::<()>().await;
        });
        let id = left.id();
        drop(runtime);
        assert_eq!(dropped_in.recv().unwrap(), Some(id), "at the end of the runtime");
        assert_eq!(try_id(), None);
    });
}
