//! The timers that are set.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use runtime_core::record::event::TaskKeyBits;

use crate::reducer::change::{StateItem, StatePart};
use crate::reducer::ordered::OrderedItems;
use crate::reducer::step::Step;

/// A timer that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedTimer {
    /// The deadline, since the beginning of the trace.
    pub deadline: Duration,
    /// The task that has set the timer in its poll, and its name. The key may have a new task.
    pub task: Option<(TaskKeyBits, String)>,
    place: u64,
}

/// The timers of a loop.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimerTable {
    timers: HashMap<u64, TracedTimer>,
    by_deadline: BTreeSet<(Duration, u64)>,
    in_order: OrderedItems<u64>,
    next_place: u64,
    /// The time of the first timer. Earlier deadlines count as equal: a queue counts from its first
    /// timer.
    origin: Option<Duration>,
}

impl TimerTable {
    pub(crate) fn get(&self, timer: u64) -> Option<&TracedTimer> {
        self.timers.get(&timer)
    }

    /// The timers in the order in which they were set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.in_order.iter().copied()
    }

    pub(crate) fn set(
        &mut self,
        timer: u64,
        deadline: Duration,
        task: Option<(TaskKeyBits, String)>,
        step: &mut Step<'_>,
    ) {
        let former = self.remove(timer, step);
        step.must(former.is_none(), || format!("timer {timer} is set a second time"));
        self.origin.get_or_insert(step.time);
        self.next_place += 1;
        let place = self.next_place;
        self.timers.insert(timer, TracedTimer { deadline, task, place });
        self.by_deadline.insert((deadline, place));
        self.in_order.insert(place, timer);
        step.add(StatePart::Timers, StateItem::Timer(timer));
    }

    pub(crate) fn fired(&mut self, timer: u64, step: &mut Step<'_>) {
        let Some(&TracedTimer { deadline, place, .. }) = self.timers.get(&timer) else {
            return step.must_if_whole(false, || format!("timer {timer} fires, but it is not set"));
        };
        let early = deadline.saturating_sub(step.time);
        step.must(early.is_zero(), || format!("timer {timer} fires {early:?} before its deadline"));
        // Deadlines before the origin of the queue are equal, and fire in the order of insertion.
        let origin = self.origin.unwrap_or_default();
        let after_origin = (origin + Duration::from_nanos(1), 0);
        let earliest = self.by_deadline.range(after_origin..).next().copied();
        let is_next = deadline <= origin || earliest.is_none_or(|first| (deadline, place) <= first);
        step.must(is_next, || format!("timer {timer} fires before a timer with an earlier turn"));
        self.remove(timer, step);
    }

    pub(crate) fn dropped(&mut self, timer: u64, step: &mut Step<'_>) {
        let former = self.remove(timer, step);
        step.must_if_whole(former.is_some(), || format!("timer {timer} is dropped, but not set"));
    }

    fn remove(&mut self, timer: u64, step: &mut Step<'_>) -> Option<TracedTimer> {
        let removed = self.timers.remove(&timer)?;
        self.by_deadline.remove(&(removed.deadline, removed.place));
        self.in_order.remove(removed.place);
        step.remove(StatePart::Timers, StateItem::Timer(timer));
        Some(removed)
    }

    /// The rule that a loop does not sleep past a deadline.
    pub(crate) fn must_be_awaited(&self, deadline: Option<Duration>, step: &mut Step<'_>) {
        let Some(&(first, _)) = self.by_deadline.first() else { return };
        // A deadline that has passed ends the park at once, whichever it is.
        let latest = first.max(step.time).max(self.origin.unwrap_or_default());
        let is_never = first.saturating_sub(step.time) > NEVER;
        step.must(is_never || deadline.is_some_and(|deadline| deadline <= latest), || {
            format!("the loop parks past the deadline of a timer, {first:?}")
        });
    }

    pub(crate) fn clear(&mut self, step: &mut Step<'_>) {
        while let Some(timer) = self.in_order.pop_first() {
            step.remove(StatePart::Timers, StateItem::Timer(timer));
        }
        self.timers.clear();
        self.by_deadline.clear();
    }
}

/// A deadline that is further off may be too far off for the timer queue, which counts 64 bits of
/// nanoseconds. Then it never fires.
const NEVER: Duration = Duration::from_secs(500 * 365 * 86_400);
