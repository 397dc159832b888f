//! A runtime that a loop of Python turns.

use std::cell::RefCell;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use aside::blocking::{RunningJob, Shutdown, SubmitError};
use aside::{Metadata, NextTurn, Runtime};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::digest::sha256;
use crate::native_job::NativeJob;
use crate::pending::{Output, Pending, Raised};

/// A runtime of the thread that makes it. pyo3 raises an exception if another thread uses it.
///
/// No method blocks, and none releases the GIL.
#[pyclass(unsendable, frozen, name = "Runtime", module = "_aside")]
pub(crate) struct NativeRuntime {
    /// `None` after the shutdown.
    runtime: RefCell<Option<Rc<Runtime>>>,
    descriptor: RefCell<Option<OwnedFd>>,
    /// Shared with the task of each job.
    jobs: Rc<()>,
    raised: Raised,
}

#[pymethods]
impl NativeRuntime {
    #[new]
    #[pyo3(signature = (threads_max = None))]
    fn new(threads_max: Option<usize>) -> PyResult<NativeRuntime> {
        let mut builder = Runtime::builder().thread_name("aside");
        match threads_max {
            Some(0) => return Err(PyValueError::new_err("threads_max must be greater than 0")),
            Some(threads) => builder = builder.threads_max(threads),
            None => {}
        }
        let runtime = builder.build();
        let descriptor = RefCell::new(Some(runtime.descriptor()?));
        let runtime = RefCell::new(Some(Rc::new(runtime)));
        Ok(NativeRuntime { runtime, descriptor, jobs: Rc::default(), raised: Raised::default() })
    }

    /// Returns the descriptor that is readable when a turn is due.
    fn fileno(&self) -> PyResult<RawFd> {
        self.descriptor.borrow().as_ref().map(AsRawFd::as_raw_fd).ok_or_else(shut_down)
    }

    /// Turns the loop once, and resolves the futures of the jobs that have ended. Returns the
    /// seconds to the next turn: 0 if it is due, and `None` if none is due until the descriptor is
    /// readable.
    fn turn(&self) -> PyResult<Option<f64>> {
        let turned = self.runtime()?.try_turn(Duration::ZERO);
        let turn = turned.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        match self.raised.take() {
            Some(error) => Err(error),
            None => Ok(seconds(turn.next)),
        }
    }

    /// Returns the seconds to the next turn, without turning.
    fn next_turn(&self) -> PyResult<Option<f64>> {
        Ok(seconds(self.runtime()?.next_turn()))
    }

    /// Calls `function(*args)` on a thread of the pool, and resolves `future` with the result.
    fn submit(
        &self,
        function: &Bound<'_, PyAny>,
        args: Py<PyTuple>,
        future: Py<PyAny>,
    ) -> PyResult<NativeJob> {
        let name = function.getattr(intern!(function.py(), "__qualname__"));
        let name = name.and_then(|name| name.extract()).unwrap_or_else(|_| "call".to_owned());
        let function = function.clone().unbind();
        let call = move || {
            // Waits for the GIL. There is none any more at the end of the interpreter.
            let called = Python::try_attach(move |py| function.call1(py, args).map(Output::Object));
            called.unwrap_or(Ok(Output::Nothing))
        };
        self.start_job(name, call, future)
    }

    /// Computes the SHA-256 digest of a file on a thread of the pool, without the GIL.
    fn sha256(&self, path: PathBuf, future: Py<PyAny>) -> PyResult<NativeJob> {
        let digest = move || Ok(sha256(&path).map(Output::Text)?);
        self.start_job("sha256".to_owned(), digest, future)
    }

    /// Resolves `future` after this time.
    fn sleep(&self, seconds: f64, future: Py<PyAny>) -> PyResult<NativeJob> {
        let duration = Duration::try_from_secs_f64(seconds.max(0.0));
        let duration = duration.map_err(|error| PyValueError::new_err(error.to_string()))?;
        let deadline = Instant::now().checked_add(duration);
        let deadline = deadline.ok_or_else(|| PyValueError::new_err("the sleep is too long"))?;
        let pending = Pending::new(future, Rc::clone(&self.raised));
        let task = self.runtime()?.spawn(async move {
            aside::time::sleep_until(deadline).await;
            pending.resolve(Ok(Ok(Output::Nothing)));
        });
        Ok(NativeJob::sleep(task))
    }

    /// Returns the number of jobs whose end the loop has not seen yet.
    fn jobs(&self) -> usize {
        Rc::strong_count(&self.jobs) - 1
    }

    /// Refuses further jobs, cancels those that have not begun, and requests the others to stop.
    fn cancel_all(&self) -> PyResult<()> {
        let _report = self.runtime()?.handle().pool().shutdown(Shutdown::Leave);
        Ok(())
    }

    /// Ends the runtime, and cancels the futures that are pending. If every job has ended, waits
    /// until their threads have ended, too. Returns the names of the jobs that still run.
    fn shutdown(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let turning = || PyRuntimeError::new_err("the runtime is being turned");
        if self.runtime()?.is_turning() {
            return Err(turning());
        }
        let Some(runtime) = self.runtime.take() else { return Err(shut_down()) };
        drop(self.descriptor.take());
        let runtime = Rc::into_inner(runtime).ok_or_else(turning)?;
        if self.jobs() == 0 {
            let pool = runtime.handle().pool().clone();
            let _clean = py.detach(move || pool.shutdown(Shutdown::Wait));
        }
        let jobs = runtime.shutdown(Shutdown::Leave).jobs;
        // Cancelling a future fails if its loop is closed, and then nothing awaits it.
        let _ignored = self.raised.take();
        let name = |job: &RunningJob| job.metadata.name().unwrap_or_default().to_owned();
        Ok(jobs.running.iter().map(name).collect())
    }
}

impl NativeRuntime {
    fn runtime(&self) -> PyResult<Rc<Runtime>> {
        self.runtime.borrow().clone().ok_or_else(shut_down)
    }

    fn start_job(
        &self,
        name: String,
        job: impl FnOnce() -> PyResult<Output> + Send + 'static,
        future: Py<PyAny>,
    ) -> PyResult<NativeJob> {
        let runtime = self.runtime()?;
        let submitted = runtime.handle().pool().submit_as(Metadata::here().named(name), job);
        let refused = |error: SubmitError<_>| PyRuntimeError::new_err(error.to_string());
        let job = submitted.map_err(refused)?;
        let handle = NativeJob::job(job.abort_handle());
        let pending = Pending::new(future, Rc::clone(&self.raised));
        let is_pending = Rc::clone(&self.jobs);
        let task = runtime.spawn(async move {
            let _is_pending = is_pending;
            pending.resolve(job.await);
        });
        task.detach();
        Ok(handle)
    }
}

/// Python drops the runtime with the GIL held. Waiting for jobs that need the GIL would deadlock,
/// so this leaves them.
impl Drop for NativeRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take().and_then(Rc::into_inner) {
            drop(runtime.shutdown(Shutdown::Leave));
        }
    }
}

fn shut_down() -> PyErr {
    PyRuntimeError::new_err("the runtime is shut down")
}

/// The time to the next turn as a float of Python, which asyncio's `call_later` takes.
fn seconds(next: NextTurn) -> Option<f64> {
    next.timeout().map(|timeout| timeout.as_secs_f64())
}
