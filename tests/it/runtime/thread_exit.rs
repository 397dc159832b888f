//! Wakers, handles and runtimes in thread-locals are used while thread-locals are destroyed.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};

use aside::time::Sleep;
use aside::{Handle, JoinHandle, Runtime, sleep, spawn, spawn_blocking, yield_now};

use crate::support::misbehaving::OnDrop;
use crate::support::watchdog::{on_a_thread, watched};

type Boxed = Box<dyn FnOnce()>;

thread_local! {
    static LATER: RefCell<Vec<OnDrop<Boxed>>> = const { RefCell::new(Vec::new()) };
}

/// Calls `f` when this thread destroys its thread-locals.
fn at_exit(f: impl FnOnce() + 'static) {
    LATER.with(|later| later.borrow_mut().push(OnDrop::new(Box::new(f) as Boxed)));
}

/// A task that counts its polls and sends its waker to a channel at each poll.
fn waiting(polls: Arc<AtomicUsize>, wakers: mpsc::Sender<Waker>) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        polls.fetch_add(1, Ordering::SeqCst);
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
}

// P19, promise 1
#[test]
fn a_wake_from_the_thread_local_destructors_of_another_thread_arrives() {
    watched(|| {
        let polls = Arc::new(AtomicUsize::new(0));
        let (sender, wakers) = mpsc::channel();
        let runtime = Runtime::new();
        runtime.spawn(waiting(Arc::clone(&polls), sender)).detach();
        runtime.block_on(yield_now());
        let waker = wakers.recv().unwrap();
        on_a_thread(move || at_exit(move || waker.wake()));
        runtime.block_on(yield_now());
        runtime.block_on(yield_now());
        assert_eq!(polls.load(Ordering::SeqCst), 2);
    });
}

// P19: a handle works at thread exit, too. It spawns tasks, submits jobs and blocks. The values
// that remain are dropped.
#[test]
fn every_method_of_a_handle_works_in_a_destructor_at_thread_exit() {
    watched(|| {
        let runtime = Runtime::new();
        let handle = runtime.handle();
        let (sender, results) = mpsc::channel();
        let (nap, finished) = runtime.block_on(async {
            let mut nap = sleep(std::time::Duration::from_secs(3600));
            let _ = poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut nap).poll(cx))).await;
            (nap, spawn(async { 3 }))
        });
        runtime.block_on(yield_now());
        on_a_thread(move || {
            at_exit(move || {
                drop::<Sleep>(nap);
                let task = handle.spawn(async { 1 });
                let job = handle.spawn_blocking(|| 2);
                let job = handle.block_on(job).unwrap();
                let finished = handle.block_on(finished).unwrap();
                assert!(Handle::try_current().is_err());
                sender.send((task, job, finished)).unwrap();
            });
        });
        let (task, job, finished) = results.recv().expect("the destructor did not panic");
        assert_eq!((runtime.block_on(task).unwrap(), job, finished), (1, 2, 3));
    });
}

/// The values of a runtime that may be stored in thread-locals.
struct RuntimeParts {
    runtime: Option<Runtime>,
    _task: JoinHandle<()>,
    _nap: Sleep,
    _job: JoinHandle<()>,
}

thread_local! {
    static FIRST: RefCell<Option<RuntimeParts>> = const { RefCell::new(None) };
    static SECOND: RefCell<Option<OnDrop<Boxed>>> = const { RefCell::new(None) };
    static DROPS: Cell<usize> = const { Cell::new(0) };
}

/// A busy runtime: tasks, timers and running jobs.
fn busy_runtime(ended: mpsc::Sender<&'static str>) -> RuntimeParts {
    let runtime = Runtime::new();
    let (task, nap, job) = runtime.block_on(async {
        let (began, beginning) = mpsc::channel();
        let told = ended.clone();
        let held = OnDrop::new(move || {
            // Spawning works although the thread-locals of this thread are being destroyed.
            spawn(async {}).detach();
            spawn_blocking(|| ()).detach();
            told.send("task").unwrap();
        });
        let task = spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
        let job = spawn_blocking(move || {
            began.send(()).unwrap();
            // The job takes a while, so that the drop of the runtime has to wait.
            (0..100).for_each(|_| std::thread::yield_now());
            ended.send("job").unwrap();
        });
        beginning.recv().unwrap();
        let mut nap = sleep(std::time::Duration::from_secs(3600));
        let _ = poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut nap).poll(cx))).await;
        yield_now().await;
        (task, nap, job)
    });
    RuntimeParts { runtime: Some(runtime), _task: task, _nap: nap, _job: job }
}

// P43: the thread-local of the runtime is initialized before or after the other thread-locals.
#[test]
fn a_runtime_in_a_thread_local_is_dropped_cleanly_at_thread_exit_in_either_order() {
    watched(|| {
        for runtime_first in [true, false] {
            let (sender, ended) = mpsc::channel();
            on_a_thread(move || {
                let touch_others = || {
                    SECOND.with(|second| {
                        let count = || DROPS.with(|drops| drops.set(drops.get() + 1));
                        *second.borrow_mut() = Some(OnDrop::new(Box::new(count) as Boxed));
                    });
                    // Initializes the thread-locals of the runtime, of the channel and of the
                    // mutex.
                    aside::run(async { spawn_blocking(|| ()).await.unwrap() });
                };
                if runtime_first {
                    FIRST.with(|first| drop(first.borrow_mut().take()));
                } else {
                    touch_others();
                }
                FIRST.with(|first| *first.borrow_mut() = Some(busy_runtime(sender)));
                if runtime_first {
                    touch_others();
                }
            });
            let mut ended: Vec<_> = ended.iter().collect();
            ended.sort_unstable();
            assert_eq!(ended, ["job", "task"]);
        }
    });
}

// P43: values in a thread-local outlive their runtime.
#[test]
fn handles_and_sleeps_in_thread_locals_may_outlive_their_runtime() {
    watched(|| {
        let (sender, ended) = mpsc::channel();
        on_a_thread(move || {
            let mut busy_runtime = busy_runtime(sender);
            drop(busy_runtime.runtime.take());
            FIRST.with(|first| *first.borrow_mut() = Some(busy_runtime));
        });
        assert_eq!(ended.iter().count(), 2);
    });
}

// P43: a runtime is built, used and dropped while the thread-locals of its thread are destroyed.
#[test]
fn a_runtime_may_be_built_and_used_in_a_destructor_at_thread_exit() {
    watched(|| {
        let (sender, receiver) = mpsc::channel();
        on_a_thread(move || {
            at_exit(move || {
                let answer = aside::run(async {
                    let task = spawn(yield_now());
                    sleep(std::time::Duration::from_millis(1)).await;
                    task.await.unwrap();
                    spawn_blocking(|| 6).await.unwrap()
                });
                sender.send(answer).unwrap();
            });
        });
        assert_eq!(receiver.recv(), Ok(6));
    });
}

// P43: the thread-locals of a worker are destroyed after its last job.
#[test]
fn a_workers_thread_locals_may_use_the_runtime_and_its_pool() {
    watched(|| {
        let (sender, receiver) = mpsc::channel();
        let runtime = Runtime::new();
        let handle = runtime.handle();
        runtime.block_on(async {
            spawn_blocking(move || {
                at_exit(move || {
                    let job = handle.spawn_blocking(|| ());
                    let refused = handle.block_on(job).unwrap_err().is_refused();
                    let _ = handle.pool().shutdown(aside::blocking::Shutdown::Wait);
                    sender.send(refused).unwrap();
                });
            })
            .await
            .unwrap();
        });
        drop(runtime);
        assert_eq!(receiver.recv(), Ok(true));
    });
}
