//! The reasons for refusing a call.

use std::error::Error;
use std::fmt;

use runtime_core::debug_as_message;
use runtime_core::fork::ForkedError;

/// The reason why a call was not accepted: the [`source`](Error::source) of a *refused*
/// [`JoinError`](runtime_core::join::JoinError). The closure was dropped without being called.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinnedCallError {
    /// The state is closed. Another try would be refused as well.
    Closed,
    /// The [maximum number of calls](crate::PinnedStateBuilder::calls_max) waits already.
    Full,
    /// This process is a forked child, and the state's thread exists only in the parent.
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

debug_as_message!(PinnedCallError);

impl Error for PinnedCallError {}
