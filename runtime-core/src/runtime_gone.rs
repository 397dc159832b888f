//! The error of a runtime that is gone.

use std::error::Error;
use std::fmt;

use crate::debug_as_message;

/// The error of an operation whose runtime is gone: it has been shut down or dropped.
///
/// It is the inner error of a [`std::io::Error`], or the [`source`](Error::source) of a
/// [`JoinError`](crate::join::JoinError).
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeGoneError {
    /// The object that belongs to the runtime.
    of: &'static str,
}

impl RuntimeGoneError {
    /// Makes the error for an object, such as "this socket".
    #[doc(hidden)]
    pub const fn of(object: &'static str) -> RuntimeGoneError {
        RuntimeGoneError { of: object }
    }
}

impl fmt::Display for RuntimeGoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the runtime of {} is gone", self.of)
    }
}

debug_as_message!(RuntimeGoneError);

impl Error for RuntimeGoneError {}
