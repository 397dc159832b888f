//! Destruction: the thread and the time at which futures are dropped, and their destructors.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};

use aside::blocking::Shutdown;
use aside::{Handle, JoinHandle, Runtime, spawn, yield_now};

use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::{on_a_thread, watched};

/// A future that never ends and reports the thread on which it is dropped.
fn reporting(sender: &mpsc::Sender<ThreadId>) -> impl Future<Output = ()> + Send + use<> {
    let sender = sender.clone();
    let held = OnDrop::new(move || sender.send(thread::current().id()).unwrap());
    async move {
        let _held = held;
        pending::<()>().await;
    }
}

// P23, P33
#[test]
fn a_task_aborted_from_another_thread_is_dropped_on_the_loops_thread() {
    watched(|| {
        let (sender, dropped) = mpsc::channel();
        let home = thread::current().id();
        let runtime = Runtime::new();
        let future = reporting(&sender);
        // The guard is not `Send`: dropping it on another thread would be unsound.
        let not_send = Rc::new(());
        let task = runtime.spawn(async move {
            let _not_send = not_send;
            future.await;
        });
        runtime.block_on(yield_now());
        let task = on_a_thread(move || {
            task.abort();
            task
        });
        assert!(dropped.try_recv().is_err(), "nothing is dropped by `abort` itself");
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(dropped.try_iter().collect::<Vec<_>>(), [home]);
    });
}

// P23: tasks that another thread has spawned are dropped on the loop's thread, too.
#[test]
fn tasks_are_dropped_on_the_loops_thread_however_they_are_spawned_and_end() {
    watched(|| {
        let (sender, dropped) = mpsc::channel();
        let home = thread::current().id();
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let futures: Vec<_> = (0..4).map(|_| reporting(&sender)).collect();
        let tasks = on_a_thread(move || {
            futures.into_iter().map(|future| handle.spawn(future)).collect::<Vec<_>>()
        });
        runtime.block_on(yield_now());
        // The first task is detached. The second one is aborted when its `abort_on_drop` guard is
        // dropped on another thread. The third one is aborted by `abort` on another thread. The
        // fourth one is still alive when the runtime ends.
        let mut tasks = tasks.into_iter();
        tasks.next().unwrap().detach();
        let guard = tasks.next().unwrap().abort_on_drop();
        on_a_thread(move || drop(guard));
        let third = tasks.next().unwrap();
        on_a_thread(move || third.abort());
        runtime.block_on(yield_now());
        assert_eq!(dropped.try_iter().collect::<Vec<_>>(), [home; 2]);
        drop(runtime);
        assert_eq!(dropped.try_iter().collect::<Vec<_>>(), [home; 2]);
    });
}

// P24: a wake during a shutdown drops no task, so no value is borrowed twice.
#[test]
fn a_wake_during_shutdown_under_a_borrow_does_not_drop_the_woken_task() {
    watched(|| {
        let runtime = Runtime::new();
        let shared = Rc::new(RefCell::new(Vec::new()));
        let waker = Rc::new(RefCell::new(None::<Waker>));
        // The first task is dropped first. Its destructor wakes the second task while `shared` is
        // borrowed.
        let first = OnDrop::new({
            let (shared, waker) = (Rc::clone(&shared), Rc::clone(&waker));
            move || {
                let mut shared = shared.borrow_mut();
                waker.borrow().as_ref().unwrap().wake_by_ref();
                shared.push("first");
            }
        });
        let second = OnDrop::new({
            let shared = Rc::clone(&shared);
            move || shared.borrow_mut().push("second")
        });
        for held in [Box::new(first) as Box<dyn std::any::Any>, Box::new(second)] {
            let waker = Rc::clone(&waker);
            runtime
                .spawn(poll_fn(move |cx| {
                    let _held = &held;
                    *waker.borrow_mut() = Some(cx.waker().clone());
                    Poll::<()>::Pending
                }))
                .detach();
        }
        runtime.block_on(yield_now());
        drop(runtime);
        assert_eq!(*shared.borrow(), ["first", "second"]);
    });
}

/// A future that, when it is dropped, spawns another such future, up to this depth.
fn spawning(depth: u32, tasks: Rc<RefCell<Vec<JoinHandle<()>>>>) -> impl Future<Output = ()> {
    let kept = Rc::clone(&tasks);
    let held = OnDrop::new(move || {
        if depth > 0 {
            let task = spawn(Box::pin(spawning(depth - 1, Rc::clone(&kept))) as Boxed);
            kept.borrow_mut().push(task);
        }
    });
    async move {
        let _held = held;
        pending::<()>().await;
    }
}

type Boxed = std::pin::Pin<Box<dyn Future<Output = ()>>>;

// P29
#[test]
fn tasks_spawned_by_destructors_during_shutdown_are_cancelled_three_levels_deep() {
    watched(|| {
        for how in [true, false] {
            let tasks = Rc::default();
            let runtime = Runtime::new();
            let first = runtime.spawn(spawning(3, Rc::clone(&tasks)));
            runtime.block_on(yield_now());
            if how {
                let report = runtime.shutdown(Shutdown::Wait);
                assert_eq!(report.tasks_cancelled.len(), 1);
            } else {
                drop(runtime);
            }
            let mut all = tasks.take();
            assert_eq!(all.len(), 3);
            all.push(first);
            for task in all {
                assert!(task.is_finished());
                assert!(aside::run(task).unwrap_err().is_cancelled());
            }
        }
    });
}

// P29: while the runtime runs, a task spawned by a destructor is an ordinary task.
#[test]
fn a_task_spawned_by_a_destructor_runs_if_the_runtime_does() {
    watched(|| {
        aside::run(async {
            let ran = Rc::new(Cell::new(false));
            let held = OnDrop::new({
                let ran = Rc::clone(&ran);
                move || spawn(async move { ran.set(true) }).detach()
            });
            spawn(async move { drop(held) }).await.unwrap();
            yield_now().await;
            assert!(ran.get());
        });
    });
}

// P29: destructors may spawn tasks through a handle, and submit jobs, during a shutdown.
#[test]
fn a_destructor_that_uses_the_handle_during_shutdown_gets_errors_and_no_panic() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let (sender, results) = mpsc::channel();
        let held = OnDrop::new(move || {
            let current = Handle::current();
            sender.send(handle.spawn(async {})).unwrap();
            sender.send(current.spawn_with(|| async {})).unwrap();
        });
        runtime
            .spawn(async move {
                let _held = held;
                pending::<()>().await;
            })
            .detach();
        runtime.block_on(yield_now());
        drop(runtime);
        let tasks: Vec<_> = results.try_iter().collect();
        assert_eq!(tasks.len(), 2);
        for task in tasks {
            assert!(aside::run(task).unwrap_err().is_cancelled());
        }
    });
}

// P29: the loop never drains the message of this spawn. The destructors of the values in the
// message run inside the runtime, too.
#[test]
fn the_captures_of_a_remote_spawn_are_dropped_inside_the_runtime() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let (sender, spawned) = mpsc::channel();
        let held = OnDrop::new(move || sender.send(spawn(async {})).unwrap());
        let task = on_a_thread(move || {
            handle.spawn_with(move || {
                let _held = held;
                async {}
            })
        });
        drop(runtime);
        assert!(aside::run(task).unwrap_err().is_cancelled());
        let inner = spawned.try_recv().expect("the destructor could spawn");
        assert!(aside::run(inner).unwrap_err().is_cancelled());
    });
}

// P26
#[test]
fn two_tasks_that_await_each_other_are_dropped_with_the_runtime() {
    watched(|| {
        let alive = Rc::new(());
        let runtime = Runtime::new();
        let handles: Rc<[RefCell<Option<JoinHandle<()>>>; 2]> = Rc::default();
        for own in 0..2 {
            let (handles, alive) = (Rc::clone(&handles), Rc::clone(&alive));
            let slot = Rc::clone(&handles);
            let task = runtime.spawn(async move {
                let _alive = alive;
                let other = handles[1 - own].borrow_mut().take().unwrap();
                other.await.unwrap();
            });
            *slot[own].borrow_mut() = Some(task);
        }
        runtime.block_on(yield_now());
        assert_eq!((Rc::strong_count(&alive), runtime.task_count()), (3, 2));
        drop(runtime);
        assert_eq!(Rc::strong_count(&alive), 1);
    });
}

#[test]
fn tasks_are_dropped_before_the_shutdown_waits_for_the_pool() {
    watched(|| {
        let (go, may_go) = mpsc::channel::<()>();
        let runtime = Runtime::new();
        let job = runtime.handle().spawn_blocking(move || may_go.recv());
        // The job can end only after the task has been dropped.
        runtime
            .spawn(async move {
                let _go = go;
                pending::<()>().await;
            })
            .detach();
        drop(runtime);
        assert!(job.is_finished());
    });
}

#[test]
fn main_may_borrow_from_its_caller() {
    watched(|| {
        let mut list = vec![1];
        let runtime = Runtime::new();
        runtime.block_on(async {
            yield_now().await;
            list.push(2);
        });
        assert_eq!(list, [1, 2]);
    });
}
