//! A closed state whose thread is joined later.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use runtime_core::join::JoinHandle;
use runtime_core::park::{Parker, Unparked};
use runtime_core::sync::thread;

use super::state_thread::join;
use crate::pool::shutdown::Shutdown;

/// A closed state whose last handle was dropped where the drop must not block.
#[must_use = "dropping it detaches the thread"]
pub struct PendingClose {
    pub(super) closed: JoinHandle<()>,
    /// Unparked when `closed` is finished.
    pub(super) parker: Arc<Parker>,
    pub(super) thread: thread::JoinHandle<()>,
    pub(super) state: &'static str,
}

/// Unparks the thread that waits for a close. The close owns this value, and drops it when the
/// state has been dropped.
pub(super) struct UnparkOnDrop(pub(super) Arc<Parker>);

impl Drop for UnparkOnDrop {
    fn drop(&mut self) {
        self.0.unpark();
    }
}

impl PendingClose {
    /// Returns whether the state has been dropped.
    pub fn is_over(&self) -> bool {
        self.closed.is_finished()
    }

    /// Waits until the calls have run and the state has been dropped, as long as `how` says. With
    /// [`Shutdown::Wait`], waits for the end of the thread, too.
    ///
    /// # Errors
    /// If the state has not been dropped in time, the name of its type. The thread is detached: it
    /// runs the remaining calls and drops the state, unless the process ends first.
    ///
    /// # Blocking
    /// Blocks as long as `how` says.
    pub fn wait(self, how: Shutdown) -> Result<(), &'static str> {
        let deadline = match how {
            Shutdown::Leave => Some(Instant::now()),
            Shutdown::Wait => None,
            Shutdown::WaitAtMost(limit) => Instant::now().checked_add(limit),
        };
        let Some(deadline) = deadline else {
            join(self.thread);
            return Ok(());
        };
        while !self.is_over() {
            if self.parker.park(Some(deadline)) == Unparked::Expired {
                return if self.is_over() { Ok(()) } else { Err(self.state) };
            }
        }
        Ok(())
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
