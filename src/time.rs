//! Sleeping, timeouts and intervals; and the clock.

use std::time::Instant;

pub use runtime_core::clock::Clock;
pub use runtime_executor::{
    Elapsed, Interval, MissedTicks, Sleep, Timeout, interval, sleep, sleep_until, timeout,
    timeout_at,
};

/// Returns the time by the clock of the current runtime, or by the system's clock if there is no
/// runtime.
pub fn now() -> Instant {
    match runtime_executor::Handle::try_current() {
        Ok(handle) => handle.clock().now(),
        Err(_no_runtime) => Instant::now(),
    }
}
