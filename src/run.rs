//! [`run`] and [`spawn`]: the main function of a program, and its tasks.

use runtime_blocking::Shutdown;
use runtime_core::heap_if_large;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::observed_runtime::observed_runtime;

/// Makes a runtime, drives `main` until it is ready, shuts the runtime down, and returns the output
/// of `main`. Like Python's `asyncio.run`, it is the entry point of an async program.
///
/// When `main` is ready, the remaining tasks are cancelled. `run` then waits for all accepted
/// blocking jobs, so that nothing that they write is lost, and names them on stderr after five
/// seconds; and for [pinned states](crate::blocking::Pinned) whose last handle the loop dropped.
///
/// ```
/// let length = aside::run(async {
///     aside::spawn_blocking(|| std::fs::metadata("Cargo.toml").map(|file| file.len())).await
/// });
/// assert!(length.unwrap().unwrap() > 0);
/// ```
///
/// # Blocking
/// Blocks the thread. Inside a task of another runtime it blocks that runtime's loop: await there.
/// With the environment variable `ASIDE_SLOW_POLLS`, set for example to `50ms`, such a call and
/// each poll that takes longer are [reported](crate::observe) on stderr.
///
/// # Panics
/// If `main` panics: the panic continues after the shutdown.
#[track_caller]
#[doc(alias("block_on", "asyncio", "main", "tokio::main"))]
pub fn run<F: Future>(main: F) -> F::Output {
    let runtime = observed_runtime();
    let output = heap_if_large!(Box::pin, main: F => runtime.block_on(main));
    let _ = runtime.shutdown(Shutdown::Wait);
    output
}

/// Spawns a task on the loop that this thread turns (step 1 of a task's life).
///
/// The future need not be `Send`: tasks never leave their thread. Eager: the task is polled in the
/// loop's next turn, after the poll of the spawning task. Dropping the handle detaches the task.
///
/// ```
/// aside::run(async {
///     let local = std::rc::Rc::new(1);
///     let task = aside::spawn(async move { *local + 1 });
///     assert_eq!(task.await.unwrap(), 2);
/// });
/// ```
///
/// # Panics
/// On a thread that neither turns a loop nor has [entered](crate::Runtime::enter) its own: use
/// [`Handle::spawn`](crate::Handle::spawn) there.
#[track_caller]
#[doc(alias("create_task", "ensure_future", "spawn_local", "asyncio", "LocalSet"))]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    heap_if_large!(Box::pin, future: F => spawn_as(Metadata::here(), future))
}

#[track_caller]
pub(crate) fn spawn_as<F>(metadata: Metadata, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    match runtime_executor::try_spawn(metadata, future) {
        Ok(handle) => handle,
        Err(_error) => panic!(
            "`spawn` was called on a thread that does not turn a loop: call it inside `run` or \
             `block_on`, after `Runtime::enter`, or use `Handle::spawn` from other threads"
        ),
    }
}
