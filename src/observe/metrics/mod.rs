//! [`Metrics`]: counters and histograms that any thread can read.

mod histogram;
mod job_metrics;
mod loop_metrics;
mod snapshot;

use std::fmt;
use std::sync::Arc;

use runtime_blocking::{Pool, Stats};
use runtime_core::sync::Mutex;

pub use histogram::Histogram;
pub use loop_metrics::MetricsObserver;
pub use snapshot::MetricsSnapshot;

use job_metrics::{CountedJob, JobMetrics};
use loop_metrics::LoopMetrics;

/// Counts what runtimes do. Any thread reads the values at any time, as plain data.
///
/// Clones share the values: give one to [`Builder::metrics`](crate::Builder::metrics), and keep the
/// other. Several runtimes may share one `Metrics`; then each value is the sum of theirs.
///
/// ```
/// use aside::{Runtime, observe::Metrics};
///
/// let metrics = Metrics::new();
/// let runtime = Runtime::builder().metrics(&metrics).build();
/// runtime.block_on(async {
///     aside::spawn(async {}).await.unwrap();
///     aside::spawn_blocking(|| ()).await.unwrap();
/// });
/// drop(runtime);
/// let values = metrics.snapshot(); // on any thread
/// assert_eq!((values.tasks_spawned, values.tasks_alive), (1, 0));
/// assert_eq!((values.jobs_submitted, values.jobs_completed), (1, 1));
/// println!("99 % of the polls took at most {:?}", values.poll_time.quantile(0.99));
/// ```
///
/// # Cost
/// Without metrics, nothing. With them, each poll reads the clock twice and adds to three words;
/// each job takes one more allocation, reads the clock three times and adds to five words; each
/// sleep of the loop reads the clock twice. The values take 25 KB.
#[derive(Clone)]
#[doc(alias("RuntimeMetrics", "metrics", "prometheus"))]
pub struct Metrics {
    shared: Arc<MetricsShared>,
}

/// *Shared by* the clones, on any thread. *Guarded by* its parts. *Woken by* nothing.
struct MetricsShared {
    of_loop: Arc<LoopMetrics>,
    of_jobs: Arc<JobMetrics>,
    /// The statistics of each pool, or `None` once the pool is gone.
    pools: Mutex<Vec<PoolStatsFn>>,
}

type PoolStatsFn = Box<dyn Fn() -> Option<Stats> + Send + Sync>;

impl Metrics {
    /// Metrics whose values are zero.
    pub fn new() -> Metrics {
        let shared = MetricsShared {
            of_loop: Arc::new(LoopMetrics::new()),
            of_jobs: Arc::new(JobMetrics::new()),
            pools: Mutex::new(Vec::new()),
        };
        Metrics { shared: Arc::new(shared) }
    }

    /// Returns the values.
    ///
    /// # Blocking
    /// Takes one short lock of each pool, for the number of its threads.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let mut snapshot = MetricsSnapshot::default();
        self.shared.of_loop.write_to(&mut snapshot);
        self.shared.of_jobs.write_to(&mut snapshot);
        self.shared.pools.lock().retain(|stats| match stats() {
            Some(stats) => {
                snapshot.threads += stats.threads;
                true
            }
            None => false,
        });
        snapshot
    }

    /// Returns an observer that counts the events of one loop.
    /// [`Builder::metrics`](crate::Builder::metrics) adds one.
    pub fn observer(&self) -> MetricsObserver {
        MetricsObserver::new(&self.shared.of_loop)
    }

    /// Returns a function that counts the jobs of a pool, for
    /// [`PoolBuilder::carry`](crate::blocking::PoolBuilder::carry).
    /// [`Builder::metrics`](crate::Builder::metrics) passes one to the runtime's own pool.
    ///
    /// ```
    /// use aside::{blocking::Pool, observe::Metrics};
    ///
    /// let metrics = Metrics::new();
    /// let pool = Pool::builder().carry(metrics.jobs()).build();
    /// aside::run(async { pool.submit(|| ()).unwrap().await.unwrap() });
    /// assert_eq!(metrics.snapshot().job_run_time.count(), 1);
    /// ```
    pub fn jobs(&self) -> impl Fn() -> JobFn + Send + Sync + use<> {
        let metrics = Arc::clone(&self.shared.of_jobs);
        move || {
            let job = CountedJob::submit(&metrics);
            Box::new(move |closure: &mut dyn FnMut()| job.run(closure)) as JobFn
        }
    }

    /// Counts the threads of a pool.
    pub(crate) fn add_pool(&self, pool: &Pool) {
        self.shared.pools.lock().push(Box::new(pool.stats_while_alive()));
    }
}

/// Runs a closure, and counts it as a job.
type JobFn = Box<dyn FnOnce(&mut dyn FnMut()) + Send>;

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.snapshot()).finish()
    }
}
