//! Why a call is refused.

use std::error::Error;
use std::fmt;

use runtime_core::fork::ForkedError;

/// Why a call was not accepted: the [`source`](Error::source) of a *refused*
/// [`JoinError`](runtime_core::join::JoinError). Its closure was dropped without being run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinnedCallError {
    /// The state is closed, so that trying again is of no use.
    Closed,
    /// As many calls wait as [may](crate::PinnedBuilder::calls_max).
    Full,
    /// This is a forked child, and the state's thread is the parent's.
    Forked(ForkedError),
}

impl fmt::Display for PinnedCallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PinnedCallError::Closed => f.write_str("the pinned state is closed"),
            PinnedCallError::Full => f.write_str("too many calls wait for the pinned state"),
            PinnedCallError::Forked(forked) => {
                write!(f, "the pinned state cannot be used: {forked}")
            }
        }
    }
}

impl Error for PinnedCallError {}
