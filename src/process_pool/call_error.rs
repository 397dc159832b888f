//! Why a call has no result, although the job that made it came to its end.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a call has no result.
///
/// A panic of the function is not among these: it is a
/// [`JoinError`](crate::JoinError) as in every job.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallError {
    /// No worker could be started: the program is not there, there are too many processes, or what
    /// was started does not speak as a worker does.
    Start(io::Error),
    /// The worker's process ended while it was at work on this call.
    WorkerDied(WorkerDeath),
    /// The call took longer than [`job_timeout`](super::Builder::job_timeout), so its worker was
    /// killed.
    TimedOut(Duration),
    /// The call was aborted while a worker was at work on it, or its pool was shut down without
    /// waiting any longer; so the worker was killed.
    Aborted,
    /// The worker's program has no function of this name: it is not in what that program gives to
    /// [`init`](super::init). Perhaps it is another version.
    UnknownFunction(Box<str>),
    /// The arguments could not be encoded here, or not decoded there: serde's words.
    BadArguments(Box<str>),
    /// The arguments take more bytes than [`frame_bytes_max`](super::Builder::frame_bytes_max).
    ArgumentsTooBig {
        /// What they take.
        bytes: u64,
        /// What is allowed.
        max: u64,
    },
    /// The result could not be encoded there, or not decoded here: serde's words.
    BadResult(Box<str>),
    /// The result takes more bytes than [`frame_bytes_max`](super::Builder::frame_bytes_max).
    ResultTooBig {
        /// What it takes.
        bytes: u64,
        /// What is allowed.
        max: u64,
    },
    /// The worker answered with what is no answer.
    BadReply(Box<str>),
}

/// How a worker's process ended in the middle of a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkerDeath {
    /// The number of the process, now gone.
    pub pid: u32,
    /// Its exit code, or the signal that ended it; `None` if other code of this program has waited
    /// for it.
    pub status: Option<ExitStatus>,
    /// The last lines that it printed, at most twenty.
    pub last_lines: String,
}

impl CallError {
    /// How the worker died, if it did.
    pub fn worker_death(&self) -> Option<&WorkerDeath> {
        match self {
            CallError::WorkerDied(death) => Some(death),
            CallError::Start(_)
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

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Start(error) => write!(f, "no worker process could be started: {error}"),
            CallError::WorkerDied(death) => fmt::Display::fmt(death, f),
            CallError::TimedOut(limit) => {
                write!(f, "the call took longer than {limit:?}, and its worker was killed")
            }
            CallError::Aborted => f.write_str("the call was aborted, and its worker was killed"),
            CallError::UnknownFunction(name) => {
                write!(f, "the worker's program has no function `{name}`")
            }
            CallError::BadArguments(why) => {
                write!(f, "the arguments cannot be encoded and decoded: {why}")
            }
            CallError::ArgumentsTooBig { bytes, max } => {
                write!(f, "the arguments take {bytes} bytes, and {max} are allowed")
            }
            CallError::BadResult(why) => {
                write!(f, "the result cannot be encoded and decoded: {why}")
            }
            CallError::ResultTooBig { bytes, max } => {
                write!(f, "the result takes {bytes} bytes, and {max} are allowed")
            }
            CallError::BadReply(why) => write!(f, "the worker's reply is no reply: {why}"),
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
