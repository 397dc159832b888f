//! The end of a state that somebody will wait for later.

use std::fmt;

use runtime_core::join::JoinHandle;
use runtime_core::sync::thread;

use super::state_thread::join;

/// A state that is closed, and whose last handle went where nobody could wait.
#[must_use = "dropping it leaves the thread to itself"]
pub struct PendingClose {
    pub(super) closed: JoinHandle<()>,
    pub(super) thread: thread::JoinHandle<()>,
    pub(super) state: &'static str,
}

impl PendingClose {
    /// Whether the state has been dropped.
    pub fn is_over(&self) -> bool {
        self.closed.is_finished()
    }

    /// The name of the state's type.
    pub fn state(&self) -> &'static str {
        self.state
    }

    /// Waits until the calls have been run, the state is dropped, and its thread has ended.
    ///
    /// # Blocking
    /// Blocks the thread, as long as that takes.
    pub fn wait(self) {
        join(self.thread);
    }
}

impl fmt::Debug for PendingClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingClose")
            .field("state", &self.state)
            .field("over", &self.is_over())
            .finish_non_exhaustive()
    }
}
