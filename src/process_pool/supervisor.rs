//! The supervisor: a thread of the pool that decides how a call ends, while its driver thread makes
//! the call.
//!
//! Each thread of the pool owns at most one driver thread, and each driver thread at most one
//! process. The thread's first call starts both. Thread-local storage keeps the driver thread
//! between calls, and ends it, and so its process, when the thread ends. The pool of threads
//! therefore decides how many processes there are, which idle process gets the next call, and when
//! an idle process exits. No separate count of processes has to agree with the threads.
//!
//! - S1. Take the driver thread, or start one, and give it the call.
//! - S2. Wait for the outcome, an abort, or the time limit, whichever comes first. An abort or the
//!   time limit kills the process at once.
//! - S3. After the result has been published, wait until the driver thread has ended a process that
//!   is no longer ready, so that a shutdown which waits leaves no process behind.
//! - S4. If the driver thread does not return, because it encodes or decodes for ever, abandon it.
//!   It ends itself when that code returns. Its process has been killed, and is reaped here.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use runtime_blocking::CancelToken;
use runtime_core::catch_panic::{Payload, drop_catching};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_control::{CallControl, Verdict};
use super::call_error::CallError;
use super::driver::Driver;
use super::driver_thread::DriverThread;
use super::encoding::StackLimit;
use super::function_call::Call;
use super::worker_process::WorkerState;

thread_local! {
    /// The driver thread that this thread owns.
    static DRIVER: RefCell<Option<DriverThread>> = const { RefCell::new(None) };
}

/// Waits for the end of a process that is not ready: steps S3 and S4. A job owns this value, and
/// drops it after the job's result has been published.
#[derive(Debug)]
pub(super) struct ReapAfterResult;

impl Drop for ReapAfterResult {
    fn drop(&mut self) {
        // A job that is cancelled in the queue drops this value on the cancelling thread, which
        // owns no driver thread.
        let _gone = DRIVER.try_with(|place| {
            let Ok(mut place) = place.try_borrow_mut() else { return };
            if let Some(late) = place.take_if(|driver| !driver.wait_until_idle()) {
                late.abandon();
            }
        });
    }
}

/// Makes the call, on a thread of the pool.
///
/// # Panics
/// If the function panics in the worker, with the same message.
pub(super) fn execute_call<A, R>(driver: Arc<Driver>, call: Call<A, R>) -> Result<R, CallError>
where
    A: Serialize + Send + 'static,
    R: DeserializeOwned + Send + 'static,
{
    let limit = driver.job_timeout;
    let taken = DRIVER.with(|place| place.borrow_mut().take());
    let mut thread = match taken {
        Some(thread) => thread,
        None => DriverThread::start(driver.stack_bytes).map_err(CallError::Start)?,
    };
    let control =
        Arc::new(CallControl::<CallOutcome<R>>::new(limit, Arc::clone(thread.supervisor())));
    let aborted = Arc::clone(&control);
    let hook = CancelToken::current().map(|token| token.on_cancel(move || aborted.abort()));
    let made = Arc::clone(&control);
    thread.submit(Box::new(move |process| {
        let stack = StackLimit::of_thread(driver.stack_bytes);
        let outcome =
            catch_unwind(AssertUnwindSafe(|| driver.make_call(&call, process, &made, stack)));
        // Code of the user, which may panic, drops the arguments before the result is there.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(call)));
        let outcome = match dropped {
            Ok(()) => outcome,
            Err(payload) => {
                // The destructor of the result may panic, too.
                drop_catching(outcome);
                Err(payload)
            }
        };
        // A verdict during the encoding has killed a process that was ready for the call.
        if made.detach().is_err()
            && let Some(process) = process
            && process.state() == WorkerState::Ready
        {
            process.set_state(WorkerState::Broken);
        }
        made.finish(outcome);
    }));
    let ended = control.wait();
    drop(hook);
    let ended = ended.map_err(|ended| {
        let verdict = ended.verdict;
        thread.expect_return(ended);
        verdict
    });
    DRIVER.with(|place| *place.borrow_mut() = Some(thread));
    match ended {
        Ok(Ok(result)) => result,
        // Not `panic!`, which would call the panic hook again.
        Ok(Err(payload)) => resume_unwind(payload),
        Err(Verdict::Aborted) => Err(CallError::Aborted),
        Err(Verdict::TimedOut) => Err(CallError::TimedOut(limit.unwrap_or_default())),
    }
}

/// The result of a call, or the payload of a panic: of the function, or of the encoding or decoding
/// in this process.
pub(super) type CallOutcome<R> = Result<Result<R, CallError>, Payload>;
