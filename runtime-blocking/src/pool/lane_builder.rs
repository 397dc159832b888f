//! The settings of a lane, as its users set them.

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

    /// Sets the maximum number of the lane's jobs that run at a time. There is no limit by default.
    ///
    /// If all running jobs of the lane block on queued jobs of the same lane, one of the queued
    /// jobs is refused with a [`Deadlock`](crate::Deadlock).
    ///
    /// # Panics
    /// If `jobs` is 0.
    #[track_caller]
    pub fn running_max(mut self, jobs: usize) -> LaneBuilder {
        assert!(jobs > 0, "a lane needs room for one running job at least");
        self.config.running_max = jobs;
        self
    }

    /// Sets the maximum number of the lane's jobs in the queue. There is no limit by default. The
    /// call decides what happens to further jobs: [`submit`](Lane::submit) lets the job wait behind
    /// the queue, [`submit_async`](Lane::submit_async) waits for room,
    /// [`try_submit`](Lane::try_submit) hands the closure back.
    ///
    /// # Panics
    /// If `jobs` is 0.
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

    /// Lets no shutdown cancel the lane's jobs, or ask them to stop. Use this setting for work that
    /// must not be lost, such as the last buffer of a file.
    ///
    /// The setting does not lengthen a shutdown. A shutdown with
    /// [`Wait`](crate::Shutdown::Wait) returns when the jobs have ended. One with
    /// [`WaitAtMost`](crate::Shutdown::WaitAtMost) waits for them within its limit, and one with
    /// [`Leave`](crate::Shutdown::Leave) not at all. Both report the jobs that still run, and
    /// [those that still wait](crate::PoolReport::waiting). The workers continue to run these jobs
    /// after the shutdown has returned. **If the process ends first, the jobs are lost**, so a
    /// program that ends must wait for them.
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
