//! [`spawn_blocking`]: from a closure to a job of a runtime.

use runtime_blocking::Lane;
use runtime_core::catch_panic::drop_catching;
use runtime_core::heap_if_large;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::handle::Handle;

/// Runs a blocking closure on the current runtime's pool, and returns a handle to await the result.
///
/// The job is accepted at once and runs whether or not the handle is awaited.
/// [`abort`](JoinHandle::abort) removes the job if it has not begun. Inside the job,
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
///   if a job of the same pool blocks on this job and no thread is left to run it.
///
/// # Panics
/// On a thread without a runtime: use [`Handle::spawn_blocking`] there.
#[track_caller]
#[doc(alias("to_thread", "unblock", "run_in_thread", "asyncio", "block_in_place"))]
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let runtime = Handle::current();
    runtime.submit(runtime.pool().main_lane(), Metadata::here(), (), f)
}

impl Handle {
    /// Does the same as [`spawn_blocking`](crate::spawn_blocking), on this runtime's pool.
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit(self.pool().main_lane(), Metadata::here(), (), f)
    }

    /// Submits a job that belongs to this runtime, which is current in the job. The job holds the
    /// runtime's clock until it has ended, except while it sleeps in `block_on`. `keep` is dropped
    /// after the awaiting task has been woken. A large closure is moved to the heap first.
    #[inline]
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
        heap_if_large!(Box::new, f: F => self.submit_sized(lane, metadata, keep, f))
    }

    fn submit_sized<F, T, K>(&self, lane: &Lane, metadata: Metadata, keep: K, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        let handle = self.clone();
        let job = move || handle.at_work(f);
        let refused = metadata.clone();
        // Most runtimes have nothing to hold, and their jobs no memory for it.
        let held = self.hold_clock().map(|hold| Box::new(hold) as _);
        match lane.submit_holding(metadata, keep, held, job) {
            Ok(handle) => handle,
            Err(error) => {
                // Drops the closure without running it, on the caller's thread.
                let reason = error.map(drop_catching);
                JoinHandle::failed(JoinError::refused(refused, Box::new(reason)))
            }
        }
    }
}
