//! [`MetricsObserver`]: the loop side of metrics.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::metadata::Metadata;
use runtime_core::sync::atomic::{AtomicU64, Ordering};
use runtime_executor::Observer;

use super::histogram::SharedHistogram;
use super::snapshot::MetricsSnapshot;

/// *Shared by* the loops that are counted together, and the threads that read. *Guarded by* its
/// atomics. *Woken by* nothing.
pub(super) struct LoopMetrics {
    spawned: AtomicU64,
    ended: AtomicU64,
    parks: AtomicU64,
    busy_nanos: AtomicU64,
    poll_time: SharedHistogram,
}

fn add(word: &AtomicU64, number: u64) {
    // ORDERING: Relaxed. Only the number matters.
    word.fetch_add(number, Ordering::Relaxed);
}

impl LoopMetrics {
    pub(super) fn new() -> LoopMetrics {
        let zero = || AtomicU64::new(0);
        LoopMetrics {
            spawned: zero(),
            ended: zero(),
            parks: zero(),
            busy_nanos: zero(),
            poll_time: SharedHistogram::new(),
        }
    }

    pub(super) fn write_to(&self, snapshot: &mut MetricsSnapshot) {
        // ORDERING: Relaxed. Only the numbers matter.
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        snapshot.tasks_ended = load(&self.ended);
        snapshot.tasks_spawned = load(&self.spawned);
        snapshot.tasks_alive = snapshot.tasks_spawned.saturating_sub(snapshot.tasks_ended);
        snapshot.parks = load(&self.parks);
        snapshot.busy = Duration::from_nanos(load(&self.busy_nanos));
        snapshot.poll_time = self.poll_time.snapshot();
    }
}

/// Counts the events of one loop for [`Metrics`](super::Metrics): see
/// [`Metrics::observer`](super::Metrics::observer).
pub struct MetricsObserver {
    metrics: Arc<LoopMetrics>,
    poll_started: Cell<Option<Instant>>,
    /// The time up to which the loop's busy time is counted. `None` while the loop is not awake.
    counted: Cell<Option<Instant>>,
}

impl MetricsObserver {
    pub(super) fn new(metrics: &Arc<LoopMetrics>) -> MetricsObserver {
        MetricsObserver {
            metrics: Arc::clone(metrics),
            poll_started: Cell::new(None),
            counted: Cell::new(None),
        }
    }

    /// Counts the time since the last call as busy.
    fn count_busy(&self, now: Instant) {
        if let Some(counted) = self.counted.replace(Some(now)) {
            let nanos = now.saturating_duration_since(counted).as_nanos();
            add(&self.metrics.busy_nanos, nanos as u64);
        }
    }
}

impl Observer for MetricsObserver {
    fn entered(&self, _main: Option<&Metadata>) {
        self.counted.set(Some(Instant::now()));
    }

    fn left(&self) {
        self.count_busy(Instant::now());
        self.counted.set(None);
        self.poll_started.set(None);
    }

    fn task_spawned(&self, _task: &Metadata) {
        add(&self.metrics.spawned, 1);
    }

    fn poll_started(&self, _task: &Metadata) {
        self.poll_started.set(Some(Instant::now()));
    }

    fn poll_ended(&self, _task: &Metadata) {
        let now = Instant::now();
        if let Some(started) = self.poll_started.take() {
            self.metrics.poll_time.record(now.saturating_duration_since(started));
        }
        self.count_busy(now);
    }

    fn task_ended(&self, _task: &Metadata) {
        add(&self.metrics.ended, 1);
    }

    fn parked(&self, _deadline: Option<Instant>) {
        add(&self.metrics.parks, 1);
        self.count_busy(Instant::now());
        self.counted.set(None);
    }

    fn unparked(&self) {
        self.counted.set(Some(Instant::now()));
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsObserver")
    }
}
