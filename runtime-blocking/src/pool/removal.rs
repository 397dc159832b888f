//! Removing a job from the queue before a worker takes it.

use runtime_core::slab::Key;

use crate::job::closure::RemoveFromQueue;
use crate::pool::shared::{PoolShared, PoolState};
use crate::queue::job_list::WaitingJob;
use crate::queue::job_removal::Removed;
use crate::queue::permit::grant;

/// A job that was removed from the queue.
#[must_use]
pub(crate) struct Removal(Removed);

impl Removal {
    /// Notifies the submitter whose job got the freed place in the queue, and returns the removed
    /// job. Call this outside the lock.
    pub(crate) fn finish(self) -> WaitingJob {
        grant(self.0.permit);
        self.0.job
    }
}

impl PoolState {
    /// Takes a job out of the queue unrun, unless the job has left the queue before.
    pub(crate) fn remove_job(&mut self, key: Key) -> Option<Removal> {
        let removed = self.queue.remove(key)?;
        if removed.was_takeable {
            self.policy.remove();
        }
        Some(Removal(removed))
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
