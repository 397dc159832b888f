//! Threads and parking: std's.

use std::hint::spin_loop;
use std::io;
use std::time::{Duration, Instant};

pub use std::thread::{JoinHandle, Thread, current, park, yield_now};

/// Parks like [`park`], at most until `deadline`. Returns whether the deadline had already passed
/// at the call. If it returns false, the wait may have ended for any reason, even spuriously.
pub fn park_until(deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        std::thread::park_timeout(left);
    }
    left.is_zero()
}

/// The time from `since` to `now`, by which a decision may differ from run to run.
#[inline]
pub fn time_between(since: Instant, now: Instant) -> Duration {
    now.saturating_duration_since(since)
}

/// The pauses of a thread that spins for a limited time.
#[derive(Debug)]
pub struct SpinWait {
    /// `None` if no `Instant` can represent the end.
    until: Option<Instant>,
}

/// The number of spin hints in a pause: less than a microsecond on current processors.
const HINTS: usize = 16;

impl SpinWait {
    /// Begins to spin for at most `limit`.
    pub fn new(limit: Duration) -> SpinWait {
        SpinWait { until: Instant::now().checked_add(limit) }
    }

    /// Pauses between two looks. Returns false if the limit has passed.
    ///
    /// The thread does not yield its core. On a busy machine a yield takes a time slice of another
    /// program, which may be a hundred times the limit.
    pub fn pause(&mut self) -> bool {
        for _ in 0..HINTS {
            spin_loop();
        }
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// Starts a thread.
///
/// # Errors
/// Returns the system's error, if the system refuses to start a thread.
pub fn spawn(
    name: String,
    stack_size: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let builder = std::thread::Builder::new().name(name);
    match stack_size {
        Some(bytes) => builder.stack_size(bytes),
        None => builder,
    }
    .spawn(body)
}
