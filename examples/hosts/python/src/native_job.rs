//! A job or a sleep, as Python cancels it.

use aside::{AbortHandle, JoinHandle};
use pyo3::intern;
use pyo3::prelude::*;

/// A job or a sleep. As a callback of its future, it passes the future's cancellation on. It may
/// be used on every thread.
#[pyclass(frozen, name = "Job", module = "_aside")]
pub(crate) struct NativeJob {
    operation: Operation,
}

enum Operation {
    /// Its task awaits the job.
    Job(AbortHandle),
    Sleep(JoinHandle<()>),
}

impl NativeJob {
    pub(crate) fn job(job: AbortHandle) -> NativeJob {
        NativeJob { operation: Operation::Job(job) }
    }

    pub(crate) fn sleep(task: JoinHandle<()>) -> NativeJob {
        NativeJob { operation: Operation::Sleep(task) }
    }
}

#[pymethods]
impl NativeJob {
    /// Removes the job from the queue, or requests it to stop if it runs already.
    fn cancel(&self) {
        match &self.operation {
            Operation::Job(job) => job.abort(),
            Operation::Sleep(task) => task.abort(),
        }
    }

    /// Returns whether the job has ended, which the loop may not have seen yet.
    fn done(&self) -> bool {
        match &self.operation {
            Operation::Job(job) => job.is_finished(),
            Operation::Sleep(task) => task.is_finished(),
        }
    }

    /// A callback for `Future.add_done_callback`.
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if future.call_method0(intern!(future.py(), "cancelled"))?.is_truthy()? {
            self.cancel();
        }
        Ok(())
    }
}
