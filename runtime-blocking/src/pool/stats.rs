//! Statistics of a pool and its lanes, and its running jobs.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

use runtime_core::metadata::Metadata;

use crate::pool::shared::PoolState;
use crate::queue::lane_config::LaneId;
use crate::worker::current::WorkerId;
use crate::worker::table::CurrentJob;

/// The statistics of a pool, all taken at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of threads that are idle, busy, or on the way to a job.
    pub threads: usize,
    /// The number of threads that wait for work.
    pub idle: usize,
    /// The number of threads that run a job. A job runs until its closure has ended and the
    /// awaiting task has been woken.
    pub busy: usize,
    /// The number of jobs in the queues of all lanes.
    pub queued: usize,
    /// The number of jobs that wait behind a full queue.
    pub wait_list: usize,
    /// The number of running jobs that were requested to stop. Each of them occupies a thread until
    /// its closure has ended.
    pub abandoned: usize,
    /// The number of jobs that have returned or panicked since the pool was made.
    pub completed: u64,
}

/// The statistics of a lane, all taken at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneStats {
    /// The name of the lane.
    pub name: Cow<'static, str>,
    /// The number of jobs that run.
    pub running: usize,
    /// The number of jobs in the queue.
    pub queued: usize,
    /// The number of jobs that wait behind the full queue.
    pub wait_list: usize,
    /// The number of running jobs that were requested to stop. Each of them counts towards the
    /// lane's limit until its closure has ended.
    pub abandoned: usize,
    /// The number of jobs that have returned or panicked since the lane was made.
    pub completed: u64,
}

/// A job that runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunningJob {
    /// The job's number, its name, and the place where it was submitted.
    pub metadata: Metadata,
    /// The lane of the job.
    pub lane: Cow<'static, str>,
    /// The time for which the job has been running.
    pub running_for: Duration,
    /// True if the job was requested to stop.
    pub is_abandoned: bool,
}

/// `` `copy` (spawned at src/main.rs:12:5), for 7.2s ``
impl fmt::Display for RunningJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, for {:.1?}", self.metadata, self.running_for)?;
        if self.is_abandoned { f.write_str(", asked to stop") } else { Ok(()) }
    }
}

impl PoolState {
    pub(crate) fn stats(&self) -> Stats {
        self.record_counts();
        Stats {
            threads: self.policy.threads(),
            idle: self.policy.waiting(),
            busy: self.policy.busy(),
            queued: self.queue.lanes().map(|(_, lane)| lane.queue.len()).sum(),
            wait_list: self.queue.lanes().map(|(_, lane)| lane.wait_list.len()).sum(),
            abandoned: self.abandoned(|_| true),
            completed: self.policy.ended(),
        }
    }

    pub(crate) fn lane_stats(&self, id: LaneId) -> LaneStats {
        let lane = self.queue.lane(id);
        LaneStats {
            name: lane.name(),
            running: lane.running,
            queued: lane.queue.len(),
            wait_list: lane.wait_list.len(),
            abandoned: self.abandoned(|running| running.lane == id),
            completed: lane.completed,
        }
    }

    fn abandoned(&self, is_meant: impl Fn(&CurrentJob) -> bool) -> usize {
        let running = self.workers.running().map(|(_, running)| running);
        running.filter(|running| is_meant(running) && running.job.is_cancel_requested()).count()
    }

    /// The running jobs, except the job of the worker `except`.
    pub(crate) fn running(&self, now: Instant, except: Option<WorkerId>) -> Vec<RunningJob> {
        let others = self.workers.running().filter(|&(worker, _)| Some(worker) != except);
        let others = others.map(|(_, running)| RunningJob {
            metadata: running.job.metadata().clone(),
            lane: self.queue.lane(running.lane).name(),
            running_for: now.saturating_duration_since(running.since),
            is_abandoned: running.job.is_cancel_requested(),
        });
        others.collect()
    }
}
