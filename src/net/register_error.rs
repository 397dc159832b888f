//! The error of a registration, which returns the object.

use std::error::Error;
use std::fmt;
use std::io;

/// The error of an object whose descriptor could not be registered. It contains the object. See
/// [`AsyncFd::try_new`](super::AsyncFd::try_new).
#[doc(alias = "AsyncFdTryNewError")]
pub struct RegisterError<T> {
    pub(super) inner: T,
    pub(super) error: io::Error,
}

impl<T> RegisterError<T> {
    /// Returns the object, and the reason why it could not be registered.
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.error)
    }
}

impl<T> fmt::Debug for RegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RegisterError").field(&self.error).finish()
    }
}

impl<T> fmt::Display for RegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the descriptor was not registered: {}", self.error)
    }
}

impl<T> Error for RegisterError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Drops the object, and returns the reason.
impl<T> From<RegisterError<T>> for io::Error {
    fn from(failed: RegisterError<T>) -> io::Error {
        failed.error
    }
}
