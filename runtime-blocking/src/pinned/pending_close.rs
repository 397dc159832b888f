//! A closed state whose thread is joined later.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use runtime_core::catch_panic::drop_catching;
use runtime_core::join::JoinHandle;
use runtime_core::park::{Parker, Unparked};
use runtime_core::sync::thread;

use super::state_thread::join;
use crate::pool::shutdown::Shutdown;

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

    /// Waits until the calls have run and the state has been dropped, as long as `how` says. With
    /// [`Shutdown::Wait`], waits for the end of the thread, too.
    ///
    /// # Errors
    /// If the state has not been dropped in time, the name of its type. The thread is detached: it
    /// runs the remaining calls and drops the state, unless the process ends first.
    ///
    /// # Blocking
    /// Blocks as long as `how` says.
    pub fn wait(mut self, how: Shutdown) -> Result<(), &'static str> {
        let deadline = match how {
            Shutdown::Leave => Some(Instant::now()),
            Shutdown::Wait => None,
            Shutdown::WaitAtMost(limit) => Instant::now().checked_add(limit),
        };
        let Some(deadline) = deadline else {
            join(self.thread);
            return Ok(());
        };
        let parker = Arc::new(Parker::new());
        let waker = Waker::from(Arc::clone(&parker));
        let mut cx = Context::from_waker(&waker);
        // A panic of the state's destructor has no other reader.
        while Pin::new(&mut self.closed).poll(&mut cx).map(drop_catching).is_pending() {
            if parker.park(Some(deadline)) == Unparked::Expired {
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
