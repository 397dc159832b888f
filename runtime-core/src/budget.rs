//! The budget: the number of operations that one poll of a task completes before it yields.
//!
//! A task that awaits something that is always ready would never return to its loop. So the
//! operations of this workspace count. The loop refills the budget before it polls a task. Each
//! operation that is ready spends a unit. An operation that finds the budget used up wakes its task
//! and is pending once, so the loop polls the other tasks, fires timers and receives events before
//! it polls the task again.
//!
//! ```text
//! loop                   task                                                      left
//! refills                                                                          64
//!                        reads a socket: ready, spends a unit                      63
//!                        ...
//!                        reads a socket: ready, spends a unit                      0
//!                        reads a socket: used up, wakes the task, pending          1
//! polls other tasks
//! refills                                                                          64
//! ```
//!
//! - B1. An operation spends only when it is ready, so an operation that waits costs nothing.
//! - B2. An operation that yields leaves one unit. The task cannot pass the pending operation in
//!   the same poll, so the unit is for another branch of a group, which thereby proceeds in every
//!   poll, too. The unit also ends a foreign loop that polls the same operation until it is ready.
//! - B3. A sleep that is over at its first poll spends all that is left. A program relies on it to
//!   yield between long computations, so a tick that is late yields every time. It yields by a
//!   timer that is due now: the loop fires it after the timers that became due during the
//!   computation. With a virtual clock, under which computations take no time, it spends a unit.
//! - B4. Outside the polls of a loop the budget has no limit: on the thread of a job, in a foreign
//!   executor, and in a loop that a task turns, until that loop polls a task of its own.
//!
//! The budget is one thread-local number, made by a constant expression and never destroyed.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use crate::sync::thread_local_const;

/// The number of units of one poll. A turn of the loop for each 64 operations costs each of them
/// about five instructions.
const UNITS: u64 = 64;

/// The number of units where there is no limit. It lasts for five centuries at one unit per
/// nanosecond.
const NO_LIMIT: u64 = u64::MAX;

thread_local_const! {
    static LEFT: Cell<u64> = Cell::new(NO_LIMIT)
}

/// Refills the budget. A loop calls this before each poll of a task. Returns whether the previous
/// poll left one unit at most, so that it probably took long.
#[inline]
pub fn refill() -> bool {
    LEFT.with(|left| left.replace(UNITS)) <= 1
}

/// Returns whether the budget is used up, so the next operation yields.
#[inline]
pub fn is_used_up() -> bool {
    LEFT.with(|left| left.get() == 0)
}

/// Yields if the budget is used up. An operation calls this before it begins, if it cannot be
/// undone once it is ready, and calls [`spend`] when it is.
#[inline]
pub fn poll_available(cx: &mut Context<'_>) -> Poll<()> {
    if is_used_up() { yield_once(cx) } else { Poll::Ready(()) }
}

/// Spends a unit for an operation that is ready.
#[inline]
pub fn spend() {
    LEFT.with(|left| left.set(left.get().saturating_sub(1)));
}

/// Gives a unit back to an operation that has spent it and is not ready.
#[cold]
#[inline(never)]
pub fn give_back() {
    LEFT.with(|left| left.set(left.get().saturating_add(1)));
}

/// Spends a unit for an operation that can be completed now, or yields if the budget is used up.
#[inline]
pub fn poll_spend(cx: &mut Context<'_>) -> Poll<()> {
    let is_spent = LEFT.with(|left| left.get().checked_sub(1).map(|rest| left.set(rest)));
    if is_spent.is_none() { yield_once(cx) } else { Poll::Ready(()) }
}

/// Polls an operation, which spends a unit if it is ready. Yields instead if the budget is used up.
#[inline]
pub fn poll_operation<T>(
    cx: &mut Context<'_>,
    operation: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    ready!(poll_available(cx));
    let polled = operation(cx);
    if polled.is_ready() {
        spend();
    }
    polled
}

/// Spends a unit, and first yields if the budget is used up.
pub async fn consume() {
    poll_fn(poll_spend).await;
}

/// Spends all that is left (B3).
pub fn spend_all() {
    LEFT.with(|left| {
        if left.get() <= UNITS {
            left.set(0);
        }
    });
}

/// Leaves at least one unit, for the next branch of a group (B2).
#[inline]
pub fn leave_one() {
    if is_used_up() {
        LEFT.with(|left| left.set(1));
    }
}

/// B2.
#[cold]
fn yield_once(cx: &mut Context<'_>) -> Poll<()> {
    leave_one();
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Removes the limit until the guard is dropped (B4). Guards nest.
#[inline]
pub fn suspend() -> SuspendGuard {
    SuspendGuard { outer: LEFT.with(|left| left.replace(NO_LIMIT)) }
}

/// The guard of [`suspend`].
#[derive(Debug)]
#[must_use = "the budget has no limit until the guard is dropped"]
pub struct SuspendGuard {
    outer: u64,
}

impl Drop for SuspendGuard {
    #[inline]
    fn drop(&mut self) {
        LEFT.with(|left| left.set(self.outer));
    }
}
