//! P59: the tests for systems with `fork`.

use std::cell::RefCell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use aside::blocking::{Pinned, Pool, Shutdown, SubmitError};
use aside::net::UnixStream;
use aside::process::Command;
use aside::{JoinError, NextTurn, Runtime, run_in_executor, spawn_blocking};
use fork::{Fork, fork, waitpid};

/// The time limit of a child: far more than any child takes.
const BOUND: Duration = Duration::from_secs(60);

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    ("a_forked_pool_hands_closures_back", a_forked_pool_hands_closures_back),
    ("a_pool_of_busy_threads_detects_the_fork", a_pool_of_busy_threads_detects_the_fork),
    ("an_unused_pool_works_in_a_forked_child", an_unused_pool_works_in_a_forked_child),
    (
        "a_shutdown_in_a_forked_child_leaves_the_parents_state_alone",
        a_shutdown_in_a_forked_child_leaves_the_parents_state_alone,
    ),
    ("a_forked_runtime_panics_instead_of_sleeping", a_forked_runtime_panics_instead_of_sleeping),
    (
        "a_busy_runtime_can_be_dropped_in_a_forked_child",
        a_busy_runtime_can_be_dropped_in_a_forked_child,
    ),
    (
        "a_watched_runtime_can_be_dropped_in_a_forked_child",
        a_watched_runtime_can_be_dropped_in_a_forked_child,
    ),
    (
        "a_hosted_runtime_can_be_dropped_in_a_forked_child",
        a_hosted_runtime_can_be_dropped_in_a_forked_child,
    ),
    (
        "a_fork_inside_a_job_cannot_use_the_parents_loop",
        a_fork_inside_a_job_cannot_use_the_parents_loop,
    ),
    ("a_lock_held_at_the_fork_blocks_no_child", a_lock_held_at_the_fork_blocks_no_child),
    (
        "a_socket_dropped_in_a_forked_child_still_receives_events_in_the_parent",
        a_socket_dropped_in_a_forked_child_still_receives_events_in_the_parent,
    ),
    (
        "a_socket_created_in_a_forked_child_is_refused",
        a_socket_created_in_a_forked_child_is_refused,
    ),
    ("a_pinned_state_belongs_to_the_parent_process", a_pinned_state_belongs_to_the_parent_process),
    ("a_process_dropped_in_a_forked_child_lives_on", a_process_dropped_in_a_forked_child_lives_on),
];

/// Runs all tests.
pub(crate) fn run() {
    for (name, test) in TESTS {
        test();
        println!("test {name} ... ok");
    }
}

/// Forks, runs `check` in the child, and asserts in the parent that the child neither panics nor
/// hangs.
#[track_caller]
fn in_child(check: impl FnOnce()) {
    match fork().unwrap() {
        Fork::Parent(child) => assert_eq!(waitpid(child).unwrap(), 0, "the child has failed"),
        Fork::Child => {
            let (alive, ends) = mpsc::channel::<()>();
            thread::spawn(move || {
                if ends.recv_timeout(BOUND) == Err(mpsc::RecvTimeoutError::Timeout) {
                    eprintln!("the child was still stuck after {BOUND:?}");
                    process::exit(2);
                }
            });
            let checked = catch_unwind(AssertUnwindSafe(check));
            drop(alive);
            process::exit(i32::from(checked.is_err()));
        }
    }
}

fn assert_is_refused(pool: &Pool, parent: u32) {
    let error = pool.submit(|| 7).unwrap_err();
    let text = error.to_string();
    let pids = format!("made in process {parent}, and this is its forked child {}", process::id());
    assert!(text.contains(&pids), "{text}");
    assert!(text.contains("make a new runtime or pool"), "{text}");
    let SubmitError::Forked(closure, forked) = error else { panic!("{text}") };
    assert_eq!((closure(), forked.made_in, forked.here), (7, parent, process::id()));
}

fn assert_new_ones_work() {
    let sum = aside::run(async {
        let task = aside::spawn(async { 1 });
        let pool = Pool::new();
        let own = run_in_executor(&pool, || 2).await.unwrap();
        task.await.unwrap() + own + spawn_blocking(|| 3).await.unwrap()
    });
    assert_eq!(sum, 6);
}

/// The pool has an idle worker, and the attempt to wake it detects the fork.
fn a_forked_pool_hands_closures_back() {
    let (pool, parent) = (Pool::new(), process::id());
    let runtime = Runtime::new();
    assert_eq!(runtime.block_on(runtime.handle().run_in_executor(&pool, || 1)).unwrap(), 1);
    while pool.stats().idle == 0 {
        thread::yield_now();
    }
    in_child(|| {
        assert_is_refused(&pool, parent);
        assert_is_refused(&pool, parent);
        let _ = pool.stats();
        let refused = Runtime::new();
        let job = refused.handle().run_in_executor(&pool, || 1);
        let error = refused.block_on(job).unwrap_err();
        assert!(error.is_refused() && error.source().unwrap().to_string().contains("forked"));
        drop(pool.clone());
        drop(pool.lane("new").build());
        assert_new_ones_work();
    });
    assert!(pool.shutdown(Shutdown::Wait).is_clean());
}

/// The pool has no idle worker, so the submit does not detect the fork by waking one. It detects
/// the fork because a new runtime is created in the child.
fn a_pool_of_busy_threads_detects_the_fork() {
    let (pool, parent) = (Pool::builder().threads_max(1).build(), process::id());
    let (gate, closed) = mpsc::channel::<()>();
    let job = pool.submit(move || closed.recv().is_err()).unwrap();
    in_child(|| {
        let runtime = Runtime::new();
        assert_is_refused(&pool, parent);
        drop(runtime);
        drop(pool.clone());
    });
    drop(gate);
    assert!(Runtime::new().block_on(job).unwrap());
}

fn an_unused_pool_works_in_a_forked_child() {
    let (pool, other) = (Pool::new(), Pool::new());
    in_child(|| {
        let runtime = Runtime::new();
        let job = runtime.handle().run_in_executor(&pool, || 1);
        assert_eq!(runtime.block_on(job).unwrap(), 1);
        assert!(pool.shutdown(Shutdown::Wait).is_clean());
        drop(other);
    });
}

fn a_shutdown_in_a_forked_child_leaves_the_parents_state_alone() {
    let pool = Pool::builder().threads_max(1).slow_shutdown_notice(None).build();
    let (gate, closed) = mpsc::channel::<()>();
    let first = pool.submit(move || closed.recv().is_err()).unwrap();
    let parent = process::id();
    let dropped = DropsIn(parent);
    let second = pool.submit(move || dropped.0).unwrap();
    let mut kept = Some(pool);
    in_child(|| {
        let pool = kept.take().unwrap();
        for how in [Shutdown::Leave, Shutdown::WaitAtMost(BOUND), Shutdown::Wait] {
            assert!(pool.shutdown(how).is_clean());
        }
        // This drops the last handle in the child.
        drop(pool);
    });
    drop(gate);
    let runtime = Runtime::new();
    assert!(runtime.block_on(first).unwrap());
    assert_eq!(runtime.block_on(second).unwrap(), parent);
}

/// A value that must be dropped in the parent only.
struct DropsIn(u32);

impl Drop for DropsIn {
    fn drop(&mut self) {
        assert_eq!(process::id(), self.0);
    }
}

fn message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    *payload.downcast::<String>().unwrap()
}

fn a_forked_runtime_panics_instead_of_sleeping() {
    let runtime = Runtime::new();
    let parent = process::id();
    assert_eq!(runtime.block_on(async { spawn_blocking(|| 1).await.unwrap() }), 1);
    in_child(|| {
        assert_eq!(runtime.block_on(async { 2 }), 2);
        let text = message(|| runtime.block_on(std::future::pending()));
        let pids = format!("made in process {parent}, and this is its forked child");
        assert!(text.starts_with("the runtime cannot be used") && text.contains(&pids), "{text}");
        let text = message(|| {
            runtime.block_on(async {
                let _ = spawn_blocking(|| 1).await;
                aside::sleep(Duration::from_secs(1)).await;
            });
        });
        assert!(text.contains("forked child"), "{text}");
        drop(runtime);
        assert_new_ones_work();
    });
}

fn a_busy_runtime_can_be_dropped_in_a_forked_child() {
    let runtime = Runtime::builder().slow_shutdown_notice(None).build();
    let gate = Arc::new(OnceLock::new());
    let at_work = [(); 3].map(|()| {
        let gate = Arc::clone(&gate);
        runtime.handle().spawn_blocking(move || *gate.wait())
    });
    let task = runtime.spawn(std::future::pending::<()>());
    let mut kept = Some(runtime);
    in_child(|| {
        drop(kept.take());
        assert!(task.is_finished());
        assert_new_ones_work();
    });
    gate.set(1).unwrap();
    let runtime = kept.unwrap();
    for job in at_work {
        assert_eq!(runtime.block_on(job).unwrap(), 1);
    }
}

/// The child has no wake thread, so its drop cannot wait for that thread. The parent's thread
/// continues to call the hook.
/// The child has no watchdog: neither a call nor the drop waits for it.
fn a_watched_runtime_can_be_dropped_in_a_forked_child() {
    let watchdog = |threshold| Runtime::builder().watchdog(threshold).build();
    for threshold in [Duration::from_millis(1), BOUND] {
        let (used, unused) = (watchdog(threshold), watchdog(threshold));
        used.block_on(async { aside::spawn(async {}).await.unwrap() });
        let mut kept = Some((used, unused));
        in_child(|| {
            let (used, unused) = kept.take().unwrap();
            for runtime in [used, unused] {
                let task = runtime.spawn(async { 1 });
                runtime.turn(Duration::ZERO);
                assert!(task.is_finished());
                drop(runtime);
            }
            assert_new_ones_work();
        });
        let (used, _unused) = kept.unwrap();
        used.block_on(async { aside::spawn(async {}).await.unwrap() });
    }
}

fn a_hosted_runtime_can_be_dropped_in_a_forked_child() {
    let (sender, calls) = mpsc::channel();
    let runtime = Runtime::new();
    runtime.start_wake_thread().unwrap();
    let (near, far) = runtime.block_on(async { UnixStream::pair() }).unwrap();
    let task = runtime.spawn(async move { near.read(&mut [0; 16]).await });
    let turn = |runtime: &Runtime| while runtime.turn(Duration::ZERO).next == NextTurn::Now {};
    turn(&runtime);
    runtime.set_on_wake(move || sender.send(process::id()).unwrap());
    turn(&runtime);
    let runtime = RefCell::new(Some(runtime));
    in_child(|| {
        let runtime = runtime.take().unwrap();
        assert!(runtime.descriptor().unwrap_err().to_string().contains("forked"));
        assert!(Runtime::new().descriptor().is_ok());
        drop(runtime);
    });
    let runtime = runtime.take().unwrap();
    calls.try_iter().for_each(drop);
    assert_eq!(far.try_write(b"!").unwrap(), 1);
    assert_eq!(calls.recv().unwrap(), process::id());
    turn(&runtime);
    assert_eq!(runtime.block_on(task).unwrap().unwrap(), 1);
}

/// The child is a copy of a worker. In the child no thread turns the loop of the runtime.
fn a_fork_inside_a_job_cannot_use_the_parents_loop() {
    let runtime = Runtime::new();
    let handle = runtime.handle();
    let job = runtime.handle().spawn_blocking(move || {
        in_child(|| {
            let text = message(|| drop(handle.block_on(handle.spawn(async { 1 }))));
            assert!(text.contains("forked child"), "{text}");
            assert_new_ones_work();
        });
    });
    runtime.block_on(job).unwrap();
}

/// Other threads hold the pool's lock during some of the forks.
fn a_lock_held_at_the_fork_blocks_no_child() {
    let (pool, parent) = (Pool::new(), process::id());
    let warm = pool.submit(|| ()).unwrap();
    Runtime::new().block_on(warm).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let hammers = [(); 2].map(|()| {
        let (pool, stop) = (pool.clone(), Arc::clone(&stop));
        thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                let _ = pool.running();
            }
        })
    });
    for _ in 0..100 {
        in_child(|| {
            let runtime = Runtime::new();
            assert_is_refused(&pool, parent);
            assert!(pool.shutdown(Shutdown::Wait).is_clean());
            drop((pool.lane("dropped"), pool.clone(), runtime));
        });
    }
    stop.store(true, Ordering::SeqCst);
    hammers.into_iter().for_each(|hammer| hammer.join().unwrap());
}

/// P69: parent and child share the kernel's registrations of the loop's sockets.
fn a_socket_dropped_in_a_forked_child_still_receives_events_in_the_parent() {
    let runtime = Runtime::new();
    let (near, far) = runtime.block_on(async { UnixStream::pair().unwrap() });
    runtime.block_on(async {
        let waiting = aside::timeout(Duration::from_millis(1), far.read(&mut [0])).await;
        assert!(waiting.is_err(), "the socket is registered, and not ready");
    });
    let far = RefCell::new(Some(far));
    in_child(|| drop(far.take()));
    let far = far.take().unwrap();
    let read = runtime.block_on(async {
        let reading = aside::spawn(async move { far.read(&mut [0; 8]).await.unwrap() });
        aside::sleep(Duration::from_millis(1)).await;
        assert!(!reading.is_finished());
        near.write(b"abc").await.unwrap();
        reading.await.unwrap()
    });
    assert_eq!(read, 3);
}

/// P66, P69: the kernel would report events of the child's socket to the parent, under a token that
/// the parent may have given to another socket.
fn a_socket_created_in_a_forked_child_is_refused() {
    let runtime = Runtime::new();
    let (near, far) = runtime.block_on(async { UnixStream::pair().unwrap() });
    let unused = Runtime::new();
    in_child(|| {
        for runtime in [&runtime, &unused] {
            let error = runtime.block_on(async { UnixStream::pair().unwrap_err() });
            assert!(error.to_string().contains("forked child"), "{error}");
        }
        assert_new_ones_work();
    });
    let read = runtime.block_on(async {
        near.write(b"abc").await.unwrap();
        far.read(&mut [0; 8]).await.unwrap()
    });
    assert_eq!(read, 3);
}

/// P70: the child also drops a process that is killed on drop.
fn a_process_dropped_in_a_forked_child_lives_on() {
    let runtime = Runtime::new();
    let mut waiting = Command::new("sh");
    waiting.args(["-c", "read line; exit 3"]).stdin(Stdio::piped()).kill_on_drop(true);
    let waiting = RefCell::new(Some(runtime.block_on(async { waiting.spawn().unwrap() })));
    in_child(|| drop(waiting.take()));
    let mut waiting = waiting.take().unwrap();
    assert_eq!(waiting.try_wait().unwrap(), None);
    let status = runtime.block_on(waiting.wait()).unwrap();
    assert_eq!(status.code(), Some(3), "it read to the end of its stdin");
}

/// The thread of the state is idle or busy at the fork.
fn a_pinned_state_belongs_to_the_parent_process() {
    let runtime = Runtime::new();
    for is_busy in [false, true] {
        let state = runtime.block_on(Pinned::open(|| DropsIn(process::id()))).unwrap();
        let (gate, closed) = mpsc::channel::<()>();
        let first = state.call(move |_| is_busy && closed.recv().is_err());
        let mut kept = Some(state);
        in_child(|| {
            let (runtime, state) = (Runtime::new(), kept.take().unwrap());
            for _ in 0..2 {
                let error = runtime.block_on(state.call(|_| 1)).unwrap_err();
                assert!(error.is_refused() && has_source(&error, "forked child"), "{error}");
                let error = runtime.block_on(state.close()).unwrap_err();
                assert!(error.is_refused() && has_source(&error, "forked child"), "{error}");
            }
            let _may_look = (state.is_closed(), state.waiting(), format!("{state:?}"));
            // The handles are dropped on a loop and outside a loop.
            let clone = state.clone();
            runtime.block_on(async { drop(clone) });
            drop((state, runtime));
            let one =
                aside::run(async { Pinned::open(|| 1).await.unwrap().call(|one| *one).await });
            assert_eq!(one.unwrap(), 1);
        });
        drop(gate);
        assert_eq!(runtime.block_on(first).unwrap(), is_busy);
        let state = kept.unwrap();
        assert_eq!(runtime.block_on(state.call(|state| state.0)).unwrap(), process::id());
        runtime.block_on(state.close()).unwrap();
    }
}

fn has_source(error: &JoinError, text: &str) -> bool {
    error.source().is_some_and(|source| source.to_string().contains(text))
}
