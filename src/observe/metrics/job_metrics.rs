//! The job side of metrics.

use std::sync::Arc;
use std::time::Instant;

use runtime_core::sync::atomic::{AtomicU64, Ordering};

use super::histogram::SharedHistogram;
use super::snapshot::MetricsSnapshot;

/// *Shared by* the threads that submit and run jobs, and those that read. *Guarded by* its atomics.
/// *Woken by* nothing.
pub(super) struct JobMetrics {
    submitted: AtomicU64,
    discarded: AtomicU64,
    queue_time: SharedHistogram,
    run_time: SharedHistogram,
}

impl JobMetrics {
    pub(super) fn new() -> JobMetrics {
        JobMetrics {
            submitted: AtomicU64::new(0),
            discarded: AtomicU64::new(0),
            queue_time: SharedHistogram::new(),
            run_time: SharedHistogram::new(),
        }
    }

    /// Each job was counted at its submit before it was counted at its begin, and so on. So the
    /// later steps are read first; a difference can still be negative for a moment.
    pub(super) fn write_to(&self, snapshot: &mut MetricsSnapshot) {
        snapshot.job_run_time = self.run_time.snapshot();
        snapshot.job_queue_time = self.queue_time.snapshot();
        // ORDERING: Relaxed. Only the number matters.
        snapshot.jobs_discarded = self.discarded.load(Ordering::Relaxed);
        // ORDERING: Relaxed, as above.
        snapshot.jobs_submitted = self.submitted.load(Ordering::Relaxed);
        let begun = snapshot.job_queue_time.count();
        snapshot.jobs_completed = snapshot.job_run_time.count();
        snapshot.jobs_running = begun.saturating_sub(snapshot.jobs_completed);
        let left_the_queue = begun + snapshot.jobs_discarded;
        snapshot.jobs_queued = snapshot.jobs_submitted.saturating_sub(left_the_queue);
    }
}

/// A job that waits for a thread. Dropping it counts the job as discarded.
pub(super) struct CountedJob {
    metrics: Option<Arc<JobMetrics>>,
    submitted: Instant,
}

impl CountedJob {
    /// Counts a submit.
    pub(super) fn submit(metrics: &Arc<JobMetrics>) -> CountedJob {
        // ORDERING: Relaxed. Only the number matters.
        metrics.submitted.fetch_add(1, Ordering::Relaxed);
        CountedJob { metrics: Some(Arc::clone(metrics)), submitted: Instant::now() }
    }

    /// Runs the job, and counts its begin and its end, even if it panics.
    pub(super) fn run(mut self, job: &mut dyn FnMut()) {
        let Some(metrics) = self.metrics.take() else { return job() };
        let begun = Instant::now();
        metrics.queue_time.record(begun.saturating_duration_since(self.submitted));
        let _ended = RunningCount { metrics, begun };
        job();
    }
}

impl Drop for CountedJob {
    fn drop(&mut self) {
        if let Some(metrics) = &self.metrics {
            // ORDERING: Relaxed. Only the number matters.
            metrics.discarded.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct RunningCount {
    metrics: Arc<JobMetrics>,
    begun: Instant,
}

impl Drop for RunningCount {
    fn drop(&mut self) {
        self.metrics.run_time.record(self.begun.elapsed());
    }
}
