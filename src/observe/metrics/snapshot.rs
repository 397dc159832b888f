//! [`MetricsSnapshot`]: the values of metrics at one moment.

use std::time::Duration;

use super::histogram::Histogram;

/// The values of [`Metrics`](super::Metrics) at one moment. Values that change while they are read
/// may disagree by the changes of that moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsSnapshot {
    /// Tasks that were spawned.
    pub tasks_spawned: u64,
    /// Tasks that have finished, panicked or been cancelled.
    pub tasks_ended: u64,
    /// Tasks that are alive.
    pub tasks_alive: u64,
    /// How often the loop has parked.
    pub parks: u64,
    /// The time for which the loop was awake: polls, timers, and the loop's own work.
    pub busy: Duration,
    /// The durations of the polls, of tasks and of `block_on` futures.
    pub poll_time: Histogram,
    /// Jobs that were submitted to the pool.
    pub jobs_submitted: u64,
    /// Jobs that wait for a thread.
    pub jobs_queued: u64,
    /// Jobs that run.
    pub jobs_running: u64,
    /// Jobs that have returned or panicked.
    pub jobs_completed: u64,
    /// Jobs that were refused, or cancelled before they ran.
    pub jobs_discarded: u64,
    /// For each job that was begun, the time from the submit to the begin.
    pub job_queue_time: Histogram,
    /// For each job that was completed, the time from the begin to the end.
    pub job_run_time: Histogram,
    /// Threads of the pool that are idle, busy, or on the way to a job.
    pub threads: usize,
}
