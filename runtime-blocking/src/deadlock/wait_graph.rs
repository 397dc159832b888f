//! The rule that decides which running jobs can proceed. A pure value: no thread, no clock, no
//! lock.
//!
//! A job may block on another job of its pool. If every thread runs such a job, no thread is left
//! to run the awaited jobs. The same happens in a lane whose limit is reached by jobs that wait for
//! jobs of that lane.
//!
//! The rule starts with no job that can proceed, and adds jobs until it finds no more:
//!
//! - A running job can proceed if it waits for no job of this pool, for a job that has ended, or
//!   for a job that can proceed.
//! - A queued job can proceed if it can get a thread and its lane's limit lets it run. The job can
//!   get a thread if a thread is free, or if any running job can proceed. The limit lets the job
//!   run if fewer jobs of the lane run than the limit allows, or if a running job of that lane can
//!   proceed.
//!
//! The jobs ahead in the queue do not matter, because a job that has not begun is not known to
//! block. So a job that the rule does not add waits for ever. The rule errs in one direction only:
//! a job that waits for something that the pool does not know, such as a channel, is assumed to
//! proceed.

use crate::queue::lane_config::LaneId;

/// The running jobs of a pool and what they wait for, at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitGraph {
    pub(crate) runners: Vec<Runner>,
    /// The lanes whose limit is reached.
    pub(crate) full: Vec<LaneId>,
    /// True if there is a thread that runs no job and takes the next one.
    pub(crate) has_thread: bool,
}

/// A running job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runner {
    pub(crate) lane: LaneId,
    pub(crate) waits_on: WaitsOn,
}

/// The job that a running job waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitsOn {
    /// No job that the pool knows of.
    Nothing,
    /// The running job with this index in the graph.
    Runner(usize),
    /// A queued job of this lane.
    Queued(LaneId),
}

/// The resource that a queued job cannot get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    Threads,
    /// The limit of this lane is reached.
    Lane(LaneId),
}

/// The reason why a runner cannot proceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blockage {
    /// The runner at the end of the chain of waits. It waits for a queued job.
    pub(crate) last: usize,
    pub(crate) shortage: Shortage,
}

impl WaitGraph {
    /// Returns why this runner cannot proceed, if the reason is a shortage of threads or a lane's
    /// limit. Runners that wait for each other in a cycle cannot proceed either, but refusing a
    /// queued job would not help them.
    pub(crate) fn blockage(&self, runner: usize) -> Option<Blockage> {
        let going = self.can_proceed();
        let mut last = runner;
        for _ in 0..self.runners.len() {
            if going[last] {
                return None;
            }
            match self.runners[last].waits_on {
                WaitsOn::Nothing => return None,
                WaitsOn::Runner(next) => last = next,
                WaitsOn::Queued(lane) => {
                    let may_run = self.may_run(lane, &going);
                    let shortage = if may_run { Shortage::Threads } else { Shortage::Lane(lane) };
                    return Some(Blockage { last, shortage });
                }
            }
        }
        None
    }

    /// Returns for each runner whether it can proceed.
    fn can_proceed(&self) -> Vec<bool> {
        let mut going = vec![false; self.runners.len()];
        loop {
            let mut is_added = false;
            for (index, runner) in self.runners.iter().enumerate() {
                let goes = match runner.waits_on {
                    WaitsOn::Nothing => true,
                    WaitsOn::Runner(other) => going[other],
                    WaitsOn::Queued(lane) => {
                        let gets_thread = self.has_thread || going.contains(&true);
                        gets_thread && self.may_run(lane, &going)
                    }
                };
                if goes && !going[index] {
                    going[index] = true;
                    is_added = true;
                }
            }
            if !is_added {
                return going;
            }
        }
    }

    fn may_run(&self, lane: LaneId, going: &[bool]) -> bool {
        let mut runners = self.runners.iter().zip(going);
        !self.full.contains(&lane) || runners.any(|(runner, going)| *going && runner.lane == lane)
    }
}

#[cfg(test)]
mod tests;
