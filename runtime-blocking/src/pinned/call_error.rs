//! Why a call is refused.

use std::error::Error;
use std::fmt;

/// Why a call was not accepted: the [`source`](Error::source) of a *refused*
/// [`JoinError`](runtime_core::join::JoinError). Its closure was dropped without being run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The state is closed, so that trying again is of no use.
    Closed,
    /// As many calls wait as [may](crate::PinnedBuilder::calls_max).
    Full,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallError::Closed => "the pinned state is closed",
            CallError::Full => "too many calls wait for the pinned state",
        })
    }
}

impl Error for CallError {}
