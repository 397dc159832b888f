//! Sleeping, timeouts and intervals; and the clock.
//!
//! # A suspended machine
//!
//! All deadlines are [`Instant`]s of the system's monotonic clock. Changes of the date and the time
//! zone do not affect them. On Linux (`CLOCK_MONOTONIC`) and macOS (`CLOCK_UPTIME_RAW`) this clock
//! stops while the machine is suspended: a sleep of one hour that is interrupted by a night of
//! suspension ends that much later, and a connection with a timeout of one minute is not timed out
//! by the suspension. Whether the clock stops on other systems is documented at [`Instant`].
//!
//! Work that depends on the time of day sleeps for a minute at most at a time, and then compares
//! [`SystemTime`](std::time::SystemTime). On Linux a timer of `CLOCK_BOOTTIME`, which counts the
//! suspension, is a descriptor (`timerfd`), and `net::AsyncFd` awaits it.

use std::time::Instant;

pub use runtime_core::clock::Clock;
pub use runtime_executor::{
    Elapsed, Interval, MissedTicks, Sleep, Timeout, interval, interval_at, sleep, sleep_until,
    timeout, timeout_at,
};

/// Returns the time by the clock of the current runtime, or by the system's clock if there is no
/// runtime.
#[doc(alias = "Instant")]
pub fn now() -> Instant {
    match runtime_executor::Handle::try_current() {
        Ok(handle) => handle.clock().now(),
        Err(_no_runtime) => Instant::now(),
    }
}
