//! The methods of [`Builder`] that add observers of this crate.

use std::time::Duration;

use crate::observe::{Metrics, Watchdog};
use crate::runtime::Builder;

impl Builder {
    /// Reports on stderr each poll that holds the loop longer than `threshold`, while it holds it:
    /// adds a [`Watchdog`].
    #[must_use]
    pub fn watchdog(self, threshold: Duration) -> Builder {
        self.observer(Watchdog::new(threshold))
    }

    /// Counts the events of the loop, and the jobs of the runtime's own pool. For a pool that is
    /// set by [`pool`](Builder::pool), see [`Metrics::jobs`].
    #[must_use]
    pub fn metrics(mut self, metrics: &Metrics) -> Builder {
        self.pool = self.pool.carry(metrics.jobs());
        self.metrics.push(metrics.clone());
        self.observer(metrics.observer())
    }

    /// Makes a span of the crate `tracing` for each task, entered around each of its polls, and for
    /// each job of the runtime's own pool: adds [`TracingSpans`](crate::observe::TracingSpans). For
    /// a pool that is set by [`pool`](Builder::pool), see
    /// [`TracingSpans::job`](crate::observe::TracingSpans::job).
    #[must_use]
    #[cfg(feature = "tracing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
    pub fn tracing(mut self) -> Builder {
        use crate::observe::TracingSpans;

        self.pool = self.pool.carry_with(TracingSpans::job);
        self.observer(TracingSpans::new())
    }
}
