//! The process pool, as its users hold it.

use std::fmt;
use std::sync::Arc;

use runtime_blocking::{Pool, Report, Shutdown, Stats};
use runtime_core::catch_panic::drop_catching;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_error::CallError;
use super::driver::{Driver, ReapAfterResult};
use super::function_call::Call;
use crate::blocking::Executor;
use crate::handle::Handle;

/// A pool of worker processes that carry out [calls](Call) of functions.
///
/// It is a handle: clones are cheap and stand for the same pool. No process is started before the
/// first call. See the [module](super) for the whole story.
///
/// # Drop
/// As with a [`Pool`]: dropping the last handle loses nothing, every call that was accepted is
/// carried out, and it waits for that, except on a thread that is turning an event loop. Then, or
/// at last, every worker is ended and waited for. Where it did not wait and the program ends first,
/// the workers are killed by that. To cancel, [shut it down](ProcessPool::shutdown).
#[derive(Clone)]
pub struct ProcessPool {
    /// A thread for each worker process, which drives it.
    pool: Pool,
    driver: Arc<Driver>,
}

impl ProcessPool {
    pub(super) fn with(pool: Pool, driver: Driver) -> ProcessPool {
        ProcessPool { pool, driver: Arc::new(driver) }
    }

    /// Has a worker carry out a call, without a runtime: the handle can be awaited anywhere. In
    /// async code [`run_in_executor`](crate::run_in_executor) does the same as a job of the
    /// runtime.
    ///
    /// # Errors
    /// The handle yields a [`JoinError`]: *panicked* if the function panicked, *cancelled* if the
    /// call was aborted, *refused* if the pool is shut down; and, in the result, a [`CallError`].
    #[track_caller]
    pub fn submit<A, R>(&self, call: Call<A, R>) -> JoinHandle<Result<R, CallError>>
    where
        A: Serialize + Send + 'static,
        R: DeserializeOwned + Send + 'static,
    {
        let metadata = Metadata::here();
        let refused = metadata.clone();
        match self.pool.submit_with(metadata, ReapAfterResult, self.job(call)) {
            Ok(handle) => handle,
            Err(error) => {
                let reason = error.map(drop_catching);
                JoinHandle::failed(JoinError::refused(refused, Box::new(reason)))
            }
        }
    }

    fn job<A, R>(
        &self,
        call: Call<A, R>,
    ) -> impl FnOnce() -> Result<R, CallError> + Send + 'static + use<A, R>
    where
        A: Serialize + Send + 'static,
        R: DeserializeOwned + Send + 'static,
    {
        let driver = Arc::clone(&self.driver);
        move || driver.execute_call(&call)
    }

    /// Closes the pool, waits as long as `how` says, kills what still runs then, and returns when
    /// every worker process has been waited for.
    ///
    /// Where a pool of threads has to leave what runs, this one kills it: the report names the
    /// calls, and their handles yield [`CallError::Aborted`].
    ///
    /// # Blocking
    /// As long as `how` says, and as long as the system takes to end processes.
    pub fn shutdown(&self, how: Shutdown) -> Report {
        let report = self.pool.shutdown(how);
        match how {
            Shutdown::Wait => {}
            // What runs was asked to stop, which killed its worker.
            Shutdown::WaitAtMost(_) | Shutdown::Leave => _ = self.pool.shutdown(Shutdown::Wait),
        }
        report
    }

    /// What the pool is doing; its threads are its workers. Costs one short lock.
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// The numbers of the worker processes that there are now.
    pub fn pids(&self) -> Vec<u32> {
        self.driver.pids.list()
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool")
            .field("settings", &self.driver)
            .field("stats", &self.stats())
            .finish()
    }
}

/// Calls of functions by name.
impl<A, R> Executor<Call<A, R>> for ProcessPool
where
    A: Serialize + Send + 'static,
    R: DeserializeOwned + Send + 'static,
{
    type Output = Result<R, CallError>;

    fn execute(
        &self,
        runtime: &Handle,
        metadata: Metadata,
        call: Call<A, R>,
    ) -> JoinHandle<Result<R, CallError>> {
        runtime.submit(self.pool.main_lane(), metadata, ReapAfterResult, self.job(call))
    }
}
