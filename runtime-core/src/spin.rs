//! The bounded spin of a thread before it parks.
//!
//! To wake a thread that sleeps on an idle core takes longer than a short job: the core has halted,
//! and the waking thread must send it an interrupt. A thread that expects to be unparked soon may
//! therefore look for the notification for a limited time, and park only if it finds none.
//!
//! A spin only delays the park. It changes neither the parker's word nor its handshake:
//!
//! - An unpark during the spin finds RUNNING, swaps in NOTIFIED and makes no system call. A look
//!   that reads NOTIFIED ends the spin. The look is only a hint. The owner's next
//!   [`take_notification`](Parker::take_notification) or park takes the notification, and with it
//!   the data.
//! - The last look is not the last check. An unpark may follow it, and makes the exchange of P2
//!   fail:
//!
//! ```text
//! another thread                    owner                                       the word
//!                                   the last look finds no notification         RUNNING
//! P1 sends a message
//! P1 swaps, finds RUNNING                                                       NOTIFIED
//!                                   P2 RUNNING → PARKED fails: no sleep
//!                                   P3 swaps, finds NOTIFIED; checks again      RUNNING
//! ```
//!
//! # Spins in vain
//!
//! A spin is in vain if the thread that would unpark the owner needs the same core, or if its work
//! takes longer than the limit. So the results of former spins decide whether the next park begins
//! with a spin. After `n` spins in a row that were in vain, the next 2^n - 1 parks begin without
//! one, 63 at most. A spin that finds a notification ends such a row.

use std::time::Duration;

use crate::park::Parker;
use crate::sync::Mutex;
use crate::sync::thread::SpinWait;

/// The longest row of spins in vain that counts: after it, one park in 64 begins with a spin.
const ROW_MAX: u32 = 6;

/// The setting of a spin, and the results of former spins.
///
/// *Shared by* the threads that spin with this setting. *Guarded by* its mutex, which is not held
/// during a spin. *Woken by* nothing: the parker's word ends a spin.
#[derive(Debug)]
pub struct Spin {
    /// The longest spin. Zero if the threads do not spin.
    limit: Duration,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    /// The number of spins in a row that were in vain, up to `ROW_MAX`.
    in_vain: u32,
    /// The number of next parks that begin without a spin.
    skipped: u32,
}

/// The reason why a spin ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SpinEnd {
    Notified,
    /// There was nothing left to wait for, or other work.
    Over,
    InVain,
}

impl Spin {
    /// A spin of at most `limit`. Zero turns the spin off.
    pub fn new(limit: Duration) -> Spin {
        Spin { limit, history: Mutex::new(History::default()) }
    }

    /// Returns whether the limit is not zero.
    #[inline]
    pub fn is_on(&self) -> bool {
        !self.limit.is_zero()
    }

    /// Looks for a notification of `parker` until the limit or `at_most` has passed, or `is_over`
    /// returns true, without sleeping. Returns whether there is a notification, which the owner
    /// takes afterwards. Returns false at once if former spins were in vain. Only the owner of the
    /// parker calls this method, if the spin [is on](Spin::is_on).
    pub fn before_park(
        &self,
        parker: &Parker,
        at_most: Option<Duration>,
        is_over: impl FnMut() -> bool,
    ) -> bool {
        if !self.history.lock().is_due() {
            return false;
        }
        let limit = at_most.map_or(self.limit, |at_most| at_most.min(self.limit));
        let end = spin(parker, limit, is_over);
        self.history.lock().add(end);
        end == SpinEnd::Notified
    }
}

impl History {
    /// Returns whether the next park begins with a spin.
    fn is_due(&mut self) -> bool {
        let is_due = self.skipped == 0;
        self.skipped = self.skipped.saturating_sub(1);
        is_due
    }

    fn add(&mut self, end: SpinEnd) {
        match end {
            SpinEnd::Notified => *self = History::default(),
            SpinEnd::Over => {}
            SpinEnd::InVain => {
                self.in_vain = ROW_MAX.min(self.in_vain + 1);
                self.skipped = (1 << self.in_vain) - 1;
            }
        }
    }
}

fn spin(parker: &Parker, limit: Duration, mut is_over: impl FnMut() -> bool) -> SpinEnd {
    let mut wait = SpinWait::new(limit);
    loop {
        if parker.is_notified() {
            return SpinEnd::Notified;
        }
        if is_over() {
            return SpinEnd::Over;
        }
        if !wait.pause() {
            return SpinEnd::InVain;
        }
    }
}

#[cfg(test)]
mod tests;
