//! [`run`] and [`spawn`]: a program's main function, and its tasks.

use runtime_blocking::Shutdown;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

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
