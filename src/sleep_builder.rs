//! The methods of [`Builder`] that set how the threads of a runtime sleep.

use std::thread::available_parallelism;
use std::time::Duration;

use crate::runtime::Builder;

impl Builder {
    /// Lets the loop, and one worker of the runtime's own pool, *spin* for at most `limit` before
    /// they sleep: each looks for its next message or job without giving up its core.
    /// `Duration::ZERO`, the default, turns the spin off.
    ///
    /// Use this setting for a program that makes one short blocking call after another, where the
    /// wall time of each call matters and each of the two threads has a core of its own. Without
    /// the setting, each call wakes two sleeping threads. In a virtual machine whose idle cores
    /// have halted, each wake-up takes 20 to 45 µs.
    ///
    /// The loop spins only while a blocking call of this runtime is queued or runs, and a worker
    /// only after it has run a job. An idle runtime does not spin. The loop of
    /// [`turn`](crate::Runtime::turn), and a runtime with a virtual clock, does not spin either. On
    /// a machine with one available core, the setting has no effect. If the pool was set by
    /// [`pool`](Builder::pool), its workers spin if its own
    /// [builder](crate::blocking::PoolBuilder::spin_before_park) says so.
    ///
    /// # Cost
    /// At most `limit` of processor time for each sleep of the loop while a call is outstanding,
    /// and for each sleep of a worker that has run a job. A spin finds nothing if the job takes
    /// longer than `limit`, or if the two threads share a core, because other programs use the
    /// rest. Each spin in vain doubles the number of sleeps until the next spin, up to 64, so calls
    /// that gain nothing soon cost one spin in 64. 50 µs is longer than a wake-up takes, and a
    /// sensible limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use aside::Runtime;
    ///
    /// let runtime = Runtime::builder().spin_before_park(Duration::from_micros(50)).build();
    /// let sum = runtime.block_on(async {
    ///     let mut sum = 0;
    ///     for n in 0..10 {
    ///         sum += aside::spawn_blocking(move || n).await.unwrap();
    ///     }
    ///     sum
    /// });
    /// assert_eq!(sum, 45);
    /// ```
    #[must_use]
    #[doc(alias("busy_poll", "poll_interval"))]
    pub fn spin_before_park(mut self, limit: Duration) -> Builder {
        let has_two_cores = available_parallelism().is_ok_and(|cores| cores.get() > 1);
        self.config.spin_before_park = if has_two_cores { limit } else { Duration::ZERO };
        self.pool = self.pool.spin_before_park(limit);
        self
    }

    /// Sets whether a worker of the runtime's own pool chooses the core on which it sleeps between
    /// single short jobs; `true` by default. See
    /// [`PoolBuilder::choose_cores`](crate::blocking::PoolBuilder::choose_cores).
    #[must_use]
    #[doc(alias("affinity", "pin", "sched_setaffinity"))]
    pub fn choose_cores(mut self, choose: bool) -> Builder {
        self.pool = self.pool.choose_cores(choose);
        self
    }
}
