//! The lanes of a job queue: adding lanes, removing lanes, and counting and finding their jobs.

use std::sync::Arc;

use crate::job::closure::Job;
use crate::queue::job_queue::JobQueue;
use crate::queue::lane_config::{LaneConfig, LaneId};
use crate::queue::lane_state::LaneState;
use crate::queue::permit::Permit;
use crate::queue::ticket::Ticket;

impl JobQueue {
    /// Adds a lane.
    pub(crate) fn open_lane(&mut self, config: LaneConfig) -> LaneId {
        LaneId(self.lanes.insert(LaneState::new(config)))
    }

    /// Notes that no handle of the lane is left. The lane is removed with its last job.
    pub(crate) fn abandon_lane(&mut self, id: LaneId) {
        self.lane_mut(id).has_handle = false;
        self.remove_lane_if_over(id);
    }

    #[inline]
    pub(super) fn remove_lane_if_over(&mut self, id: LaneId) {
        if self.lane(id).is_over() {
            self.lanes.remove(id.0);
        }
    }

    /// The number of waiting jobs that could run now if there were enough threads.
    pub(crate) fn takeable(&self) -> usize {
        self.lanes().map(|(_, lane)| lane.takeable()).sum()
    }

    /// The job with this ticket and its lane, if the job waits. Takes a binary search in each lane.
    pub(crate) fn find(&self, ticket: Ticket) -> Option<(LaneId, &Arc<dyn Job>)> {
        self.lanes().find_map(|(id, lane)| Some((id, lane.get(ticket)?)))
    }

    /// All waiting jobs, lane by lane.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (&Arc<dyn Job>, Option<&Permit>)> {
        self.lanes().flat_map(|(_, lane)| lane.iter())
    }
}
