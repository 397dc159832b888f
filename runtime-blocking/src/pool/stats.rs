//! What a pool and its lanes are doing, and what runs there.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

use runtime_core::metadata::Metadata;

use crate::pool::shared::State;
use crate::queue::lanes::LaneId;
use crate::worker::table::{Running, SeatId};

/// What a pool is doing. All of it is of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Threads: the idle ones, the busy ones, and those on their way to a job.
    pub threads: usize,
    /// Threads that wait for work.
    pub idle: usize,
    /// Threads that run a job. A job runs until its closure has ended and its awaiter was woken.
    pub busy: usize,
    /// Jobs that wait in a queue, in whatever lane.
    pub queued: usize,
    /// Jobs that stand in line, because their queue is full.
    pub in_line: usize,
    /// Of those that run, the jobs that were asked to stop. Each has a thread until its closure has
    /// really ended.
    pub abandoned: usize,
    /// Jobs that have run, and ended or panicked, since the pool was made.
    pub completed: u64,
}

/// What a lane is doing. All of it is of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneStats {
    /// What the lane is called.
    pub name: Cow<'static, str>,
    /// Jobs that run.
    pub running: usize,
    /// Jobs that wait in the queue.
    pub queued: usize,
    /// Jobs that stand in line, because the queue is full.
    pub in_line: usize,
    /// Of those that run, the jobs that were asked to stop. Each counts for the limit until its
    /// closure has really ended.
    pub abandoned: usize,
    /// Jobs that have run, and ended or panicked, since the lane was made.
    pub completed: u64,
}

/// A job that runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunningJob {
    /// Who it is: its number, its name, and where it was submitted.
    pub metadata: Metadata,
    /// The lane in which it was submitted.
    pub lane: Cow<'static, str>,
    /// For how long it has been running.
    pub running_for: Duration,
    /// Whether it was asked to stop.
    pub is_abandoned: bool,
}

/// `` `copy` (spawned at src/main.rs:12:5), for 7.2s ``
impl fmt::Display for RunningJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, for {:.1?}", self.metadata, self.running_for)?;
        if self.is_abandoned { f.write_str(", asked to stop") } else { Ok(()) }
    }
}

impl State {
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            threads: self.policy.threads(),
            idle: self.policy.waiting(),
            busy: self.policy.busy(),
            queued: self.lanes.queued(),
            in_line: self.lanes.in_line(),
            abandoned: self.abandoned(|_| true),
            completed: self.policy.ended(),
        }
    }

    pub(crate) fn lane_stats(&self, id: LaneId) -> LaneStats {
        let counts = self.lanes.counts(id);
        LaneStats {
            name: counts.name,
            running: counts.running,
            queued: counts.queued,
            in_line: counts.in_line,
            abandoned: self.abandoned(|running| running.job.lane() == id),
            completed: counts.completed,
        }
    }

    fn abandoned(&self, is_meant: impl Fn(&Running) -> bool) -> usize {
        let running = self.roster.running().map(|(_, running)| running);
        running.filter(|running| is_meant(running) && running.job.is_cancel_requested()).count()
    }

    /// What runs, except on the seat `but`.
    pub(crate) fn running(&self, now: Instant, but: Option<SeatId>) -> Vec<RunningJob> {
        let others = self.roster.running().filter(|&(seat, _)| Some(seat) != but);
        others
            .map(|(_, running)| RunningJob {
                metadata: running.job.metadata().clone(),
                lane: self.lanes.name(running.job.lane()),
                running_for: now.saturating_duration_since(running.since),
                is_abandoned: running.job.is_cancel_requested(),
            })
            .collect()
    }
}
