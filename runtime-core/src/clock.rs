//! Clocks: the system's time, or virtual time, which the loop advances.
//!
//! Virtual time does not advance while a job holds the clock (see [`Clock::hold`]). This is the
//! race between the end of a job and the loop's next step:
//!
//! ```text
//! job                                loop                                          holds
//! publishes its result, unparks                                                    1
//! releases the clock (Release)                                                     0
//!                                    may_advance (Acquire) reads 0: the result
//!                                    and its message are visible here
//!                                    finds the notification: does not advance
//! ```
//!
//! A loop that reads 0 and finds no notification may therefore advance the time: no job is left
//! that could send a message.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A source of time: the system's clock, or a virtual clock for tests and simulations.
///
/// A virtual clock does not advance while a task or a job can run. When none can run, the clock
/// advances in one step to the next deadline. A program that sleeps for a thousand hours therefore
/// ends at once, and runs in the same way each time. A virtual clock starts at the real time at
/// which it was made. Clones share the time.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use aside::{Runtime, time::Clock};
///
/// let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
/// let begun = runtime.block_on(async { aside::time::now() });
/// runtime.block_on(aside::sleep(Duration::from_secs(1000 * 3600))); // ends at once
/// let ended = runtime.block_on(async { aside::time::now() });
/// assert_eq!(ended - begun, Duration::from_secs(1000 * 3600));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock(ClockSource);

#[derive(Clone, Debug, Default)]
enum ClockSource {
    #[default]
    System,
    Virtual(Arc<VirtualTime>),
}

/// *Shared by* the loop, the only thread that advances the time, and the threads that read or hold
/// the clock. *Guarded by* its atomics. *Woken by* nothing: the caller of `release` unparks the
/// loop.
#[derive(Debug)]
struct VirtualTime {
    start: Instant,
    /// Nanoseconds since `start`; 64 bits hold 584 years.
    elapsed: AtomicU64,
    /// The number of holds. Each running job has one, and the time does not advance while there is
    /// any.
    holds: AtomicUsize,
}

impl Clock {
    /// The system's monotonic clock, which is the clock of `Instant`. On Linux (`CLOCK_MONOTONIC`)
    /// and macOS it stops while the machine is suspended.
    pub fn system() -> Clock {
        Clock(ClockSource::System)
    }

    /// A virtual clock, which the loop advances.
    #[doc(alias("pause", "advance", "start_paused", "MockClock"))]
    pub fn virtual_time() -> Clock {
        Clock(ClockSource::Virtual(Arc::new(VirtualTime {
            start: Instant::now(),
            elapsed: AtomicU64::new(0),
            holds: AtomicUsize::new(0),
        })))
    }

    /// The current time.
    #[inline]
    pub fn now(&self) -> Instant {
        match &self.0 {
            ClockSource::System => Instant::now(),
            ClockSource::Virtual(time) => time.now(),
        }
    }

    /// Returns whether the time is virtual.
    pub fn is_virtual(&self) -> bool {
        matches!(self.0, ClockSource::Virtual(_))
    }

    /// The time after `duration`, or `None` if no `Instant` can represent it.
    #[inline]
    pub fn after(&self, duration: Duration) -> Option<Instant> {
        self.now().checked_add(duration)
    }

    /// Stops a virtual clock until [`release`](Clock::release), while a job runs.
    #[doc(hidden)]
    pub fn hold(&self) {
        if let ClockSource::Virtual(time) = &self.0 {
            // ORDERING: Relaxed. The caller is the loop itself, or a job that already holds the
            // clock. So the loop's next `may_advance` is ordered after this addition anyway.
            time.holds.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends one [`hold`](Clock::hold). The caller unparks the loop afterwards.
    #[doc(hidden)]
    pub fn release(&self) {
        if let ClockSource::Virtual(time) = &self.0 {
            // ORDERING: Release, paired with the Acquire in `may_advance`: a loop that finds no
            // hold sees everything that the job published (its result, a message).
            time.holds.fetch_sub(1, Ordering::Release);
        }
    }

    /// Returns whether the loop may advance the time: the clock is virtual and not held.
    #[doc(hidden)]
    pub fn may_advance(&self) -> bool {
        match &self.0 {
            ClockSource::System => false,
            // ORDERING: Acquire, paired with the Release in `release`.
            ClockSource::Virtual(time) => time.holds.load(Ordering::Acquire) == 0,
        }
    }

    /// Returns whether the clock can reach `instant`. A virtual clock can count 584 years; a later
    /// deadline never passes.
    #[doc(hidden)]
    pub fn reaches(&self, instant: Instant) -> bool {
        match &self.0 {
            ClockSource::System => true,
            ClockSource::Virtual(time) => {
                let elapsed = instant.saturating_duration_since(time.start).as_nanos();
                u64::try_from(elapsed).is_ok()
            }
        }
    }

    /// Advances a virtual clock to `instant`, unless the clock has reached `instant` already. Only
    /// the loop calls this.
    #[doc(hidden)]
    pub fn advance_to(&self, instant: Instant) {
        if let ClockSource::Virtual(time) = &self.0 {
            let elapsed = instant.saturating_duration_since(time.start).as_nanos();
            let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
            // ORDERING: Relaxed. Time orders nothing, and a maximum never sets the clock back.
            time.elapsed.fetch_max(elapsed, Ordering::Relaxed);
        }
    }
}

impl VirtualTime {
    fn now(&self) -> Instant {
        // ORDERING: Relaxed, as in `advance_to`.
        let elapsed = Duration::from_nanos(self.elapsed.load(Ordering::Relaxed));
        // This sum was an argument of `advance_to`, so it overflows only after 584 years.
        self.start.checked_add(elapsed).unwrap_or(self.start)
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_virtual() { "virtual" } else { "system" })
    }
}
