//! Periodic ticks.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use crate::scheduler::handle::Handle;
use crate::time::sleep::{Sleep, sleep, sleep_until};

/// Returns an interval that ticks every `period`, by the runtime's clock. The first tick is due at
/// once. Ticks are lazy: without a call of [`tick`](Interval::tick) there is no timer.
///
/// With a period of zero, every call of [`tick`](Interval::tick) returns after one turn of the
/// loop. A tick that is late returns at once, and the task yields before its next operation. So an
/// interval whose work takes longer than its period starves no other task.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// aside::run(async {
///     let mut ticks = aside::interval(Duration::from_millis(1));
///     for _ in 0..3 {
///         ticks.tick().await;
///         // ... the periodic work ...
///     }
/// });
/// ```
#[doc(alias("ticker", "periodic"))]
pub fn interval(period: Duration) -> Interval {
    Interval::new(period, sleep(Duration::ZERO))
}

/// Returns an interval whose first tick is due at `start`, by the runtime's clock, and which then
/// ticks every `period`. See [`interval`].
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval::new(period, sleep_until(start))
}

/// The policy of an [`Interval`] for missed ticks: those that were due before `tick` was called.
///
/// With a period of 10 ms, a call at 0 ms, and a late call at 35 ms:
///
/// | policy | ticks at |
/// |---|---|
/// | `Burst` | 0, 35, 35, 35, 40, 50 |
/// | `Delay` | 0, 35, 45, 55 |
/// | `Skip`  | 0, 35, 40, 50 |
#[doc(alias = "MissedTickBehavior")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissedTicks {
    /// Delivers all missed ticks at once, so that the number of ticks is right.
    #[default]
    Burst,
    /// Continues one period after the late tick, so that ticks are at least one period apart.
    Delay,
    /// Drops the missed ticks and continues at the next multiple of the period. The late tick
    /// itself is delivered at once.
    Skip,
}

/// Delivers periodic ticks. See [`interval`].
///
/// With the feature `stream`, which most features include, it is a `Stream` of the times at which
/// the ticks were due. The stream never ends.
#[derive(Debug)]
pub struct Interval {
    period: Duration,
    missed: MissedTicks,
    next: Sleep,
    /// A tick of a period of zero has let the loop turn.
    yielded: bool,
}

impl Interval {
    fn new(period: Duration, next: Sleep) -> Interval {
        Interval { period, missed: MissedTicks::default(), next, yielded: false }
    }

    /// Sets the policy for missed ticks. The default is [`MissedTicks::Burst`].
    #[must_use]
    pub fn missed_ticks(self, missed: MissedTicks) -> Interval {
        Interval { missed, ..self }
    }

    /// Sets the policy for missed ticks from now on.
    #[doc(alias = "set_missed_tick_behavior")]
    pub fn set_missed_ticks(&mut self, missed: MissedTicks) {
        self.missed = missed;
    }

    /// Returns the period.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Waits for the next tick, and returns the time at which it was due.
    ///
    /// # Panics
    /// In the same cases as [`sleep`].
    ///
    /// # Cancel safety
    /// Safe: no tick is lost when the future is dropped.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick: the form of [`tick`](Interval::tick) for futures and streams that
    /// are written by hand.
    ///
    /// # Panics
    /// In the same cases as [`sleep`].
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        if self.period.is_zero() && !self.yielded {
            self.yielded = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let due = self.next.deadline();
        ready!(Pin::new(&mut self.next).poll(cx));
        self.yielded = false;
        Poll::Ready(self.advance(due))
    }

    /// Makes the next tick due one period from now. The ticks after it follow at the period.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Makes the next tick due at once.
    pub fn reset_immediately(&mut self) {
        self.reset_after(Duration::ZERO);
    }

    /// Makes the next tick due when `duration` has passed, by the clock of the current runtime. On
    /// a thread without a runtime the time begins at the next poll.
    pub fn reset_after(&mut self, duration: Duration) {
        match Handle::try_current().map(|handle| handle.clock().after(duration)) {
            Ok(Some(deadline)) => self.next.reset(deadline),
            Ok(None) | Err(_) => self.next = sleep(duration),
        }
    }

    /// Makes the next tick due at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.next.reset(deadline);
    }

    /// Computes the next tick from the tick that was `due` and the current time.
    fn advance(&mut self, due: Option<Instant>) -> Instant {
        let now = match Handle::try_current() {
            Ok(handle) => handle.clock().now(),
            Err(error) => panic!("an interval was polled, but {error}"),
        };
        // The first tick of an interval that was made outside a runtime is due now.
        let due = due.unwrap_or(now);
        self.next = match next_tick(self.missed, due, now, self.period) {
            Some(next) => sleep_until(next),
            None => sleep(Duration::MAX),
        };
        due
    }
}

#[cfg(feature = "stream")]
impl futures_core::Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// Applies the policy. Returns `None` if the next tick is too far off for an `Instant`.
fn next_tick(missed: MissedTicks, due: Instant, now: Instant, period: Duration) -> Option<Instant> {
    let next = due.checked_add(period)?;
    if next > now || period.is_zero() {
        return Some(next.max(now));
    }
    match missed {
        MissedTicks::Burst => Some(next),
        MissedTicks::Delay => now.checked_add(period),
        MissedTicks::Skip => {
            let since = now.duration_since(due).as_nanos() % period.as_nanos();
            let left = period
                .saturating_sub(Duration::from_nanos(u64::try_from(since).unwrap_or(u64::MAX)));
            now.checked_add(left)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missed_ticks_follow_the_table_of_the_docs() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let follow = |missed| {
            let mut ticks = Vec::new();
            let mut due = start;
            let mut now = start;
            for _ in 0..6 {
                ticks.push(now.duration_since(start).as_millis());
                let next = next_tick(missed, due, now, ms(10)).expect("no overflow");
                // The second call is late, at 35 ms; all other calls are on time.
                now = next.max(if ticks.len() == 1 { start + ms(35) } else { now });
                due = next;
            }
            ticks
        };
        assert_eq!(follow(MissedTicks::Burst), [0, 35, 35, 35, 40, 50]);
        assert_eq!(follow(MissedTicks::Delay)[..4], [0, 35, 45, 55]);
        assert_eq!(follow(MissedTicks::Skip)[..4], [0, 35, 40, 50]);
    }
}
