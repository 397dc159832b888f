//! The error of a missing runtime.

use std::error::Error;
use std::fmt;

use runtime_core::debug_as_message;

/// The error of a call that needs a runtime, on a thread that has none.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoRuntimeError(());

impl NoRuntimeError {
    /// Makes the error.
    #[doc(hidden)]
    #[allow(clippy::new_without_default)]
    #[doc(hidden)]
    pub fn new() -> NoRuntimeError {
        NoRuntimeError(())
    }
}

impl fmt::Display for NoRuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "there is no runtime on this thread: call this inside `run` or `block_on`, inside a \
             blocking job of a runtime, after `Handle::enter`, or reach the runtime by its \
             `Handle`",
        )
    }
}

debug_as_message!(NoRuntimeError);

impl Error for NoRuntimeError {}
