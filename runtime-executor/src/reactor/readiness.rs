//! Readiness of one direction (read or write) of a descriptor.
//!
//! Descriptors are registered edge-triggered: the kernel reports each change from not ready to
//! ready once. A report must be remembered until an operation has returned `WouldBlock`, and a
//! report that arrives after that must not be lost.
//!
//! - R1. A task loads the current *tick*, a counter of reports, and tries the operation.
//! - R2. If the operation returns `WouldBlock`, the task clears the readiness of that tick, and of
//!   no later tick.
//! - R3. When the loop receives an event, it increments the tick, which makes the direction ready,
//!   and then wakes the waiting tasks.
//!
//! Two words hold the state: the last tick reported and the last tick cleared. The direction is
//! ready if they differ.
//!
//! # Three uses of the state
//!
//! The first tick of a new descriptor was reported by no event: readiness is only *assumed*, so
//! that the first operation costs no wait. The initial event of the registration replaces the
//! assumed tick.
//!
//! - *An operation that may wait* is tried if the direction is ready, assumed or reported.
//!   Otherwise it waits for the next event, without a system call.
//! - *A wait for readiness* (`readable`, `writable`) is over if the direction is ready by an event.
//!   It ignores the assumed tick. The readiness may have been used up since its event, because only
//!   an operation can find that out.
//! - *An operation that never waits* (`try_read`) is always tried. If the direction is not ready,
//!   the operation asks the kernel, since an event may not have been received yet. Its result
//!   changes nothing then: a success leaves that event to be received, and `WouldBlock` is what the
//!   state says already.
//!
//! ```text
//!           R2: clears the last tick
//!   READY ─────────────────────────► NOT READY
//!    │ ▲ ▲ ◄────────────────────────── │
//!    │ └─┘         R3: set             │ shut down
//!    │  R3: set, another tick          ▼
//!    └────────── shut down ───────► SHUT DOWN
//! ```
//!
//! # The race between R2 and R3
//!
//! ```text
//! task                                 loop                       reported  cleared
//! R1: loads tick 7; recv would block                                     7        6
//!                                      R3: increments the tick           8        6
//! R2: clears tick 7                                                      8        7   still ready:
//! R1: loads tick 8 and tries again                                                    8 is not 7
//! ```
//!
//! A task that finds the direction not ready registers its waker under the lock under which R3
//! increments the tick. R3 therefore happens either before the task checks again, which sees the
//! new tick, or after the registration, and wakes the task.
//!
//! If two tasks clear different ticks at the same time, the older tick may be stored last. The
//! direction then counts as ready once more, and the next operation that returns `WouldBlock`
//! corrects it.
//!
//! # Short transfers
//!
//! With edge-triggered events each request would cost one extra read, which finds nothing. For a
//! TCP stream on Linux this extra read is not needed. A read that returns fewer bytes than the
//! buffer can hold has emptied the socket. A write that transfers fewer bytes than requested has
//! filled the socket. After such a short transfer, the readiness can be cleared at once. Two
//! conditions may remain after the data is used up, if one event reported them together with the
//! data:
//!
//! - *The end of the stream*, an error, or a hang-up. The next read must find this condition,
//!   because no further event will report it.
//! - *Urgent data*. A read stops in front of urgent data, although more data may follow.
//!
//! An event shows whether one of these conditions was present when the event was received. A
//! condition that occurs later causes an event of its own. A short transfer therefore clears a tick
//! whose event reported data alone. Any other tick is cleared only by `WouldBlock`.
//!
//! For other descriptors only `WouldBlock` clears the readiness, because the rule for short
//! transfers has not been shown to hold for them. A read of a Unix stream stops at a passed
//! descriptor. Nothing is known of datagrams, pipes and descriptors that the program brings. The
//! events of systems other than Linux report less. A transfer of zero bytes clears nothing: the
//! stream has ended, or no bytes were requested.

use std::task::Poll;

use runtime_core::sync::atomic::{AtomicU32, Ordering};

use super::selector::ReadinessEvent;

/// The loop will report nothing more.
const SHUT_DOWN: u32 = 1;
/// The last event reported more than data.
const BEYOND_DATA: u32 = 2;
/// No event has been received: the direction counts as ready for operations only.
const ASSUMED: u32 = 4;
/// The other bits count the events. A task would have to sleep through 2^29 events to see the same
/// tick again.
const TICK: u32 = 8;

/// The number of the last report that a task has seen. The task may clear this report, and no later
/// report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick(u32);

impl Tick {
    /// Returns whether a short transfer clears this tick.
    pub(super) fn is_of_data_alone(self) -> bool {
        self.0 & BEYOND_DATA == 0
    }
}

/// The error of a source whose reactor has shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReactorGone;

/// The readiness of one direction.
///
/// *Shared by* the loop and all users of the descriptor. *Guarded by* the lock of its source for
/// `set` and `shut_down`; `check` and `clear` take no lock. *Woken by* the source.
#[derive(Debug)]
pub(super) struct Readiness {
    reported: AtomicU32,
    cleared: AtomicU32,
}

impl Readiness {
    /// Returns a state that is assumed to be ready: the first operation is tried without an event.
    /// No event has reported more than data.
    pub(super) fn new() -> Readiness {
        Readiness { reported: AtomicU32::new(TICK | ASSUMED), cleared: AtomicU32::new(0) }
    }

    /// R1. Returns the current tick, or `Pending` if the direction is not ready.
    #[inline]
    pub(super) fn check(&self) -> Poll<Result<Tick, ReactorGone>> {
        // ORDERING: Relaxed. A task that finds the direction not ready checks again under the lock.
        // A task that finds an old tick tries in vain and clears that old tick.
        let reported = self.reported.load(Ordering::Relaxed);
        if reported & SHUT_DOWN != 0 {
            return Poll::Ready(Err(ReactorGone));
        }
        // ORDERING: Relaxed. This thread's own clears are visible. If this thread misses a clear of
        // another thread, it tries once in vain.
        let cleared = self.cleared.load(Ordering::Relaxed);
        if reported == cleared { Poll::Pending } else { Poll::Ready(Ok(Tick(reported))) }
    }

    /// R1 for a wait for readiness. Returns `Pending` if the readiness is only assumed, too.
    pub(super) fn check_reported(&self) -> Poll<Result<Tick, ReactorGone>> {
        match self.check() {
            Poll::Ready(Ok(Tick(tick))) if tick & ASSUMED != 0 => Poll::Pending,
            checked => checked,
        }
    }

    /// R2. Does nothing if there was a later report.
    #[inline]
    pub(super) fn clear(&self, Tick(seen): Tick) {
        // ORDERING: Relaxed. This check only saves a store: an old tick need not be stored.
        if self.reported.load(Ordering::Relaxed) == seen {
            // ORDERING: Relaxed. A thread that loads this value can conclude that an operation
            // returned `WouldBlock` after this tick was reported. This holds for each value that
            // any thread stores, so the stores need no order.
            self.cleared.store(seen, Ordering::Relaxed);
        }
    }

    /// R3. The loop calls this under the lock of the source.
    pub(super) fn set(&self, event: &ReadinessEvent) {
        // ORDERING: Relaxed, twice. Only the holder of the lock stores this word.
        let reported = self.reported.load(Ordering::Relaxed) & !(BEYOND_DATA | ASSUMED);
        let beyond_data = if event.beyond_data { BEYOND_DATA } else { 0 };
        self.reported.store(reported.wrapping_add(TICK) | beyond_data, Ordering::Relaxed);
    }

    /// Makes every later check fail. The caller holds the lock.
    pub(super) fn shut_down(&self) {
        // ORDERING: Relaxed, twice. Only the holder of the lock stores this word.
        let reported = self.reported.load(Ordering::Relaxed);
        self.reported.store(reported | SHUT_DOWN, Ordering::Relaxed);
    }
}
