//! The ownership of a lane: what happens when its last handle is dropped.

use std::sync::Arc;

use crate::pool::shared::PoolShared;
use crate::queue::lane_config::LaneId;

/// *Shared by* the clones of a lane, and by nothing else, so it is dropped with the last clone.
pub(super) struct LaneOwner {
    shared: Arc<PoolShared>,
    id: LaneId,
}

impl LaneOwner {
    pub(super) fn new(shared: Arc<PoolShared>, id: LaneId) -> LaneOwner {
        LaneOwner { shared, id }
    }

    pub(super) fn id(&self) -> LaneId {
        self.id
    }
}

impl Drop for LaneOwner {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.lock_checked() {
            state.queue.abandon_lane(self.id);
        }
    }
}
