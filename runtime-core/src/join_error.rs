//! The error of a [`JoinHandle`](crate::join::JoinHandle): the reason why there is no result.

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::resume_unwind;

use crate::catch_panic::{Payload, panic_text};
use crate::debug_as_message;
use crate::metadata::{Id, Metadata};
use crate::runtime_gone::RuntimeGoneError;
use crate::sync::Mutex;

#[cfg(test)]
mod tests;

/// The reason why a task or a job has no result.
///
/// # Examples
/// ```
/// aside::run(async {
///     let error = aside::spawn(async { panic!("a bug") }).await.unwrap_err();
///     assert!(error.is_panic());
///     println!("{error}"); // names the task, its location, and the message
///
///     let task = aside::spawn(std::future::pending::<()>());
///     task.abort();
///     assert!(task.await.unwrap_err().is_cancelled());
/// });
/// ```
#[doc(alias = "CancelledError")]
pub struct JoinError(Box<Failure>);

struct Failure {
    metadata: Metadata,
    reason: Reason,
}

enum Reason {
    Cancelled,
    /// Cancelled because the runtime or the pool was shut down before the task or job began.
    ShutDown(RuntimeGoneError),
    /// The payload is in a mutex, because an error should be `Sync` and the payload may not be.
    Panicked {
        message: Option<Box<str>>,
        payload: Mutex<Payload>,
    },
    Refused(Box<dyn Error + Send + Sync>),
}

impl JoinError {
    /// The error of a task or job that was cancelled before it finished.
    #[cold]
    #[doc(hidden)]
    pub fn cancelled(metadata: Metadata) -> JoinError {
        JoinError(Box::new(Failure { metadata, reason: Reason::Cancelled }))
    }

    /// The error of a task or job that was cancelled before it began, because its runtime or its
    /// pool was shut down.
    #[cold]
    #[doc(hidden)]
    pub fn shut_down(metadata: Metadata) -> JoinError {
        let reason = Reason::ShutDown(RuntimeGoneError::of("this task or job"));
        JoinError(Box::new(Failure { metadata, reason }))
    }

    /// The error of a task or job that panicked with `payload`.
    #[cold]
    #[doc(hidden)]
    pub fn panicked(metadata: Metadata, payload: Payload) -> JoinError {
        let message = panic_text(&payload).map(Box::from);
        let reason = Reason::Panicked { message, payload: Mutex::new(payload) };
        JoinError(Box::new(Failure { metadata, reason }))
    }

    /// The error of a task or job that was refused, at once or when it was already queued.
    #[cold]
    pub fn refused(metadata: Metadata, why: Box<dyn Error + Send + Sync>) -> JoinError {
        JoinError(Box::new(Failure { metadata, reason: Reason::Refused(why) }))
    }

    /// Returns whether the task or job was cancelled: aborted, or dropped with its runtime, before
    /// it finished. If it was cancelled before it began, because the runtime or the pool was shut
    /// down, [`source`](Error::source) is a [`RuntimeGoneError`].
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.reason, Reason::Cancelled | Reason::ShutDown(_))
    }

    /// Returns whether the task or job panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.reason, Reason::Panicked { .. })
    }

    /// Returns whether the task or job was refused. A job is refused if the pool was shut down, if
    /// no thread could be started, or if every thread that could have run the job was waiting for
    /// it. The closure was dropped without being run; [`source`](Error::source) says why.
    pub fn is_refused(&self) -> bool {
        matches!(self.0.reason, Reason::Refused(_))
    }

    /// Returns the number of the task or job.
    pub fn id(&self) -> Id {
        self.0.metadata.id()
    }

    /// Returns the number, name and location of the task or job.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// Returns the panic's payload.
    ///
    /// # Errors
    /// Returns the error unchanged if it is not a panic.
    pub fn try_into_panic(self) -> Result<Payload, JoinError> {
        let Failure { metadata, reason } = *self.0;
        match reason {
            Reason::Panicked { payload, .. } => Ok(payload.into_inner()),
            reason @ (Reason::Cancelled | Reason::ShutDown(_) | Reason::Refused(_)) => {
                Err(JoinError(Box::new(Failure { metadata, reason })))
            }
        }
    }

    /// Returns the panic's payload.
    ///
    /// # Panics
    /// If the error is not a panic: see [`try_into_panic`](JoinError::try_into_panic).
    #[track_caller]
    pub fn into_panic(self) -> Payload {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("`into_panic` was called, but {error}"),
        }
    }

    /// Continues the panic on this thread, as if it had started here.
    ///
    /// # Panics
    /// Always: with the payload if the error is a panic, else with the error's message.
    #[track_caller]
    pub fn resume(self) -> ! {
        match self.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(error) => panic!("{error}"),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metadata = &self.0.metadata;
        match &self.0.reason {
            Reason::Cancelled => write!(f, "{metadata} was cancelled"),
            Reason::ShutDown(gone) => {
                write!(f, "{metadata} was cancelled before it began: {gone}")
            }
            Reason::Refused(why) => write!(f, "{metadata} was refused: {why}"),
            Reason::Panicked { message: Some(message), .. } => {
                write!(f, "{metadata} panicked: {message}")
            }
            Reason::Panicked { message: None, .. } => write!(f, "{metadata} panicked"),
        }
    }
}

debug_as_message!(JoinError);

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.reason {
            Reason::Refused(why) => Some(&**why),
            Reason::ShutDown(gone) => Some(gone),
            Reason::Cancelled | Reason::Panicked { .. } => None,
        }
    }
}

/// An error of the kind `Other`, whose [inner error](io::Error::get_ref) is the `JoinError`.
impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> io::Error {
        io::Error::other(error)
    }
}
