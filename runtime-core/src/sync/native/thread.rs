//! Threads and parking: std's.

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
