//! Taking jobs out of the queue unrun.
//!
//! A job is removed by its ticket, which no other job of the pool ever has. So if a pop and a
//! removal compete for a job, the first of them gets the job, and the second gets nothing.

use crate::queue::job_list::WaitingJob;
use crate::queue::job_queue::{EXISTS, JobQueue};
use crate::queue::lane_config::LaneConfig;
use crate::queue::permit::Permit;
use crate::queue::ticket::Ticket;

/// The effect of a [removal](JobQueue::remove).
#[must_use]
pub(crate) struct Removed {
    pub(crate) job: WaitingJob,
    /// True if one job fewer can run now.
    pub(crate) was_takeable: bool,
    /// The permit of the job that was admitted to the freed place in the queue.
    pub(crate) permit: Option<Permit>,
}

impl JobQueue {
    /// Takes a job out unrun. Returns `None` if the job has left the queue before.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> Option<Removed> {
        let (id, _) = self.find(ticket)?;
        let lane = self.lanes.get_mut(id.0).expect(EXISTS);
        let before = lane.takeable();
        let job = lane.remove(ticket)?;
        let permit = lane.admit();
        let was_takeable = lane.takeable() < before;
        self.remove_lane_if_over(id);
        Some(Removed { job, was_takeable, permit })
    }

    /// Takes out all jobs of the lanes that `is_meant` selects, the oldest first.
    pub(crate) fn drain(&mut self, is_meant: fn(&LaneConfig) -> bool) -> Vec<WaitingJob> {
        let lanes = self.lanes().filter(|(_, lane)| is_meant(&lane.config));
        let ids: Vec<_> = lanes.map(|(id, _)| id).collect();
        let mut drained = Vec::new();
        for id in ids {
            self.lanes.get_mut(id.0).expect(EXISTS).drain_into(&mut drained);
            self.remove_lane_if_over(id);
        }
        drained.sort_unstable_by_key(|waiting| waiting.job.ticket());
        drained
    }
}
