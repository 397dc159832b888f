//! The reasons why a closure is handed back.

use std::error::Error;
use std::fmt;
use std::io;

use runtime_core::debug_as_message;
use runtime_core::fork::ForkedError;

/// The error of a submit. It hands back the closure, which was not run.
#[non_exhaustive]
pub enum SubmitError<F> {
    /// The pool is shut down or being shut down.
    Closed(F),
    /// The queue is full, and the call does not wait for room.
    Full(F),
    /// The pool has no thread, and the system refused to start one (usually with EAGAIN).
    NoThread(F, io::Error),
    /// This is a forked child of the process that has the pool's threads.
    Forked(F, ForkedError),
}

impl<F> SubmitError<F> {
    /// Returns the closure.
    pub fn into_inner(self) -> F {
        match self {
            SubmitError::Closed(closure)
            | SubmitError::Full(closure)
            | SubmitError::NoThread(closure, _)
            | SubmitError::Forked(closure, _) => closure,
        }
    }

    /// Returns whether the pool is shut down, so that another submit fails, too.
    pub fn is_closed(&self) -> bool {
        matches!(self, SubmitError::Closed(_))
    }

    /// Returns whether the queue is full at the moment.
    pub fn is_full(&self) -> bool {
        matches!(self, SubmitError::Full(_))
    }

    /// Replaces the closure, for example by `()`, and keeps the reason.
    pub fn map<G>(self, f: impl FnOnce(F) -> G) -> SubmitError<G> {
        match self {
            SubmitError::Closed(closure) => SubmitError::Closed(f(closure)),
            SubmitError::Full(closure) => SubmitError::Full(f(closure)),
            SubmitError::NoThread(closure, error) => SubmitError::NoThread(f(closure), error),
            SubmitError::Forked(closure, forked) => SubmitError::Forked(f(closure), forked),
        }
    }
}

/// The reason of a [`SubmitError`], before the closure is put into it.
pub(crate) enum Rejection {
    Closed,
    Full,
    NoThread(io::Error),
    Forked(ForkedError),
}

impl Rejection {
    pub(crate) fn with<F>(self, closure: F) -> SubmitError<F> {
        match self {
            Rejection::Closed => SubmitError::Closed(closure),
            Rejection::Full => SubmitError::Full(closure),
            Rejection::NoThread(error) => SubmitError::NoThread(closure, error),
            Rejection::Forked(forked) => SubmitError::Forked(closure, forked),
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

debug_as_message!(SubmitError<F>);

impl<F> Error for SubmitError<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SubmitError::Closed(_) | SubmitError::Full(_) => None,
            SubmitError::NoThread(_, error) => Some(error),
            SubmitError::Forked(_, forked) => Some(forked),
        }
    }
}
