//! The driver: makes a call, on a thread of the pool, in the worker process that the thread owns.
//!
//! Each thread owns at most one process. The thread's first call starts the process. Thread-local
//! storage keeps the process between calls, and ends it when the thread ends. The pool of threads
//! therefore decides how many processes there are, which idle process gets the next call, and when
//! an idle process exits. No separate count of processes has to agree with the threads.
//!
//! - D1. Take the thread's process, or start one.
//! - D2. Send the call and wait for the reply. If the job is cancelled during the wait, the process
//!   is killed.
//! - D3. If the process is gone and had not read the call, it died before the call. Start another
//!   process, once, and repeat D2.
//! - D4. Put the process back, with its new state.
//! - D5. After the result has been published, end a process that is no longer ready.

use std::cell::RefCell;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use runtime_blocking::{CancelHook, CancelToken};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_error::CallError;
use super::child_guard::{ChildGuard, JobEnd, JobNumber};
use super::frame::{self, FrameKind};
use super::function_call::Call;
use super::pids::Pids;
use super::poll_fds::Deadline;
use super::program::WorkerProgram;
use super::worker_main::is_uninitialised_worker;
use super::worker_output::OutputSink;
use super::worker_process::{ExchangeError, WorkerProcess, WorkerState};

thread_local! {
    /// The process that this thread owns.
    static PROCESS: RefCell<Option<WorkerProcess>> = const { RefCell::new(None) };
}

/// The settings with which a pool's threads drive their processes. *Shared by* the threads and the
/// handles of the pool. Only the pids change, and they have a mutex of their own.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) program: WorkerProgram,
    pub(super) max_jobs_per_worker: Option<u64>,
    pub(super) job_timeout: Option<Duration>,
    pub(super) start_timeout: Duration,
    pub(super) frame_bytes_max: u32,
    pub(super) sink: OutputSink,
    pub(super) pids: Arc<Pids>,
}

/// Ends a process that is not ready: step D5. A job owns this value, and drops it after the job's
/// result has been published.
#[derive(Debug)]
pub(super) struct ReapAfterResult;

impl Drop for ReapAfterResult {
    fn drop(&mut self) {
        // A job that is cancelled in the queue drops this value on the cancelling thread, which
        // owns no process.
        let finished = PROCESS.try_with(|process| {
            process.try_borrow_mut().ok()?.take_if(|process| process.state() != WorkerState::Ready)
        });
        drop(finished);
    }
}

/// A decoded reply.
enum WorkerReply<R> {
    Result(Result<R, CallError>),
    Panicked(String),
}

impl Driver {
    /// Makes the call, on a thread of the pool.
    ///
    /// # Panics
    /// If the function panics in the worker, with the same message.
    pub(super) fn execute_call<A, R>(&self, call: &Call<A, R>) -> Result<R, CallError>
    where
        A: Serialize,
        R: DeserializeOwned,
    {
        let mut frame = Vec::new();
        frame::begin_call(&mut frame, call.name());
        call.encode_onto(&mut frame)?;
        let max = self.frame_bytes_max;
        frame::finish(&mut frame, max)
            .map_err(|bytes| CallError::ArgumentsTooBig { bytes, max: max.into() })?;
        let mut process = self.exchange(&frame)?;
        let reply = read_reply(call, &process, max);
        process.set_state(self.state_after(&process, &reply));
        put_back(process);
        match reply {
            WorkerReply::Result(result) => result,
            // Not `panic!`, which would call the panic hook: the worker's hook has printed the
            // message already.
            WorkerReply::Panicked(message) => resume_unwind(Box::new(message)),
        }
    }

    /// Sends the call and receives the reply (steps D1 to D3). The returned process contains the
    /// reply.
    fn exchange(&self, frame: &[u8]) -> Result<WorkerProcess, CallError> {
        if let Some(mut process) = PROCESS.with(|process| process.borrow_mut().take()) {
            match self.call(&mut process, frame) {
                Ok(()) => return Ok(process),
                Err(ExchangeError::Unread) => process.set_state(WorkerState::Broken),
                Err(error) => return Err(self.call_failed(process, error)),
            }
        }
        let mut process = self.start()?;
        match self.call(&mut process, frame) {
            Ok(()) => Ok(process),
            Err(error) => Err(self.call_failed(process, error)),
        }
    }

    fn call(&self, process: &mut WorkerProcess, frame: &[u8]) -> Result<(), ExchangeError> {
        let deadline = Deadline::after(self.job_timeout);
        kill_if_cancelled(process, |process| process.call(frame, deadline))
    }

    fn start(&self) -> Result<WorkerProcess, CallError> {
        if is_uninitialised_worker() {
            let why = "this process is a worker, but does not call `process_pool::init`";
            return Err(CallError::Start(io::Error::other(why)));
        }
        let pids = Arc::clone(&self.pids);
        let mut process = WorkerProcess::start(&self.program, self.sink.clone(), pids)
            .map_err(CallError::Start)?;
        let deadline = Deadline::after(Some(self.start_timeout));
        let greeted = kill_if_cancelled(&mut process, |process| {
            process.handshake(self.frame_bytes_max, deadline)
        });
        match greeted {
            Ok(()) => Ok(process),
            Err(error) => Err(start_failed(process, error)),
        }
    }

    fn call_failed(&self, process: WorkerProcess, error: ExchangeError) -> CallError {
        let timed_out = || CallError::TimedOut(self.job_timeout.unwrap_or_default());
        kill_failed(process, error, timed_out, |why| CallError::BadReply(why.into()))
    }

    /// The state of the process after this reply.
    fn state_after<R>(&self, process: &WorkerProcess, reply: &WorkerReply<R>) -> WorkerState {
        if process.state() != WorkerState::Ready {
            return process.state();
        }
        let (kind, _body) = process.reply();
        let is_kept = match reply {
            // If the caller cannot decode a result, the worker may run another version of the
            // program, and is replaced.
            WorkerReply::Result(Err(CallError::BadResult(_))) => kind == FrameKind::BadResult,
            WorkerReply::Result(Err(CallError::BadReply(_))) => false,
            WorkerReply::Result(_) | WorkerReply::Panicked(_) => true,
        };
        if !is_kept {
            return WorkerState::Broken;
        }
        match self.max_jobs_per_worker {
            Some(max) if process.calls() >= max => WorkerState::Retiring,
            Some(_) | None => WorkerState::Ready,
        }
    }
}

fn start_failed(process: WorkerProcess, error: ExchangeError) -> CallError {
    let timed_out = || {
        let why = "the worker sent no hello in time: does its `main` call `process_pool::init`?";
        CallError::Start(io::Error::new(io::ErrorKind::TimedOut, why))
    };
    let malformed = |why| CallError::Start(io::Error::new(io::ErrorKind::InvalidData, why));
    kill_failed(process, error, timed_out, malformed)
}

/// Exchanges frames with the process. Kills the process if the thread's job is cancelled during the
/// exchange.
fn kill_if_cancelled(
    process: &mut WorkerProcess,
    exchange: impl FnOnce(&mut WorkerProcess) -> Result<(), ExchangeError>,
) -> Result<(), ExchangeError> {
    let guard = Arc::clone(process.guard());
    let hook = kill_when_cancelled(&guard, guard.begin_job());
    let done = exchange(process);
    drop(hook);
    match guard.end_job() {
        JobEnd::Undisturbed => done,
        JobEnd::Killed => {
            process.set_state(WorkerState::Broken);
            // If the reply arrived before the kill, it is valid.
            done.map_err(|_error| ExchangeError::Killed)
        }
    }
}

/// Registers a hook that kills the process when this thread's job is aborted, or when its pool is
/// shut down without waiting.
fn kill_when_cancelled(guard: &Arc<ChildGuard>, job: JobNumber) -> Option<CancelHook> {
    let guard = Arc::clone(guard);
    Some(CancelToken::current()?.on_cancel(move || guard.kill_job(job)))
}

/// Kills the process and leaves it for step D5 to reap, so that the result does not wait for the
/// reaping.
fn kill_and_put_back(mut process: WorkerProcess) {
    process.guard().kill();
    process.set_state(WorkerState::Broken);
    put_back(process);
}

/// Puts the process back (step D4).
fn put_back(mut process: WorkerProcess) {
    process.discard_reply();
    let former = PROCESS.with(|place| place.borrow_mut().replace(process));
    drop(former);
}

fn read_reply<A, R: DeserializeOwned>(
    call: &Call<A, R>,
    process: &WorkerProcess,
    max: u32,
) -> WorkerReply<R> {
    let (kind, body) = process.reply();
    let text = || String::from_utf8_lossy(body).into_owned();
    WorkerReply::Result(match kind {
        FrameKind::Result => call.decode(body),
        FrameKind::Panicked => return WorkerReply::Panicked(text()),
        FrameKind::UnknownFunction => Err(CallError::UnknownFunction(call.name().into())),
        FrameKind::BadArguments => Err(CallError::BadArguments(text().into())),
        FrameKind::BadResult => Err(CallError::BadResult(text().into())),
        FrameKind::ResultTooBig => Err(match body.try_into() {
            Ok(bytes) => {
                CallError::ResultTooBig { bytes: u64::from_le_bytes(bytes), max: max.into() }
            }
            Err(_) => CallError::BadReply("the size of the result has not 8 bytes".into()),
        }),
        FrameKind::Hello | FrameKind::Call => {
            Err(CallError::BadReply(format!("a {kind:?} frame is no reply").into()))
        }
    })
}

/// Ends a process whose exchange has failed, and returns the error of the call. `timed_out` and
/// `malformed` make the errors of these two failures, because the errors of a start differ from
/// those of a call.
fn kill_failed(
    mut process: WorkerProcess,
    error: ExchangeError,
    timed_out: impl FnOnce() -> CallError,
    malformed: impl FnOnce(String) -> CallError,
) -> CallError {
    let error = match error {
        ExchangeError::Unread | ExchangeError::Ended => {
            return CallError::WorkerDied(process.death());
        }
        ExchangeError::Killed => CallError::Aborted,
        ExchangeError::TimedOut => timed_out(),
        ExchangeError::Malformed(error) => malformed(error.to_string()),
    };
    kill_and_put_back(process);
    error
}
