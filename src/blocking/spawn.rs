//! [`spawn_blocking`] and [`run_in_executor`]: from a closure to a job of a runtime.

use runtime_blocking::Lane;
use runtime_core::catch_panic::drop_catching;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use super::executor::Executor;
use crate::handle::Handle;

/// Runs a closure that blocks on the current runtime's pool; its result is awaited through the
/// handle.
///
/// The job is accepted at once and runs whether or not the handle is awaited.
/// [`abort`](JoinHandle::abort) removes it if it has not begun. Inside the job,
/// [`Handle::current`] is this runtime.
///
/// ```
/// aside::run(async {
///     let sum = aside::spawn_blocking(|| (1..=1000_u64).sum::<u64>());
///     assert_eq!(sum.await.unwrap(), 500_500);
/// });
/// ```
///
/// # Errors
/// The handle yields a [`JoinError`](crate::JoinError):
/// - *panicked*, with the closure's panic;
/// - *cancelled*, if the job was aborted before it began;
/// - *refused*, if the pool is shut down, if no thread could be started and the pool has none, or
///   if a job of the same pool blocks on it and every worker [blocks](crate::blocking::Deadlock)
///   so.
///
/// # Panics
/// On a thread without a runtime: use [`Handle::spawn_blocking`] there.
#[track_caller]
#[doc(alias("to_thread", "unblock", "run_in_thread", "asyncio"))]
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Handle::current().spawn_blocking(f)
}

/// Submits work to an [`Executor`]; its result is awaited through the handle. The work is a closure
/// that blocks for a [`Pool`](crate::blocking::Pool), or the call of a function for a process pool.
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
#[doc(alias("asyncio", "loop.run_in_executor"))]
pub fn run_in_executor<E, W>(executor: &E, work: W) -> JoinHandle<E::Output>
where
    E: Executor<W> + ?Sized,
{
    Handle::current().run_in_executor(executor, work)
}

impl Handle {
    /// As [`spawn_blocking`](crate::spawn_blocking), on this runtime's pool.
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit(self.pool().main_lane(), Metadata::here(), (), f)
    }

    /// As [`run_in_executor`](crate::run_in_executor), for this runtime.
    #[track_caller]
    pub fn run_in_executor<E, W>(&self, executor: &E, work: W) -> JoinHandle<E::Output>
    where
        E: Executor<W> + ?Sized,
    {
        executor.execute(self, Metadata::here(), work)
    }

    /// Submits a job that belongs to this runtime: the runtime is current in it, and holds its
    /// virtual clock until the job has ended, except while the job sleeps in `block_on`. `keep` is
    /// dropped after the awaiting task has been woken.
    pub(crate) fn submit<F, T, K>(
        &self,
        lane: &Lane,
        metadata: Metadata,
        keep: K,
        f: F,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        let handle = self.clone();
        let job = move || handle.at_work(f);
        let refused = metadata.clone();
        match lane.submit_with(metadata, (self.hold_clock(), keep), job) {
            Ok(handle) => handle,
            Err(error) => {
                // Drops the closure, unrun, on the caller's thread.
                let reason = error.map(drop_catching);
                JoinHandle::failed(JoinError::refused(refused, Box::new(reason)))
            }
        }
    }
}
