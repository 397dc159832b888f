//! Why a closure comes back.

use std::error::Error;
use std::fmt;
use std::io;

use runtime_core::fork::ForkedError;

/// A closure that was not accepted. It was not run, and it comes back in here.
#[non_exhaustive]
pub enum SubmitError<F> {
    /// The pool is shut down, or being shut down.
    Closed(F),
    /// The queue is full, and the call was one that does not wait for room.
    Full(F),
    /// The pool has no thread, and the system would not start one (EAGAIN, mostly).
    NoThread(F, io::Error),
    /// This is a forked child of the process in which the pool has its threads.
    Forked(F, ForkedError),
}

impl<F> SubmitError<F> {
    /// The closure.
    pub fn into_inner(self) -> F {
        match self {
            SubmitError::Closed(closure)
            | SubmitError::Full(closure)
            | SubmitError::NoThread(closure, _)
            | SubmitError::Forked(closure, _) => closure,
        }
    }

    /// Whether the pool is shut down, so that trying again is of no use.
    pub fn is_closed(&self) -> bool {
        matches!(self, SubmitError::Closed(_))
    }

    /// Whether there is no room at the moment.
    pub fn is_full(&self) -> bool {
        matches!(self, SubmitError::Full(_))
    }

    /// The same error around something else, such as `()` to get rid of the closure.
    pub fn map<G>(self, f: impl FnOnce(F) -> G) -> SubmitError<G> {
        match self {
            SubmitError::Closed(closure) => SubmitError::Closed(f(closure)),
            SubmitError::Full(closure) => SubmitError::Full(f(closure)),
            SubmitError::NoThread(closure, error) => SubmitError::NoThread(f(closure), error),
            SubmitError::Forked(closure, forked) => SubmitError::Forked(f(closure), forked),
        }
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubmitError::Closed(_) => f.write_str("the blocking pool is shut down"),
            SubmitError::Full(_) => f.write_str(
                "the queue is full: submit later, or with `submit_async`, which waits for room",
            ),
            SubmitError::NoThread(_, error) => {
                write!(f, "no thread could be started for the blocking pool: {error}")
            }
            SubmitError::Forked(_, forked) => {
                write!(f, "the blocking pool cannot be used: {forked}")
            }
        }
    }
}

/// The closure is not shown.
impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubmitError({self})")
    }
}

impl<F> Error for SubmitError<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SubmitError::Closed(_) | SubmitError::Full(_) => None,
            SubmitError::NoThread(_, error) => Some(error),
            SubmitError::Forked(_, forked) => Some(forked),
        }
    }
}
