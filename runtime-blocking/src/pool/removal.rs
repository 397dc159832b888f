//! Removing a job from the queue before a worker takes it.

use runtime_core::metadata::Id;

use crate::job::closure::RemoveFromQueue;
use crate::pool::shared::{PoolShared, PoolState};
use crate::queue::job_list::WaitingJob;
use crate::queue::job_removal::Removed;
use crate::queue::permit::grant;
use crate::queue::ticket::Ticket;

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
    pub(crate) fn remove_job(&mut self, ticket: Ticket) -> Option<Removal> {
        let removed = self.queue.remove(ticket)?;
        if removed.was_takeable {
            self.policy.remove();
        }
        self.record_discarded(&removed.job);
        Some(Removal(removed))
    }
}

impl RemoveFromQueue for PoolShared {
    fn remove_from_queue(&self, ticket: Ticket, job: Id) -> bool {
        self.record_cancel(job);
        let Ok(mut state) = self.lock_checked() else { return false };
        let Some(removal) = state.remove_job(ticket) else { return false };
        drop(state);
        drop(removal.finish());
        true
    }
}
