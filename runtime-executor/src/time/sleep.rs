//! Waiting for a time.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use runtime_core::catch_panic::drop_catching;
use runtime_core::join::AbortOnDrop;
use runtime_core::metadata::Metadata;

use crate::scheduler::core::Local;
use crate::scheduler::current;
use crate::scheduler::handle::Handle;
use crate::scheduler::shared::{Letter, Remote};
use crate::time::timer_queue::TimerKey;

/// Waits until `duration` has passed since the call, by the runtime's clock.
///
/// Made outside a runtime, as in `run(sleep(..))`, it begins to count when it is first polled. A
/// duration too long for an `Instant` to say is for ever.
///
/// # Panics
/// When polled on a thread without a runtime, or when its runtime is gone and no other loop by the
/// system's clock polls it: nobody would wake it.
///
/// # Cancel safety
/// Safe: dropping it forgets the timer, and a new one counts from its own call.
pub fn sleep(duration: Duration) -> Sleep {
    match Handle::try_current() {
        Ok(handle) => Sleep::placed_after(duration, handle),
        Err(_no_runtime) => Sleep { state: State::Unplaced(When::After(duration)) },
    }
}

/// Waits until `deadline`, by the runtime's clock. Ready at once if that has passed.
///
/// # Panics
/// As [`sleep`].
///
/// # Cancel safety
/// Safe: dropping it forgets the timer.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { state: State::Unplaced(When::At(deadline)) }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// `Send` and `Sync`: it may be polled on other threads and other executors. At home, on its
/// loop's thread, it is an entry in the loop's timer queue and costs no allocation; so it is in any
/// other loop that follows the system's clock, if it does so itself. Elsewhere it is a small task
/// at home that sleeps for it.
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    state: State,
}

enum State {
    /// Made outside a runtime: whose clock it follows is settled at the first poll.
    Unplaced(When),
    Placed {
        handle: Handle,
        /// `None` is never.
        deadline: Option<Instant>,
        timer: Timer,
    },
    Elapsed,
}

#[derive(Clone, Copy)]
enum When {
    After(Duration),
    At(Instant),
}

enum Timer {
    /// `ahead`: the clock has just been read for this deadline, which lies ahead of it, so the
    /// first poll need not read it again.
    Unset {
        ahead: bool,
    },
    /// In the loop's timer queue, until it has fired.
    Home(TimerKey),
    Away(AbortOnDrop<()>),
}

impl Sleep {
    fn placed_after(duration: Duration, handle: Handle) -> Sleep {
        let deadline = handle.clock().after(duration);
        let timer = Timer::Unset { ahead: !duration.is_zero() };
        Sleep { state: State::Placed { handle, deadline, timer } }
    }

    fn placed_at(deadline: Instant, handle: Handle) -> Sleep {
        let timer = Timer::Unset { ahead: false };
        Sleep { state: State::Placed { handle, deadline: Some(deadline), timer } }
    }

    /// When it is to end; `None` if never, or if its runtime is not settled yet.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Placed { deadline, .. } => deadline,
            State::Unplaced(When::At(deadline)) => Some(deadline),
            State::Unplaced(When::After(_)) | State::Elapsed => None,
        }
    }

    /// Whether it has ended: awaiting it returns at once.
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Elapsed)
    }

    fn place(&mut self, when: When) {
        let handle = match Handle::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("a sleep was polled, but {error}"),
        };
        *self = match when {
            When::After(duration) => Sleep::placed_after(duration, handle),
            When::At(deadline) => Sleep::placed_at(deadline, handle),
        };
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Unplaced(when) = self.state {
            self.place(when);
        }
        let State::Placed { handle, deadline, timer } = &mut self.state else {
            return Poll::Ready(());
        };
        let Some(deadline) = *deadline else { return Poll::Pending };
        if !timer.is_over(handle, deadline) && timer.poll(handle, deadline, cx).is_pending() {
            return Poll::Pending;
        }
        *self = Sleep { state: State::Elapsed };
        Poll::Ready(())
    }
}

impl Timer {
    /// Whether the deadline is known to have come. If the loop has not fired the timer, the clock
    /// is asked: so a sleep ends even in a task that never lets the loop fire its timers.
    #[inline]
    fn is_over(&mut self, handle: &Handle, deadline: Instant) -> bool {
        match *self {
            Timer::Unset { ahead: true } => false,
            Timer::Home(key) if has_fired(key, handle.remote()) => {
                *self = Timer::Unset { ahead: false };
                true
            }
            Timer::Unset { ahead: false } | Timer::Home(_) | Timer::Away(_) => {
                handle.clock().now() >= deadline
            }
        }
    }

    /// Sees to it that the caller is woken at `deadline`; `Ready` if that has been done.
    #[inline]
    fn poll(&mut self, handle: &mut Handle, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let Some(local) = current::turning().filter(|local| keeps_time_of(local, handle)) else {
            return self.poll_away(handle, deadline, cx);
        };
        if let Some(key) = self.move_to(&local, handle) {
            return renew(key, &local, cx.waker());
        }
        let waker = cx.waker().clone();
        let key = local.timers.borrow_mut().insert(&local.remote.clock, deadline, waker);
        *self = Timer::Home(key);
        Poll::Pending
    }

    #[cold]
    fn poll_away(&mut self, handle: &Handle, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if let Timer::Away(task) = self {
            return poll_task(Pin::new(task), cx);
        }
        self.unset(handle.remote());
        let task = handle.spawn(Metadata::here(), sleep_until(deadline));
        let mut task = task.abort_on_drop();
        let polled = poll_task(Pin::new(&mut task), cx);
        *self = Timer::Away(task);
        polled
    }

    /// Makes the loop that polls this the home, and says by which key it is set there already. The
    /// former home may be this one's caller, further up on the stack, and then nothing fires there
    /// before this returns.
    #[inline]
    fn move_to(&mut self, local: &Local, handle: &mut Handle) -> Option<TimerKey> {
        if !Arc::ptr_eq(&local.remote, handle.remote()) {
            self.unset(handle.remote());
            *handle = Handle::new(Arc::clone(&local.remote));
        }
        match *self {
            Timer::Home(key) => Some(key),
            Timer::Unset { .. } | Timer::Away(_) => None,
        }
    }

    fn unset(&mut self, remote: &Arc<Remote>) {
        if let Timer::Home(key) = *self {
            *self = Timer::Unset { ahead: false };
            forget(key, remote);
        }
    }
}

/// Whether a timer of the loop behind `remote` has fired; no, if this thread is not turning it.
#[inline]
fn has_fired(key: TimerKey, remote: &Arc<Remote>) -> bool {
    let fired = current::with_turning(|local| {
        Arc::ptr_eq(&local.remote, remote) && !local.timers.borrow().contains(key)
    });
    fired.unwrap_or(false)
}

/// Sees to it that a timer of this loop wakes this waker.
fn renew(key: TimerKey, local: &Local, waker: &Waker) -> Poll<()> {
    match local.timers.borrow_mut().get_mut(key) {
        None => return Poll::Ready(()),
        Some(stored) if stored.will_wake(waker) => return Poll::Pending,
        Some(_) => {}
    }
    // A waker is cloned and dropped while nothing is borrowed: both are foreign code.
    let mut waker = waker.clone();
    if let Some(stored) = local.timers.borrow_mut().get_mut(key) {
        std::mem::swap(stored, &mut waker);
    }
    drop_catching(waker);
    Poll::Pending
}

/// Has the loop behind `remote` forget a timer: at once, if this thread is turning it.
fn forget(key: TimerKey, remote: &Arc<Remote>) {
    match current::turning().filter(|local| Arc::ptr_eq(&local.remote, remote)) {
        Some(local) => forget_at_home(key, &local),
        None => {
            let errand = move |local: &Local| forget_at_home(key, local);
            // A loop that is gone has forgotten all its timers.
            drop(remote.post(Letter::Open(Box::new(errand))));
        }
    }
}

#[inline]
fn forget_at_home(key: TimerKey, local: &Local) {
    let waker = local.timers.borrow_mut().remove(key);
    drop_catching(waker);
}

/// Whether a deadline means the same in this loop as in the one behind `handle`.
fn keeps_time_of(local: &Local, handle: &Handle) -> bool {
    let is_home = Arc::ptr_eq(&local.remote, handle.remote());
    is_home || !(local.remote.clock.is_virtual() || handle.clock().is_virtual())
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
        if let State::Placed { handle, timer: Timer::Home(key), .. } = &self.state {
            forget(*key, handle.remote());
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
