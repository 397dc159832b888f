//! [`spawn_blocking`] and [`run_in_executor`], for the current runtime.

use runtime_core::join::JoinHandle;

use super::executor::Executor;
use crate::handle::Handle;

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
