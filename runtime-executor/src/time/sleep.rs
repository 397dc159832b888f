//! Sleeping until a deadline.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use runtime_core::abort_on_drop::AbortOnDrop;
use runtime_core::budget;
use runtime_core::metadata::Metadata;

use crate::scheduler::core::Core;
use crate::scheduler::current;
use crate::scheduler::handle::Handle;
use crate::scheduler::shared::Shared;
use crate::task::waker::Message;
use crate::time::loop_timer::{has_fired, remove, renew, wake};
use crate::time::timer_queue::TimerKey;

/// Waits until `duration` has passed since the call, by the runtime's clock.
///
/// A sleep that is made outside a runtime, as in `run(sleep(..))`, starts at its first poll. If the
/// deadline is too far off for an `Instant`, the sleep never ends. The system's clock is that of
/// `Instant`: on Linux (`CLOCK_MONOTONIC`) and macOS, time in which the machine is suspended does
/// not count.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// aside::run(async {
///     aside::sleep(Duration::from_millis(1)).await;
/// });
/// ```
///
/// # Panics
/// If the sleep is made and first polled outside a runtime. If the sleep's runtime is gone, because
/// nothing would wake the task. Another loop may still poll the sleep if both loops use the
/// system's clock.
///
/// # Cancel safety
/// Safe: dropping the future removes the timer. A new call of `sleep` waits for the full duration
/// again.
#[doc(alias("delay", "call_later", "asyncio", "Timer"))]
pub fn sleep(duration: Duration) -> Sleep {
    match Handle::try_current() {
        Ok(handle) => Sleep::placed_after(duration, handle),
        Err(_no_runtime) => Sleep { state: SleepState::Unplaced(SleepEnd::After(duration)) },
    }
}

/// Waits until `deadline`, by the runtime's clock. Ready at once if the deadline has passed; the
/// task then yields before its next operation.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// aside::run(async {
///     let deadline = aside::time::now() + Duration::from_millis(1);
///     aside::sleep_until(deadline).await;
///     assert!(aside::time::now() >= deadline);
/// });
/// ```
///
/// # Panics
/// In the same cases as [`sleep`]. In addition, if the sleep is first polled outside a runtime,
/// even if it was made inside one.
///
/// # Cancel safety
/// Safe: dropping the future removes the timer.
#[doc(alias("delay_until", "call_at"))]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { state: SleepState::Unplaced(SleepEnd::At(deadline)) }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// It is `Send` and `Sync`, and may be polled on other threads and by other executors. On its
/// loop's thread, a sleep is an entry of the loop's timer queue, and allocates nothing. The same
/// holds on the thread of any other loop if both loops use the system's clock. On any other thread,
/// a small task on the sleep's loop sleeps in its place.
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    state: SleepState,
}

enum SleepState {
    /// The sleep belongs to no loop yet. The loop of the first poll becomes its loop.
    Unplaced(SleepEnd),
    Placed {
        handle: Handle,
        /// `None` if the sleep never ends.
        deadline: Option<Instant>,
        timer: SleepTimer,
    },
    /// The deadline had passed at the first poll, and the task yields for `rest`.
    Late {
        deadline: Instant,
        rest: Pin<Box<Sleep>>,
    },
    Elapsed,
}

#[derive(Clone, Copy)]
enum SleepEnd {
    After(Duration),
    At(Instant),
}

enum SleepTimer {
    /// There is no timer. The deadline may have passed.
    Unset,
    /// There is no timer. The deadline was just computed from the current time, and is later than
    /// that time, so the first poll need not read the clock.
    UnsetAhead,
    /// The timer is in the loop's timer queue until it fires.
    Queued(TimerKey),
    /// A task on the loop sleeps, because the future is polled elsewhere.
    Remote(AbortOnDrop<()>),
}

impl Sleep {
    fn placed_after(duration: Duration, handle: Handle) -> Sleep {
        let deadline = handle.clock().after(duration);
        let timer = if duration.is_zero() { SleepTimer::Unset } else { SleepTimer::UnsetAhead };
        Sleep { state: SleepState::Placed { handle, deadline, timer } }
    }

    fn placed_at(deadline: Instant, handle: Handle) -> Sleep {
        let deadline = Some(deadline);
        Sleep { state: SleepState::Placed { handle, deadline, timer: SleepTimer::Unset } }
    }

    /// Returns the deadline. Returns `None` if the sleep never ends or has elapsed, or if its time
    /// begins only at its first poll.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            SleepState::Placed { deadline, .. } => deadline,
            SleepState::Unplaced(SleepEnd::At(deadline)) | SleepState::Late { deadline, .. } => {
                Some(deadline)
            }
            SleepState::Unplaced(SleepEnd::After(_)) | SleepState::Elapsed => None,
        }
    }

    /// Returns whether the sleep has ended, so that awaiting it returns at once.
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, SleepState::Elapsed)
    }

    /// Sets another deadline, whether or not the sleep has ended. The timer is moved at once, and
    /// the task that awaits the sleep is woken at the new deadline.
    ///
    /// A sleep that has ended follows the clock of the runtime that polls it next. If an executor
    /// of another crate has polled the sleep, it must poll the sleep again after this call.
    pub fn reset(&mut self, deadline: Instant) {
        match &mut self.state {
            SleepState::Placed { handle, deadline: former, timer } => {
                *former = Some(deadline);
                timer.reset(handle, deadline);
            }
            SleepState::Late { rest, .. } => {
                rest.reset(deadline);
                let rest = mem::replace(&mut rest.state, SleepState::Elapsed);
                self.state = rest;
            }
            SleepState::Unplaced(_) | SleepState::Elapsed => *self = sleep_until(deadline),
        }
    }

    fn place(&mut self, end: SleepEnd) {
        let handle = match Handle::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("a sleep was polled, but {error}"),
        };
        *self = match end {
            SleepEnd::After(duration) => Sleep::placed_after(duration, handle),
            SleepEnd::At(deadline) => Sleep::placed_at(deadline, handle),
        };
    }

    /// Yields, because the deadline has passed and the budget is used up (B3): waits for a timer
    /// that is due now, and so fires after the timers that are due already.
    #[cold]
    fn yield_late(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        budget::leave_one();
        if let SleepState::Placed { handle, .. } = &self.state {
            let (handle, now) = (handle.clone(), handle.clock().now());
            let timer = SleepTimer::UnsetAhead;
            let state = SleepState::Placed { handle, deadline: Some(now), timer };
            self.state = SleepState::Late { deadline, rest: Box::pin(Sleep { state }) };
        }
        self.poll_late_or_elapsed(cx)
    }

    #[cold]
    fn poll_late_or_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let SleepState::Late { rest, .. } = &mut self.state else {
            return budget::poll_spend(cx);
        };
        ready!(rest.as_mut().poll(cx));
        budget::spend_all();
        self.state = SleepState::Elapsed;
        Poll::Ready(())
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let SleepState::Unplaced(end) = self.state {
            self.place(end);
        }
        let SleepState::Placed { handle, deadline, timer } = &mut self.state else {
            return self.poll_late_or_elapsed(cx);
        };
        let Some(deadline) = *deadline else { return Poll::Pending };
        let is_first_poll = matches!(timer, SleepTimer::Unset);
        if !timer.is_over(handle, deadline) && timer.poll(handle, deadline, cx).is_pending() {
            return Poll::Pending;
        }
        if is_first_poll && handle.clock().is_virtual() {
            ready!(budget::poll_spend(cx));
        } else if is_first_poll && budget::is_used_up() {
            return self.yield_late(deadline, cx);
        } else if is_first_poll {
            budget::spend_all();
        }
        *self = Sleep { state: SleepState::Elapsed };
        Poll::Ready(())
    }
}

impl SleepTimer {
    /// Returns whether the deadline has passed. Unless the timer has fired, this reads the clock,
    /// so a sleep ends even in a task that never lets the loop fire its timers.
    #[inline]
    fn is_over(&mut self, handle: &Handle, deadline: Instant) -> bool {
        match *self {
            SleepTimer::UnsetAhead => false,
            SleepTimer::Queued(key) if has_fired(key, handle.shared()) => {
                *self = SleepTimer::Unset;
                true
            }
            SleepTimer::Unset | SleepTimer::Queued(_) | SleepTimer::Remote(_) => {
                handle.clock().now() >= deadline
            }
        }
    }

    /// Registers the waker for `deadline`. Returns `Ready` if the timer has fired.
    #[inline]
    fn poll(&mut self, handle: &mut Handle, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let Some(core) = current::turning().filter(|core| has_clock_of(core, handle)) else {
            return self.poll_remote(handle, deadline, cx);
        };
        if let Some(key) = self.move_to(&core, handle) {
            return renew(key, &core, cx.waker());
        }
        let waker = cx.waker().clone();
        *self = SleepTimer::Queued(core.insert_timer(deadline, waker));
        Poll::Pending
    }

    #[cold]
    fn poll_remote(
        &mut self,
        handle: &Handle,
        deadline: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if let SleepTimer::Remote(task) = self {
            return poll_task(Pin::new(task), cx);
        }
        self.unset(handle.shared());
        let mut task = sleep_remotely(handle, deadline);
        let polled = poll_task(Pin::new(&mut task), cx);
        *self = SleepTimer::Remote(task);
        polled
    }

    /// Moves this sleep to the loop that polls it. Returns the key of its timer, if the timer is in
    /// that loop already. The former loop may be further up on this thread's stack: then none of
    /// its timers fires before this call returns.
    #[inline]
    fn move_to(&mut self, core: &Core, handle: &mut Handle) -> Option<TimerKey> {
        if !Arc::ptr_eq(&core.shared, handle.shared()) {
            self.unset(handle.shared());
            *handle = Handle::new(Arc::clone(&core.shared));
        }
        match *self {
            SleepTimer::Queued(key) => Some(key),
            SleepTimer::Unset | SleepTimer::UnsetAhead | SleepTimer::Remote(_) => None,
        }
    }

    /// Moves the timer to another deadline. On its loop's thread the timer keeps its waker.
    fn reset(&mut self, handle: &Handle, deadline: Instant) {
        let core = current::turning().filter(|core| Arc::ptr_eq(&core.shared, handle.shared()));
        if let (SleepTimer::Queued(key), Some(core)) = (&*self, core) {
            let waker = core.remove_timer(*key);
            let insert = |waker| core.insert_timer(deadline, waker);
            *self = waker.map(insert).map_or(SleepTimer::Unset, SleepTimer::Queued);
            return;
        }
        if let SleepTimer::Queued(key) = mem::replace(self, SleepTimer::Unset) {
            wake(key, handle.shared());
        }
    }

    fn unset(&mut self, shared: &Arc<Shared<Message>>) {
        if let SleepTimer::Queued(key) = *self {
            *self = SleepTimer::Unset;
            remove(key, shared);
        }
    }
}

/// Spawns a task on a loop that sleeps until `deadline`. If the loop closes, the task ends.
#[doc(hidden)]
pub fn sleep_remotely(handle: &Handle, deadline: Instant) -> AbortOnDrop<()> {
    handle.spawn(Metadata::here(), sleep_until(deadline)).abort_on_drop()
}

/// Returns whether a deadline means the same time in this loop as in the loop of `handle`.
fn has_clock_of(core: &Core, handle: &Handle) -> bool {
    let is_same_loop = Arc::ptr_eq(&core.shared, handle.shared());
    is_same_loop || !(core.shared.clock.is_virtual() || handle.clock().is_virtual())
}

fn poll_task(task: Pin<&mut AbortOnDrop<()>>, cx: &mut Context<'_>) -> Poll<()> {
    task.poll(cx).map(|slept| {
        assert!(
            slept.is_ok(),
            "a sleep was polled after the runtime whose clock it follows was dropped"
        );
    })
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if let SleepState::Placed { handle, timer: SleepTimer::Queued(key), .. } = &self.state {
            remove(*key, handle.shared());
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline())
            .field("elapsed", &self.is_elapsed())
            .finish()
    }
}
