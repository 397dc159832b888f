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
use super::child_guard::{Ended, Leash};
use super::frame::{self, Kind};
use super::function_call::Call;
use super::pids::Roll;
use super::poll_fds::Deadline;
use super::program::Program;
use super::worker_main::is_worker_unawares;
use super::worker_output::Sink;
use super::worker_process::{Failure, Fitness, Process};

thread_local! {
    /// The process of this thread.
    static PROCESS: RefCell<Option<Process>> = const { RefCell::new(None) };
}

/// What the threads of a pool need for their work. *Shared by* them and the pool; none of it
/// changes, but for the roll, which has a lock of its own.
#[derive(Debug)]
pub(super) struct Workshop {
    pub(super) program: Program,
    pub(super) max_jobs_per_worker: Option<u64>,
    pub(super) job_timeout: Option<Duration>,
    pub(super) start_timeout: Duration,
    pub(super) frame_bytes_max: u32,
    pub(super) sink: Sink,
    pub(super) roll: Arc<Roll>,
}

/// Step 5: what a job keeps until its result is out.
#[derive(Debug)]
pub(super) struct Afterwards;

impl Drop for Afterwards {
    fn drop(&mut self) {
        // If a job is cancelled in the queue, this is whoever cancelled it: he has no process.
        let unfit = PROCESS.try_with(|process| {
            process.try_borrow_mut().ok()?.take_if(|process| process.fitness() != Fitness::Fit)
        });
        drop(unfit);
    }
}

/// What a reply says.
enum Reply<R> {
    Result(Result<R, CallError>),
    Panicked(String),
}

impl Workshop {
    /// Makes the call, on a thread of the pool.
    ///
    /// # Panics
    /// If the function has, in the worker.
    pub(super) fn carry_out<A, R>(&self, call: &Call<A, R>) -> Result<R, CallError>
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
        process.make(self.fitness_after(&process, &reply));
        put_back(process);
        match reply {
            Reply::Result(result) => result,
            // The worker's hook has printed it.
            Reply::Panicked(message) => resume_unwind(Box::new(message)),
        }
    }

    /// Steps 1 to 3. The reply is in the process.
    fn exchange(&self, frame: &[u8]) -> Result<Process, CallError> {
        if let Some(mut process) = PROCESS.with(|process| process.borrow_mut().take()) {
            match self.call(&mut process, frame) {
                Ok(()) => return Ok(process),
                Err(Failure::Unread) => process.make(Fitness::Broken),
                Err(failure) => return Err(self.call_failed(process, failure)),
            }
        }
        let mut process = self.start()?;
        match self.call(&mut process, frame) {
            Ok(()) => Ok(process),
            Err(failure) => Err(self.call_failed(process, failure)),
        }
    }

    fn call(&self, process: &mut Process, frame: &[u8]) -> Result<(), Failure> {
        let deadline = Deadline::after(self.job_timeout);
        attend(process, |process| process.call(frame, deadline))
    }

    fn start(&self) -> Result<Process, CallError> {
        if is_worker_unawares() {
            let why = "this process is a worker, and does not call `process_pool::init`";
            return Err(CallError::Start(io::Error::other(why)));
        }
        let roll = Arc::clone(&self.roll);
        let mut process =
            Process::start(&self.program, self.sink.clone(), roll).map_err(CallError::Start)?;
        let deadline = Deadline::after(Some(self.start_timeout));
        match attend(&mut process, |process| process.greet(self.frame_bytes_max, deadline)) {
            Ok(()) => Ok(process),
            Err(failure) => Err(failed(
                process,
                failure,
                || {
                    let why = "it did not say hello in time: does its `main` call \
                               `process_pool::init`?";
                    CallError::Start(io::Error::new(io::ErrorKind::TimedOut, why))
                },
                |why| CallError::Start(io::Error::new(io::ErrorKind::InvalidData, why)),
            )),
        }
    }

    fn call_failed(&self, process: Process, failure: Failure) -> CallError {
        let timed_out = || CallError::TimedOut(self.job_timeout.unwrap_or_default());
        failed(process, failure, timed_out, |why| CallError::BadReply(why.into()))
    }

    /// What the process is good for after this reply.
    fn fitness_after<R>(&self, process: &Process, reply: &Reply<R>) -> Fitness {
        if process.fitness() != Fitness::Fit {
            return process.fitness();
        }
        let (kind, _body) = process.reply();
        let is_kept = match reply {
            // What it sends cannot be read: it may be of another version.
            Reply::Result(Err(CallError::BadResult(_))) => kind == Kind::BadResult,
            Reply::Result(Err(CallError::BadReply(_))) => false,
            Reply::Result(_) | Reply::Panicked(_) => true,
        };
        if !is_kept {
            return Fitness::Broken;
        }
        match self.max_jobs_per_worker {
            Some(max) if process.calls() >= max => Fitness::Spent,
            Some(_) | None => Fitness::Fit,
        }
    }
}

/// Does something with the process during which whoever aborts the job kills it.
fn attend<T>(
    process: &mut Process,
    work: impl FnOnce(&mut Process) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let leash = Arc::clone(process.leash());
    let hook = kill_when_cancelled(&leash, leash.begin_job());
    let done = work(process);
    drop(hook);
    match leash.end_job() {
        Ended::InPeace => done,
        Ended::Killed => {
            process.make(Fitness::Broken);
            // Who was killed too late has done his work.
            done.map_err(|_failure| Failure::Killed)
        }
    }
}

/// Whoever aborts this thread's job, or shuts its pool down without waiting, kills the process.
fn kill_when_cancelled(leash: &Arc<Leash>, job: u64) -> Option<CancelHook> {
    let leash = Arc::clone(leash);
    Some(CancelToken::current()?.on_cancel(move || leash.kill_job(job)))
}

/// Kills the process, and leaves it to be buried in step 5, so that nobody waits for that.
fn give_up(mut process: Process) {
    process.leash().kill();
    process.make(Fitness::Broken);
    put_back(process);
}

/// Step 4.
fn put_back(mut process: Process) {
    process.forget_reply();
    let former = PROCESS.with(|place| place.borrow_mut().replace(process));
    drop(former);
}

fn read_reply<A, R: DeserializeOwned>(call: &Call<A, R>, process: &Process, max: u32) -> Reply<R> {
    let (kind, body) = process.reply();
    let text = || String::from_utf8_lossy(body).into_owned();
    Reply::Result(match kind {
        Kind::Result => call.decode(body),
        Kind::Panicked => return Reply::Panicked(text()),
        Kind::UnknownFunction => Err(CallError::UnknownFunction(call.name().into())),
        Kind::BadArguments => Err(CallError::BadArguments(text().into())),
        Kind::BadResult => Err(CallError::BadResult(text().into())),
        Kind::ResultTooBig => Err(match body.try_into() {
            Ok(bytes) => {
                CallError::ResultTooBig { bytes: u64::from_le_bytes(bytes), max: max.into() }
            }
            Err(_) => CallError::BadReply("the size of the result is no number".into()),
        }),
        Kind::Hello | Kind::Call => Err(CallError::BadReply(format!("it is a {kind:?}").into())),
    })
}

/// Ends a process that has failed, and says so: in the words of the caller where they depend on
/// what it was asked.
fn failed(
    mut process: Process,
    failure: Failure,
    timed_out: impl FnOnce() -> CallError,
    garbage: impl FnOnce(String) -> CallError,
) -> CallError {
    let error = match failure {
        Failure::Unread | Failure::Ended => return CallError::WorkerDied(process.death()),
        Failure::Killed => CallError::Aborted,
        Failure::TimedOut => timed_out(),
        Failure::Garbage(error) => garbage(error.to_string()),
    };
    give_up(process);
    error
}
