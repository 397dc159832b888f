//! The errors of a call whose job has finished.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use runtime_core::debug_as_message;

/// The reason why a call has no result.
///
/// A panic of the function is a [`JoinError`](crate::JoinError), as in every job.
#[non_exhaustive]
pub enum CallError {
    /// No worker could be started: the program does not exist, there are too many processes, or the
    /// program does not follow the protocol of a worker.
    Start(io::Error),
    /// The worker's process ended while it worked on this call.
    WorkerDied(WorkerDeath),
    /// The call took longer than [`job_timeout`](super::ProcessPoolBuilder::job_timeout), so its
    /// worker was killed.
    TimedOut(Duration),
    /// The worker was killed, because the call was aborted while the worker worked on it, or
    /// because a shutdown of the pool no longer waited for the call.
    Aborted,
    /// The worker's program passes no function of this name to [`init`](super::init). The worker's
    /// program may be another version of this program.
    UnknownFunction(Box<str>),
    /// The arguments could not be encoded by the caller, or decoded by the worker. The text says
    /// why.
    BadArguments(Box<str>),
    /// The arguments take more bytes than
    /// [`frame_bytes_max`](super::ProcessPoolBuilder::frame_bytes_max).
    ArgumentsTooBig {
        /// The length of the encoded arguments.
        bytes: u64,
        /// The maximum length.
        max: u64,
    },
    /// The result could not be encoded by the worker, or decoded by the caller. The text says why.
    BadResult(Box<str>),
    /// The result takes more bytes than
    /// [`frame_bytes_max`](super::ProcessPoolBuilder::frame_bytes_max).
    ResultTooBig {
        /// The length of the encoded result.
        bytes: u64,
        /// The maximum length.
        max: u64,
    },
    /// The worker sent a frame that is not a valid reply.
    BadReply(Box<str>),
}

/// Describes how a worker's process ended during a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkerDeath {
    /// The pid of the process. Another process may have the same pid by now.
    pub pid: u32,
    /// The exit code of the process, or the signal that ended it. `None` if other code in this
    /// program has waited for the process.
    pub status: Option<ExitStatus>,
    /// The last lines that the process printed, at most twenty.
    pub last_lines: String,
}

impl CallError {
    /// The worker's death, if the error is [`WorkerDied`](CallError::WorkerDied).
    pub fn worker_death(&self) -> Option<&WorkerDeath> {
        let CallError::WorkerDied(death) = self else { return None };
        Some(death)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Start(error) => write!(f, "no worker process could be started: {error}"),
            CallError::WorkerDied(death) => fmt::Display::fmt(death, f),
            CallError::TimedOut(limit) => {
                write!(f, "the call took longer than {limit:?}, so its worker was killed")
            }
            CallError::Aborted => f.write_str("the call was aborted, so its worker was killed"),
            CallError::UnknownFunction(name) => {
                write!(f, "the worker's program has no function `{name}`")
            }
            CallError::BadArguments(why) => {
                write!(f, "the arguments cannot be encoded and decoded: {why}")
            }
            CallError::ArgumentsTooBig { bytes, max } => {
                write!(f, "the arguments take {bytes} bytes, where {max} are allowed")
            }
            CallError::BadResult(why) => {
                write!(f, "the result cannot be encoded and decoded: {why}")
            }
            CallError::ResultTooBig { bytes, max } => {
                write!(f, "the result takes {bytes} bytes, where {max} are allowed")
            }
            CallError::BadReply(why) => write!(f, "the worker's reply is not valid: {why}"),
        }
    }
}

/// `worker process 4711 died (signal: 9 (SIGKILL)); it last printed: ...`
impl fmt::Display for WorkerDeath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker process {} died", self.pid)?;
        if let Some(status) = self.status {
            write!(f, " ({status})")?;
        }
        if !self.last_lines.is_empty() {
            write!(f, "; it last printed: {}", self.last_lines.trim_end())?;
        }
        Ok(())
    }
}

debug_as_message!(CallError);

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            CallError::Start(error) => Some(error),
            CallError::WorkerDied(_)
            | CallError::TimedOut(_)
            | CallError::Aborted
            | CallError::UnknownFunction(_)
            | CallError::BadArguments(_)
            | CallError::ArgumentsTooBig { .. }
            | CallError::BadResult(_)
            | CallError::ResultTooBig { .. }
            | CallError::BadReply(_) => None,
        }
    }
}
