//! The lanes of a job queue: adding lanes, removing lanes, and counting and finding their jobs.

use runtime_core::slab::Key;

use crate::queue::job_list::WaitingJob;
use crate::queue::job_queue::JobQueue;
use crate::queue::lane_config::{LaneConfig, LaneId};
use crate::queue::lane_state::LaneState;

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

    pub(super) fn remove_lane_if_over(&mut self, id: LaneId) {
        if self.lane(id).is_over() {
            self.lanes.remove(id.0);
        }
    }

    /// The number of waiting jobs that could run now if there were enough threads.
    pub(crate) fn takeable(&self) -> usize {
        self.lanes().map(|(_, lane)| lane.takeable()).sum()
    }

    /// The job with this key, if it waits.
    pub(crate) fn get(&self, key: Key) -> Option<&WaitingJob> {
        self.jobs.get(key)
    }

    /// All waiting jobs, lane by lane.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &WaitingJob> {
        let lists = self.lanes().flat_map(|(_, lane)| [&lane.queue, &lane.wait_list]);
        lists.flat_map(|list| list.iter(&self.jobs))
    }
}
