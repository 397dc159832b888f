//! The asyncio future of a job, on its way to be resolved.

use std::cell::RefCell;
use std::rc::Rc;

use aside::JoinError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;

/// The result of a job, which crosses from its thread to the loop's.
pub(crate) enum Output {
    Object(Py<PyAny>),
    Text(String),
    Nothing,
}

/// The first error that resolving a future has raised in this turn. Python reads it when the turn
/// returns: a `KeyboardInterrupt` may arrive in any call into Python.
pub(crate) type Raised = Rc<RefCell<Option<PyErr>>>;

/// A future that this value resolves exactly once. If it is dropped before, the future is
/// cancelled, so that nothing awaits it in vain.
pub(crate) struct Pending {
    future: Option<Py<PyAny>>,
    raised: Raised,
}

impl Pending {
    pub(crate) fn new(future: Py<PyAny>, raised: Raised) -> Pending {
        Pending { future: Some(future), raised }
    }

    /// Resolves the future with the result of a job.
    pub(crate) fn resolve(mut self, result: Result<PyResult<Output>, JoinError>) {
        let Some(future) = self.future.take() else { return };
        self.call(|py| {
            let future = future.bind(py);
            // A future that was cancelled meanwhile accepts no result.
            if future.call_method0(intern!(py, "done"))?.is_truthy()? {
                return Ok(());
            }
            match result {
                Ok(Ok(output)) => set_result(future, output),
                Ok(Err(error)) => set_exception(future, error),
                Err(error) if error.is_cancelled() => cancel(future),
                Err(error) => set_exception(future, PyRuntimeError::new_err(error.to_string())),
            }
        });
    }

    /// Calls into Python, and keeps the error for the end of the turn.
    fn call(&self, work: impl FnOnce(Python<'_>) -> PyResult<()>) {
        // After the end of the interpreter, no future is left to be awaited.
        if let Some(Err(error)) = Python::try_attach(work) {
            self.raised.borrow_mut().get_or_insert(error);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            self.call(|py| cancel(future.bind(py)));
        }
    }
}

fn set_result(future: &Bound<'_, PyAny>, output: Output) -> PyResult<()> {
    let py = future.py();
    let set_result = intern!(py, "set_result");
    match output {
        Output::Object(object) => future.call_method1(set_result, (object,))?,
        Output::Text(text) => future.call_method1(set_result, (text,))?,
        Output::Nothing => future.call_method1(set_result, (py.None(),))?,
    };
    Ok(())
}

fn set_exception(future: &Bound<'_, PyAny>, error: PyErr) -> PyResult<()> {
    let py = future.py();
    let set_exception = intern!(py, "set_exception");
    if let Err(refused) = future.call_method1(set_exception, (&error,)) {
        // A future refuses `StopIteration`, which would end the coroutine that awaits it.
        refused.set_cause(py, Some(error));
        future.call_method1(set_exception, (PyRuntimeError::new_err(refused.to_string()),))?;
    }
    Ok(())
}

fn cancel(future: &Bound<'_, PyAny>) -> PyResult<()> {
    future.call_method0(intern!(future.py(), "cancel")).map(drop)
}
