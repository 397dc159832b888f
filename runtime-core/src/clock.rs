//! Where the time comes from: the system, or the program itself.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A source of time: the system's, or a virtual one for tests and simulations.
///
/// The virtual clock stands still while anything can run and moves in one step to the next
/// deadline when nothing can: a program of a thousand hours runs at once, and always alike. It
/// starts at the real time at which it was made. Clones share the time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Virtual(Arc<VirtualTime>),
}

/// *Shared by* the loop, which alone moves it, and every thread that asks the time or holds it.
/// *Guarded by* its atomics. *Woken by* nobody: who ends a hold tells the loop by its parker.
#[derive(Debug)]
struct VirtualTime {
    start: Instant,
    /// Nanoseconds since `start`: enough for 584 years.
    elapsed: AtomicU64,
    /// Jobs at work, which take no virtual time: until they end the clock stands still.
    holds: AtomicUsize,
}

impl Clock {
    /// The system's monotonic clock.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A virtual clock, which the loop moves.
    pub fn virtual_time() -> Clock {
        Clock(Source::Virtual(Arc::new(VirtualTime {
            start: Instant::now(),
            elapsed: AtomicU64::new(0),
            holds: AtomicUsize::new(0),
        })))
    }

    /// The time by this clock.
    #[inline]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::System => Instant::now(),
            Source::Virtual(time) => time.now(),
        }
    }

    /// Whether the time is virtual.
    pub fn is_virtual(&self) -> bool {
        matches!(self.0, Source::Virtual(_))
    }

    /// `duration` from now, or `None` for a time so far off that no `Instant` can say it.
    #[inline]
    pub fn after(&self, duration: Duration) -> Option<Instant> {
        self.now().checked_add(duration)
    }

    /// Keeps a virtual clock from moving until [`release`](Clock::release): a job is at work.
    pub fn hold(&self) {
        if let Source::Virtual(time) = &self.0 {
            // ORDERING: Relaxed. The holder is the loop itself or a job that holds already, so
            // the loop's look is ordered after it without this.
            time.holds.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends one [`hold`](Clock::hold). Whoever calls it unparks the loop afterwards.
    pub fn release(&self) {
        if let Source::Virtual(time) = &self.0 {
            // ORDERING: Release, paired with the Acquire in `may_advance`: what the job published
            // (its result, a letter) is seen by a loop that finds no hold.
            time.holds.fetch_sub(1, Ordering::Release);
        }
    }

    /// Whether the loop may move the time: it is virtual and nobody holds it.
    pub fn may_advance(&self) -> bool {
        match &self.0 {
            Source::System => false,
            // ORDERING: Acquire, paired with the Release in `release`.
            Source::Virtual(time) => time.holds.load(Ordering::Acquire) == 0,
        }
    }

    /// Whether this clock can come to say `instant`. A virtual one counts 584 years; what is later
    /// than that is never.
    pub fn reaches(&self, instant: Instant) -> bool {
        match &self.0 {
            Source::System => true,
            Source::Virtual(time) => {
                let elapsed = instant.saturating_duration_since(time.start).as_nanos();
                u64::try_from(elapsed).is_ok()
            }
        }
    }

    /// Moves a virtual clock forward to `instant`; never back. Called by the loop alone.
    pub fn advance_to(&self, instant: Instant) {
        if let Source::Virtual(time) = &self.0 {
            let elapsed = instant.saturating_duration_since(time.start).as_nanos();
            let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
            // ORDERING: Relaxed. Time orders nothing; a read-modify-write keeps it from going back.
            time.elapsed.fetch_max(elapsed, Ordering::Relaxed);
        }
    }
}

impl VirtualTime {
    fn now(&self) -> Instant {
        // ORDERING: Relaxed, as in `advance_to`.
        let elapsed = Duration::from_nanos(self.elapsed.load(Ordering::Relaxed));
        // The sum was an `Instant` when `advance_to` was given it, unless 584 years have passed.
        self.start.checked_add(elapsed).unwrap_or(self.start)
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_virtual() { "virtual" } else { "system" })
    }
}
