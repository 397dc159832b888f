//! Removing a job from the queue before a worker takes it.

use std::sync::Arc;

use runtime_core::park::Parker;
use runtime_core::slab::Key;

use crate::job::closure::RemoveFromQueue;
use crate::pool::shared::{PoolShared, PoolState};
use crate::queue::job_list::WaitingJob;
use crate::queue::job_removal::Removed;
use crate::queue::permit::grant;

/// A job that was removed from the queue, and the threads to notify of the removal.
#[must_use]
pub(crate) struct Removal {
    removed: Removed,
    waiters: Vec<Arc<Parker>>,
}

impl Removal {
    /// Notifies the threads, and returns the job. Call this outside the lock.
    pub(crate) fn finish(self) -> WaitingJob {
        grant(self.removed.permit);
        self.waiters.iter().for_each(|waiter| waiter.unpark());
        self.removed.job
    }
}

impl PoolState {
    /// Takes a job out of the queue unrun, unless the job has left the queue before.
    pub(crate) fn remove_job(&mut self, key: Key) -> Option<Removal> {
        let removed = self.queue.remove(key)?;
        if removed.was_takeable {
            self.policy.remove();
        }
        let is_last = removed.was_last_must_run;
        let waiters = if is_last { self.take_shutdown_waiters() } else { Vec::new() };
        Some(Removal { removed, waiters })
    }
}

impl RemoveFromQueue for PoolShared {
    fn remove_from_queue(&self, key: Key) -> bool {
        let Ok(mut state) = self.lock_checked() else { return false };
        let Some(removal) = state.remove_job(key) else { return false };
        drop(state);
        drop(removal.finish());
        true
    }
}
