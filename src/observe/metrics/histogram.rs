//! [`Histogram`]: how often which durations occurred.

use std::fmt;
use std::time::Duration;

use runtime_core::sync::atomic::{AtomicU64, Ordering};

/// Each power of two is divided into 16 buckets of equal width.
const SUB_BITS: u32 = 4;
const SUBS: u64 = 1 << SUB_BITS;
/// The buckets of all 64-bit numbers.
const BUCKETS: usize = (64 - SUB_BITS as usize + 1) << SUB_BITS;

/// Returns the bucket of a number. Numbers below 32 have buckets of their own.
fn bucket_of(value: u64) -> usize {
    let power = value.max(SUBS).ilog2();
    let shift = power - SUB_BITS;
    // The highest bit of `value >> shift` counts one power of two more, unless the number is small.
    ((u64::from(shift) << SUB_BITS) + (value >> shift)) as usize
}

/// Returns the largest number of a bucket.
fn last_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket >> SUB_BITS).saturating_sub(1);
    let first = (bucket - (shift << SUB_BITS)) << shift;
    first + ((1 << shift) - 1)
}

/// How often which durations occurred: plain data, which can be merged with other histograms.
///
/// The durations are counted in buckets. A bucket is at most 1/16 as wide as its smallest duration,
/// and durations below 32 ns are exact. So [`quantile`](Histogram::quantile) is never too small,
/// and at most 1/16 too large. A histogram takes 8 KB, however many durations it contains. It holds
/// every duration of up to 584 years.
///
/// ```
/// use std::time::Duration;
/// use aside::observe::Histogram;
///
/// let mut times = Histogram::default();
/// (1..=100).for_each(|millis| times.record(Duration::from_millis(millis)));
/// assert_eq!(times.count(), 100);
/// let median = times.quantile(0.5);
/// assert!(median >= Duration::from_millis(50) && median <= Duration::from_millis(54));
/// assert_eq!(times.quantile(1.0), times.max());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    sum: u64,
    max: u64,
}

impl Histogram {
    /// Adds a duration.
    pub fn record(&mut self, duration: Duration) {
        let nanos = nanos_of(duration);
        self.counts[bucket_of(nanos)] += 1;
        self.sum = self.sum.saturating_add(nanos);
        self.max = self.max.max(nanos);
    }

    /// Adds the durations of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }

    /// Returns the number of durations.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the sum of the durations.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// Returns the longest duration, or zero if there is none.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// Returns a duration that the fraction `part` of all durations do not exceed: the median for
    /// 0.5, the longest duration for 1. It is exact, or at most 1/16 too large. Zero if there is no
    /// duration.
    pub fn quantile(&self, part: f64) -> Duration {
        let rank = (part.clamp(0.0, 1.0) * self.count() as f64).ceil().max(1.0) as u64;
        let mut below = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= rank {
                return Duration::from_nanos(last_of(bucket).min(self.max));
            }
        }
        self.max()
    }

    /// Returns the number of durations that are at most `limit`. Durations of the bucket of `limit`
    /// count as longer, unless `limit` is the bucket's last.
    pub fn count_up_to(&self, limit: Duration) -> u64 {
        let limit = nanos_of(limit);
        let is_below = |bucket: &usize| last_of(*bucket) <= limit;
        (0..BUCKETS).take_while(is_below).map(|bucket| self.counts[bucket]).sum()
    }

    /// Returns the buckets that contain durations: the longest duration of each, and the number.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(bucket, count)| (Duration::from_nanos(last_of(bucket)), *count))
    }
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: vec![0; BUCKETS], sum: 0, max: 0 }
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("median", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish()
    }
}

fn nanos_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A histogram to which any thread adds. *Shared by* the threads that add and read. *Guarded by*
/// its atomics. *Woken by* nothing.
pub(super) struct SharedHistogram {
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
    max: AtomicU64,
}

impl SharedHistogram {
    pub(super) fn new() -> SharedHistogram {
        let counts = (0..BUCKETS).map(|_| AtomicU64::new(0)).collect();
        SharedHistogram { counts, sum: AtomicU64::new(0), max: AtomicU64::new(0) }
    }

    pub(super) fn record(&self, duration: Duration) {
        let nanos = nanos_of(duration);
        // ORDERING: Relaxed. Only the numbers matter.
        self.counts[bucket_of(nanos)].fetch_add(1, Ordering::Relaxed);
        // ORDERING: Relaxed, as above.
        self.sum.fetch_add(nanos, Ordering::Relaxed);
        // ORDERING: Relaxed. A larger number may be missed here; then the next operation finds it.
        if nanos > self.max.load(Ordering::Relaxed) {
            // ORDERING: Relaxed, as above.
            self.max.fetch_max(nanos, Ordering::Relaxed);
        }
    }

    /// Copies the numbers. Durations that are added meanwhile may be counted in part.
    pub(super) fn snapshot(&self) -> Histogram {
        // ORDERING: Relaxed. Only the numbers matter.
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        let counts = self.counts.iter().map(load).collect();
        Histogram { counts, sum: load(&self.sum), max: load(&self.max) }
    }
}

#[cfg(test)]
mod tests;
