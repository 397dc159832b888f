//! A closed state whose thread is joined later.

use std::fmt;

use runtime_core::join::JoinHandle;
use runtime_core::sync::thread;

use super::state_thread::join;

/// A closed state whose last handle was dropped where the drop must not block.
#[must_use = "dropping it detaches the thread"]
pub struct PendingClose {
    pub(super) closed: JoinHandle<()>,
    pub(super) thread: thread::JoinHandle<()>,
    pub(super) state: &'static str,
}

impl PendingClose {
    /// Returns whether the state has been dropped.
    pub fn is_over(&self) -> bool {
        self.closed.is_finished()
    }

    /// The name of the state's type.
    pub fn state(&self) -> &'static str {
        self.state
    }

    /// Waits until the calls have run, the state has been dropped, and its thread has ended.
    ///
    /// # Blocking
    /// Blocks until the thread has ended.
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
