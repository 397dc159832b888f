//! The driver: makes a call in a worker process, on a driver thread.
//!
//! - D1. Encode the arguments.
//! - D2. Take the thread's process, or start one, send the call, and wait for the reply. If the
//!   call is ended during the wait, the supervisor has killed the process.
//! - D3. If the process is gone and had not read the call, it died before the call. Start another
//!   process, once, and repeat D2.
//! - D4. Decode the reply, and put the process back, with its new state.

use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call_control::{CallControl, CallEnded};
use super::call_error::CallError;
use super::encoding::StackLimit;
use super::frame::{self, FrameTag};
use super::function_call::Call;
use super::output_forwarder::OutputForwarder;
use super::pids::Pids;
use super::poll_fds::Deadline;
use super::program::WorkerProgram;
use super::worker_main::is_uninitialised_worker;
use super::worker_process::{ExchangeError, WorkerProcess, WorkerState};

/// The settings with which a pool's threads drive their processes. *Shared by* the threads and the
/// handles of the pool. Only the pids and the output change, and they have mutexes of their own.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) program: WorkerProgram,
    pub(super) max_jobs_per_worker: Option<u64>,
    pub(super) job_timeout: Option<Duration>,
    pub(super) start_timeout: Duration,
    pub(super) frame_bytes_max: u32,
    /// The stack of a thread that encodes, decodes, or drops a result.
    pub(super) stack_bytes: usize,
    pub(super) output: OutputForwarder,
    pub(super) pids: Arc<Pids>,
}

/// A decoded reply.
enum WorkerReply<R> {
    Result(Result<R, CallError>),
    Panicked(String),
}

impl Driver {
    /// Makes the call. `slot` contains the thread's process between calls.
    ///
    /// # Panics
    /// If the function panics in the worker, with the same message.
    pub(super) fn make_call<A, R, T>(
        &self,
        call: &Call<A, R>,
        slot: &mut Option<WorkerProcess>,
        control: &CallControl<T>,
        stack: StackLimit,
    ) -> Result<R, CallError>
    where
        A: Serialize,
        R: DeserializeOwned,
    {
        if let Some(process) = slot.as_ref() {
            // If the encoding never returns, an abort still kills the process.
            attach(process, control).map_err(|_killed| CallError::Aborted)?;
        }
        let mut frame = Vec::new();
        frame::begin_call(&mut frame, call.name());
        call.encode_onto(&mut frame, stack)?;
        let max = self.frame_bytes_max;
        frame::finish(&mut frame, max)
            .map_err(|bytes| CallError::ArgumentsTooBig { bytes, max: max.into() })?;
        control.enter_exchange().map_err(|CallEnded| CallError::Aborted)?;
        self.exchange(&frame, slot, control)?;
        let process = slot.as_mut().expect("an exchange that succeeds leaves its process");
        // In case that decoding panics.
        process.set_state(WorkerState::Broken);
        control.enter_codec().map_err(|CallEnded| CallError::Aborted)?;
        let reply = read_reply(call, process, max, stack);
        if control.detach().is_ok() {
            process.set_state(self.state_after(process, &reply));
        }
        process.discard_reply();
        match reply {
            WorkerReply::Result(result) => result,
            // Not `panic!`, which would call the panic hook: the worker's hook has printed the
            // message already.
            WorkerReply::Panicked(message) => resume_unwind(Box::new(message)),
        }
    }

    /// Sends the call and receives the reply (steps D2 and D3). If this succeeds, the process in
    /// `slot` contains the reply.
    fn exchange<T>(
        &self,
        frame: &[u8],
        slot: &mut Option<WorkerProcess>,
        control: &CallControl<T>,
    ) -> Result<(), CallError> {
        if let Some(process) = slot {
            match call(process, frame, control) {
                Ok(()) => return Ok(()),
                Err(ExchangeError::Unread) => process.set_state(WorkerState::Broken),
                Err(error) => return Err(self.call_failed(process, error, control)),
            }
        }
        let left = control.stop_clock();
        // The former process is reaped here.
        let process = slot.insert(self.start(control)?);
        control.start_clock(left);
        call(process, frame, control).map_err(|error| self.call_failed(process, error, control))
    }

    fn start<T>(&self, control: &CallControl<T>) -> Result<WorkerProcess, CallError> {
        if is_uninitialised_worker() {
            let why = "this process is a worker, but does not call `process_pool::init`";
            return Err(CallError::Start(io::Error::other(why)));
        }
        let pids = Arc::clone(&self.pids);
        let mut process =
            WorkerProcess::start(&self.program, &self.output, pids).map_err(CallError::Start)?;
        let deadline = Deadline::after(Some(self.start_timeout));
        let greeted = attach(&process, control)
            .and_then(|()| process.handshake(self.frame_bytes_max, deadline));
        let greeted = control.detach().map_err(|CallEnded| ExchangeError::Killed).and(greeted);
        match greeted {
            Ok(()) => Ok(process),
            Err(error) => Err(start_failed(&mut process, error, control)),
        }
    }

    fn call_failed<T>(
        &self,
        process: &mut WorkerProcess,
        error: ExchangeError,
        control: &CallControl<T>,
    ) -> CallError {
        let timed_out = || CallError::TimedOut(self.job_timeout.unwrap_or_default());
        kill_failed(process, error, control, timed_out, |why| CallError::BadReply(why.into()))
    }

    /// The state of the process after this reply.
    fn state_after<R>(&self, process: &WorkerProcess, reply: &WorkerReply<R>) -> WorkerState {
        let (kind, _body) = process.reply();
        let is_kept = match reply {
            // If the caller cannot decode a result, the worker may run another version of the
            // program, and is replaced.
            WorkerReply::Result(Err(CallError::BadResult(_))) => kind == FrameTag::BadResult,
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

fn start_failed<T>(
    process: &mut WorkerProcess,
    error: ExchangeError,
    control: &CallControl<T>,
) -> CallError {
    let timed_out = || {
        let why = "the worker sent no hello in time: does its `main` call `process_pool::init`?";
        CallError::Start(io::Error::new(io::ErrorKind::TimedOut, why))
    };
    let malformed = |why| CallError::Start(io::Error::new(io::ErrorKind::InvalidData, why));
    kill_failed(process, error, control, timed_out, malformed)
}

/// Sends a call and receives its reply. The supervisor may end the call by killing the process.
fn call<T>(
    process: &mut WorkerProcess,
    frame: &[u8],
    control: &CallControl<T>,
) -> Result<(), ExchangeError> {
    attach(process, control)?;
    match process.call(frame) {
        Ok(()) => {
            flush(process, control);
            Ok(())
        }
        Err(error) => Err(match control.detach() {
            Ok(()) => error,
            Err(CallEnded) => ExchangeError::Killed,
        }),
    }
}

/// Waits until the lines that precede the end of the call have been passed on. The function has
/// ended, so the wait takes no time of the call. An abort still ends the call.
fn flush<T>(process: &WorkerProcess, control: &CallControl<T>) {
    if let Some(printed) = process.output().unflushed() {
        let left = control.stop_clock();
        process.output().wait_until_passed_on(printed);
        control.start_clock(left);
    }
}

fn attach<T>(process: &WorkerProcess, control: &CallControl<T>) -> Result<(), ExchangeError> {
    control.attach(process.guard()).map_err(|CallEnded| ExchangeError::Killed)
}

fn read_reply<A, R: DeserializeOwned>(
    call: &Call<A, R>,
    process: &WorkerProcess,
    max: u32,
    stack: StackLimit,
) -> WorkerReply<R> {
    let (kind, body) = process.reply();
    let text = || String::from_utf8_lossy(body).into_owned();
    WorkerReply::Result(match kind {
        FrameTag::Result => call.decode_within(body, stack),
        FrameTag::Panicked => return WorkerReply::Panicked(text()),
        FrameTag::UnknownFunction => Err(CallError::UnknownFunction(call.name().into())),
        FrameTag::BadArguments => Err(CallError::BadArguments(text().into())),
        FrameTag::BadResult => Err(CallError::BadResult(text().into())),
        FrameTag::ResultTooBig => Err(match body.try_into() {
            Ok(bytes) => {
                CallError::ResultTooBig { bytes: u64::from_le_bytes(bytes), max: max.into() }
            }
            Err(_) => CallError::BadReply("the size of the result has not 8 bytes".into()),
        }),
        FrameTag::Hello | FrameTag::Call => {
            Err(CallError::BadReply(format!("a {kind:?} frame is no reply").into()))
        }
    })
}

/// Ends a process whose exchange has failed, and returns the error of the call. The driver thread
/// reaps the process after the call, unless the error describes its death. `timed_out` and
/// `malformed` make the errors of these two failures, because the errors of a start differ from
/// those of a call.
fn kill_failed<T>(
    process: &mut WorkerProcess,
    error: ExchangeError,
    control: &CallControl<T>,
    timed_out: impl FnOnce() -> CallError,
    malformed: impl FnOnce(String) -> CallError,
) -> CallError {
    let error = match error {
        ExchangeError::Unread | ExchangeError::Ended => {
            let death = process.death();
            flush(process, control);
            return CallError::WorkerDied(death);
        }
        ExchangeError::Killed => CallError::Aborted,
        ExchangeError::TimedOut => timed_out(),
        ExchangeError::Malformed(error) => malformed(error.to_string()),
    };
    process.guard().kill();
    process.set_state(WorkerState::Broken);
    error
}
