//! The handle of a process pool.

use std::fmt;
use std::sync::Arc;

use runtime_blocking::{Pool, PoolReport, Shutdown, Stats};
use runtime_core::catch_panic::drop_catching;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_error::CallError;
use super::driver::Driver;
use super::driver_thread::RETURN_MAX;
use super::function_call::Call;
use super::supervisor::{ReapAfterResult, execute_call};
use crate::blocking::Executor;
use crate::handle::Handle;

/// A pool of worker processes that run [calls](Call) of functions.
///
/// It is a handle: clones are cheap and refer to the same pool. The first call starts the first
/// process. The [module](super) describes how the pool works.
///
/// # Drop
/// As with a [`Pool`], dropping the last handle loses no call: every accepted call is run. The drop
/// waits for these calls, except on a thread that turns an event loop. After the last call every
/// worker exits and is waited for, and what the workers have printed is passed on. If the drop did
/// not wait and the program ends first, the workers are killed. To cancel calls, [shut
/// the pool down](ProcessPool::shutdown).
#[doc(alias("ProcessPoolExecutor", "multiprocessing"))]
#[derive(Clone)]
pub struct ProcessPool {
    /// Each of its threads drives one worker process.
    pool: Pool,
    driver: Arc<Driver>,
}

impl ProcessPool {
    pub(super) fn with(pool: Pool, driver: Driver) -> ProcessPool {
        ProcessPool { pool, driver: Arc::new(driver) }
    }

    /// Submits a call without a runtime; the handle can be awaited anywhere. In async code use
    /// [`run_in_executor`](crate::run_in_executor), which submits the call as a job of the runtime.
    ///
    /// # Errors
    /// The handle yields a [`JoinError`]: *panicked* if the function panicked, *cancelled* if the
    /// call was aborted, *refused* if the pool is shut down. The result of a job that has finished
    /// may be a [`CallError`].
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
        move || execute_call(driver, call)
    }

    /// Closes the pool, waits as long as `how` allows, kills the workers that still run a call, and
    /// returns when every worker process has been waited for.
    ///
    /// A pool of threads must leave running jobs behind. This pool kills the processes of its
    /// running jobs instead. The report names these jobs, and their handles yield
    /// [`CallError::Aborted`].
    ///
    /// # Blocking
    /// Blocks for the time that `how` allows, and until the kernel has ended the processes, which
    /// usually takes milliseconds. A shutdown with a limit, or with [`Shutdown::Leave`], waits five
    /// more seconds at most, whatever hangs: a worker, the kernel, the decoding of a result, a
    /// hook, standard error. Threads that still hang then stay behind, and the report names their
    /// calls.
    pub fn shutdown(&self, how: Shutdown) -> PoolReport {
        let report = self.pool.shutdown(how);
        match how {
            Shutdown::Wait => {}
            // The first shutdown has asked the running jobs to stop, which killed their workers.
            Shutdown::WaitAtMost(_) | Shutdown::Leave => {
                _ = self.pool.shutdown(Shutdown::WaitAtMost(RETURN_MAX));
            }
        }
        report
    }

    /// Returns what the pool is doing. A thread in these statistics stands for a worker. Takes one
    /// lock for a short time.
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// Returns the pids of the current worker processes.
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

/// Runs calls of functions.
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
