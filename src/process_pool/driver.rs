//! What a thread of the pool does with a call: it has one worker process, and drives it.
//!
//! Thread and process belong together. The process is started for the thread's first call, and kept
//! in the thread's local storage, whose destructor ends it. So the number of processes, which of
//! the idle ones is taken next, and when an idle one goes are what the pool of threads decides for
//! its threads; there is no second count that could be wrong.
//!
//! 1. Take the process that the thread has, or start one.
//! 2. Send the call, wait for the reply. Whoever cancels the job meanwhile kills the process.
//! 3. If the process is gone and had not read the call, it was dead before: start one, once more.
//! 4. Put the process back, fit for the next call or not.
//! 5. When whoever awaits the result has been told, end a process that is not fit.

use std::cell::RefCell;
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use runtime_blocking::{CancelHook, CancelToken};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_error::CallError;
use super::child_guard::{ChildGuard, JobEnd};
use super::frame::{self, FrameKind};
use super::function_call::Call;
use super::pids::Pids;
use super::poll_fds::Deadline;
use super::program::WorkerProgram;
use super::worker_main::is_uninitialised_worker;
use super::worker_output::OutputSink;
use super::worker_process::{ExchangeError, WorkerProcess, WorkerState};

thread_local! {
    /// The process of this thread.
    static PROCESS: RefCell<Option<WorkerProcess>> = const { RefCell::new(None) };
}

/// What the threads of a pool need for their work. *Shared by* them and the pool; none of it
/// changes, but for the pids, which has a lock of its own.
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

/// Step 5: what a job keeps until its result is out.
#[derive(Debug)]
pub(super) struct ReapAfterResult;

impl Drop for ReapAfterResult {
    fn drop(&mut self) {
        // If a job is cancelled in the queue, this is whoever cancelled it: he has no process.
        let unfit = PROCESS.try_with(|process| {
            process.try_borrow_mut().ok()?.take_if(|process| process.state() != WorkerState::Ready)
        });
        drop(unfit);
    }
}

/// What a reply says.
enum WorkerReply<R> {
    Result(Result<R, CallError>),
    Panicked(String),
}

impl Driver {
    /// Makes the call, on a thread of the pool.
    ///
    /// # Panics
    /// If the function has, in the worker.
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
            // The worker's hook has printed it.
            WorkerReply::Panicked(message) => resume_unwind(Box::new(message)),
        }
    }

    /// Steps 1 to 3. The reply is in the process.
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
            let why = "this process is a worker, and does not call `process_pool::init`";
            return Err(CallError::Start(io::Error::other(why)));
        }
        let pids = Arc::clone(&self.pids);
        let mut process = WorkerProcess::start(&self.program, self.sink.clone(), pids)
            .map_err(CallError::Start)?;
        let deadline = Deadline::after(Some(self.start_timeout));
        match kill_if_cancelled(&mut process, |process| {
            process.handshake(self.frame_bytes_max, deadline)
        }) {
            Ok(()) => Ok(process),
            Err(error) => Err(failed(
                process,
                error,
                || {
                    let why = "it did not say hello in time: does its `main` call \
                               `process_pool::init`?";
                    CallError::Start(io::Error::new(io::ErrorKind::TimedOut, why))
                },
                |why| CallError::Start(io::Error::new(io::ErrorKind::InvalidData, why)),
            )),
        }
    }

    fn call_failed(&self, process: WorkerProcess, error: ExchangeError) -> CallError {
        let timed_out = || CallError::TimedOut(self.job_timeout.unwrap_or_default());
        failed(process, error, timed_out, |why| CallError::BadReply(why.into()))
    }

    /// What the process is good for after this reply.
    fn state_after<R>(&self, process: &WorkerProcess, reply: &WorkerReply<R>) -> WorkerState {
        if process.state() != WorkerState::Ready {
            return process.state();
        }
        let (kind, _body) = process.reply();
        let is_kept = match reply {
            // What it sends cannot be read: it may be of another version.
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

/// Does something with the process during which whoever aborts the job kills it.
fn kill_if_cancelled<T>(
    process: &mut WorkerProcess,
    work: impl FnOnce(&mut WorkerProcess) -> Result<T, ExchangeError>,
) -> Result<T, ExchangeError> {
    let guard = Arc::clone(process.guard());
    let hook = kill_when_cancelled(&guard, guard.begin_job());
    let done = work(process);
    drop(hook);
    match guard.end_job() {
        JobEnd::Undisturbed => done,
        JobEnd::Killed => {
            process.set_state(WorkerState::Broken);
            // Who was killed too late has done his work.
            done.map_err(|_failure| ExchangeError::Killed)
        }
    }
}

/// Whoever aborts this thread's job, or shuts its pool down without waiting, kills the process.
fn kill_when_cancelled(guard: &Arc<ChildGuard>, job: u64) -> Option<CancelHook> {
    let guard = Arc::clone(guard);
    Some(CancelToken::current()?.on_cancel(move || guard.kill_job(job)))
}

/// Kills the process, and leaves it to be buried in step 5, so that nobody waits for that.
fn kill_and_put_back(mut process: WorkerProcess) {
    process.guard().kill();
    process.set_state(WorkerState::Broken);
    put_back(process);
}

/// Step 4.
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
            Err(_) => CallError::BadReply("the size of the result is no number".into()),
        }),
        FrameKind::Hello | FrameKind::Call => {
            Err(CallError::BadReply(format!("it is a {kind:?}").into()))
        }
    })
}

/// Ends a process that has failed, and says so: in the words of the caller where they depend on
/// what it was asked.
fn failed(
    mut process: WorkerProcess,
    error: ExchangeError,
    timed_out: impl FnOnce() -> CallError,
    garbage: impl FnOnce(String) -> CallError,
) -> CallError {
    let error = match error {
        ExchangeError::Unread | ExchangeError::Ended => {
            return CallError::WorkerDied(process.death());
        }
        ExchangeError::Killed => CallError::Aborted,
        ExchangeError::TimedOut => timed_out(),
        ExchangeError::Malformed(error) => garbage(error.to_string()),
    };
    kill_and_put_back(process);
    error
}
