//! The submits of a program that has a pool or a lane, but no runtime.

use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::pool::lane::Lane;
use crate::pool::submit_error::SubmitError;

impl Lane {
    /// Runs `f` on a thread of the pool, and returns the handle that awaits the result.
    ///
    /// The jobs of a lane begin in the order of their submits. If the queue is full, the job waits
    /// outside, and enters the queue as soon as there is room. A panic of `f` is returned through
    /// the handle. Dropping the handle detaches the job. [`abort`](JoinHandle::abort) removes a job
    /// that has not begun, and requests a running job to [stop](crate::is_cancelled). An accepted
    /// closure is either run or cancelled before it begins, and the handle reports which.
    ///
    /// # Errors
    /// [`SubmitError`] hands the closure back if the pool is closed, or has no thread and cannot
    /// start one. If it has threads but cannot start another, the job waits for one of them.
    ///
    /// # Blocking
    /// Never waits for a job. It may start a thread, which takes some ten microseconds.
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_with(Metadata::here(), (), f)
    }

    /// Like [`submit`](Lane::submit), with the caller's metadata, which may contain a name.
    ///
    /// # Errors
    /// Those of [`submit`](Lane::submit).
    pub fn submit_as<F, T>(&self, metadata: Metadata, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_with(metadata, (), f)
    }

    /// Like [`submit_as`](Lane::submit_as), with a value to `keep`. The value is dropped when the
    /// job has ended in any way and the awaiting task has been woken.
    ///
    /// # Errors
    /// Those of [`submit`](Lane::submit).
    pub fn submit_with<F, T, K>(
        &self,
        metadata: Metadata,
        keep: K,
        f: F,
    ) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        self.submit_holding(metadata, keep, None, f)
    }
}
