//! The functions most programs need: each is a line over the runtime that is current.

use std::time::Instant;

use runtime_blocking::Shutdown;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::executor::Executor;
use crate::handle::Handle;
use crate::runtime::Runtime;

/// Makes a runtime, drives `main` to its end, shuts the runtime down, and returns the output: the
/// main function of an async program, as Python's `asyncio.run`.
///
/// When `main` is ready, the tasks that are left are cancelled. Blocking jobs that were accepted
/// are waited for, so that nothing they were writing is lost; after five seconds a line on stderr
/// says for whom. So are [pinned states](crate::blocking::Pinned) whose last handle went on this
/// loop, though without that line.
///
/// ```
/// let answer = aside::run(async {
///     let slow = aside::spawn_blocking(|| std::fs::metadata("Cargo.toml").map(|m| m.len()));
///     slow.await.unwrap()
/// });
/// assert!(answer.unwrap() > 0);
/// ```
///
/// # Blocking
/// Blocks the thread.
///
/// # Panics
/// If `main` panics, after shutting down.
#[track_caller]
pub fn run<F: Future>(main: F) -> F::Output {
    let runtime = Runtime::new();
    let output = runtime.block_on(main);
    let _ = runtime.shutdown(Shutdown::Wait);
    output
}

/// Spawns a task on the loop that this thread is turning.
///
/// The future need not be `Send`: tasks never leave their thread. It begins at the loop's next
/// turn, so not before the spawning task awaits something that waits; and it goes on if the handle
/// is dropped.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
///
/// aside::run(async {
///     let shared = Rc::new(Cell::new(1));
///     let task = aside::spawn({
///         let shared = shared.clone();
///         async move { shared.set(shared.get() + 1) }
///     });
///     task.await.unwrap();
///     assert_eq!(shared.get(), 2);
/// });
/// ```
///
/// # Panics
/// On a thread that is not turning a loop: use [`Handle::spawn`] there.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_as(Metadata::here(), future)
}

#[track_caller]
pub(crate) fn spawn_as<F>(metadata: Metadata, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match runtime_executor::try_spawn(metadata, future) {
        Ok(handle) => handle,
        Err(_error) => panic!(
            "`spawn` was called on a thread that is not turning a loop: call it inside `run` or \
             `block_on`, or use `Handle::spawn` from other threads"
        ),
    }
}

/// Runs a closure that blocks on the runtime's pool, aside from the loop, and awaits its result.
///
/// The job is accepted at once and runs whether or not the handle is awaited.
/// [`abort`](JoinHandle::abort) removes it if it has not begun. Inside the job,
/// [`Handle::current`] is this runtime.
///
/// ```
/// aside::run(async {
///     let digest = aside::spawn_blocking(|| (1..=1000_u64).sum::<u64>());
///     assert_eq!(digest.await.unwrap(), 500_500);
/// });
/// ```
///
/// # Errors
/// The handle yields a [`JoinError`](crate::JoinError): *panicked* with the closure's panic,
/// *cancelled* if it was aborted before it began, *refused* if the pool is shut down, if no thread
/// could be started and none is there to run it, or if it was blocked on by a job of the same pool,
/// and every thread of that [waited](crate::blocking::Standstill) so.
///
/// # Panics
/// On a thread without a runtime: use [`Handle::spawn_blocking`] there.
#[track_caller]
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Handle::current().spawn_blocking(f)
}

/// Has an executor of one's own carry out a piece of work, and awaits its result: a closure that
/// blocks on a [`Pool`](crate::blocking::Pool), a call of a function on a process pool, or whatever
/// another [`Executor`] takes.
///
/// [`spawn_blocking`] is the same for a closure on the runtime's own pool.
///
/// ```
/// use aside::blocking::Pool;
///
/// let database = Pool::builder().threads_max(1).thread_name("database").build();
/// aside::run(async {
///     let row = aside::run_in_executor(&database, || "row 7");
///     assert_eq!(row.await.unwrap(), "row 7");
/// });
/// ```
///
/// # Errors
/// As [`spawn_blocking`].
///
/// # Panics
/// On a thread without a runtime: use [`Handle::run_in_executor`] or
/// [`Pool::submit`](crate::blocking::Pool::submit) there.
#[track_caller]
pub fn run_in_executor<E, W>(executor: &E, work: W) -> JoinHandle<E::Output>
where
    E: Executor<W> + ?Sized,
{
    Handle::current().run_in_executor(executor, work)
}

/// The time by the clock of the current runtime, or the system's if there is none.
pub fn now() -> Instant {
    match runtime_executor::Handle::try_current() {
        Ok(handle) => handle.clock().now(),
        Err(_no_runtime) => Instant::now(),
    }
}
