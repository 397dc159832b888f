//! Why there is no result: the error of a [`JoinHandle`](crate::join::JoinHandle).

use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;

use crate::catch_panic::{Payload, panic_text};
use crate::metadata::Metadata;
use crate::sync::Mutex;

/// Why a task or a job has no result.
pub struct JoinError(Box<Failure>);

struct Failure {
    metadata: Metadata,
    reason: Reason,
}

enum Reason {
    Cancelled,
    /// In a mutex, because a payload may not be shared (`Sync`), and an error should.
    Panicked {
        message: Option<Box<str>>,
        payload: Mutex<Payload>,
    },
    Refused(Box<dyn Error + Send + Sync>),
}

impl JoinError {
    /// It was cancelled before it finished.
    #[cold]
    pub fn cancelled(metadata: Metadata) -> JoinError {
        JoinError(Box::new(Failure { metadata, reason: Reason::Cancelled }))
    }

    /// It panicked with `payload`.
    #[cold]
    pub fn panicked(metadata: Metadata, payload: Payload) -> JoinError {
        let message = panic_text(&payload).map(Box::from);
        let reason = Reason::Panicked { message, payload: Mutex::new(payload) };
        JoinError(Box::new(Failure { metadata, reason }))
    }

    /// It was not accepted, or not after all, for the reason given.
    #[cold]
    pub fn refused(metadata: Metadata, why: Box<dyn Error + Send + Sync>) -> JoinError {
        JoinError(Box::new(Failure { metadata, reason: Reason::Refused(why) }))
    }

    /// Whether it was cancelled: aborted, or dropped with its runtime, before it finished.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.reason, Reason::Cancelled)
    }

    /// Whether it panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.reason, Reason::Panicked { .. })
    }

    /// Whether it was not accepted after all: the pool was shut down, or no thread could be
    /// started, or every thread that could have run it was waiting for it. The closure was dropped
    /// without being run; [`source`](Error::source) says why.
    pub fn is_refused(&self) -> bool {
        matches!(self.0.reason, Reason::Refused(_))
    }

    /// Who it was.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The panic's payload.
    ///
    /// # Errors
    /// Gives the error back if it was no panic.
    pub fn try_into_panic(self) -> Result<Payload, JoinError> {
        let Failure { metadata, reason } = *self.0;
        match reason {
            Reason::Panicked { payload, .. } => Ok(payload.into_inner()),
            reason @ (Reason::Cancelled | Reason::Refused(_)) => {
                Err(JoinError(Box::new(Failure { metadata, reason })))
            }
        }
    }

    /// Goes on with the panic on this thread, as if it had happened here.
    ///
    /// # Panics
    /// Always: with the payload if it was a panic, else with the error's message.
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
            Reason::Refused(why) => write!(f, "{metadata} was refused: {why}"),
            Reason::Panicked { message: Some(message), .. } => {
                write!(f, "{metadata} panicked: {message}")
            }
            Reason::Panicked { message: None, .. } => write!(f, "{metadata} panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.reason {
            Reason::Refused(why) => Some(&**why),
            Reason::Cancelled | Reason::Panicked { .. } => None,
        }
    }
}
