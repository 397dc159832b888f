//! How a lane is configured.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::pool::lane::Lane;
use crate::pool::owner::PoolOwner;
use crate::queue::lane_config::{LaneConfig, Priority};

/// Configures a [`Lane`]; made by [`Pool::lane`](crate::Pool::lane).
#[must_use = "a builder does nothing before `build`"]
pub struct LaneBuilder {
    owner: Arc<PoolOwner>,
    config: LaneConfig,
}

impl LaneBuilder {
    pub(crate) fn new(owner: Arc<PoolOwner>, name: Cow<'static, str>) -> LaneBuilder {
        LaneBuilder { owner, config: LaneConfig::new(name) }
    }

    /// Sets the number of the lane's jobs that may run at a time. Without limit by default.
    ///
    /// If all of them block on jobs of this same lane, one of these is refused with a
    /// [`Deadlock`](crate::Deadlock).
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn running_max(mut self, jobs: usize) -> LaneBuilder {
        assert!(jobs > 0, "a lane needs room for one running job at least");
        self.config.running_max = jobs;
        self
    }

    /// Sets the number of the lane's jobs that may be queued. Without limit by default. Further
    /// jobs are treated as the call says: [`submit`](Lane::submit) lets the job wait behind the
    /// queue, [`submit_async`](Lane::submit_async) waits for room, [`try_submit`](Lane::try_submit)
    /// hands the closure back.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn queue_max(mut self, jobs: usize) -> LaneBuilder {
        assert!(jobs > 0, "a queue needs room for one job at least");
        self.config.queue_max = jobs;
        self
    }

    /// Sets the precedence of the lane's jobs. [`Priority::Interactive`] by default.
    pub fn priority(mut self, priority: Priority) -> LaneBuilder {
        self.config.priority = priority;
        self
    }

    /// Lets no shutdown cancel the lane's jobs: whatever the shutdown does with other jobs, these
    /// are run, and it returns when the last of them has ended. For work that must not be lost,
    /// such as the last buffer of a file.
    ///
    /// Where a shutdown may not wait (on a thread that turns an event loop, and on a worker of the
    /// pool), it reports the jobs that still wait. The workers run them if the process lives.
    pub fn must_run(mut self) -> LaneBuilder {
        self.config.must_run = true;
        self
    }

    /// Adds the lane to the pool.
    pub fn build(self) -> Lane {
        let id = self.owner.shared().lock_to_look().queue.open_lane(self.config);
        Lane::own(self.owner, id)
    }
}

impl fmt::Debug for LaneBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaneBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
