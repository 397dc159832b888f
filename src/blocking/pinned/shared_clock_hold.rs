//! One hold on a virtual clock, shared by all calls of one runtime that wait for one state.
//!
//! A job holds the virtual clock of its runtime while it runs, and releases the clock while it
//! sleeps. If every waiting call had a hold of its own, a call that sleeps would deadlock. The
//! sleeping call waits for the time to advance, the time waits for the call that is queued next,
//! and that queued call waits for the sleeping call. The calls of one runtime that run or wait for
//! one state therefore share a hold, and the running call releases the hold for all of them.

use std::sync::Arc;

use runtime_core::sync::Mutex;
use runtime_executor::ClockHold;

use crate::handle::Handle;

/// One entry for each runtime that has a virtual clock, and whose calls to this state wait or run.
/// *Shared by* the handles of a state and its calls. *Guarded by* its mutex.
#[derive(Clone)]
pub(super) struct SharedClockHolds(Arc<Mutex<Vec<RuntimeHold>>>);

/// The hold that the calls of one runtime share.
struct RuntimeHold {
    runtime: Handle,
    /// The number of the runtime's calls that run or wait.
    calls: usize,
    /// Dropped with the last of these calls.
    _hold: ClockHold,
}

/// One call's share of the hold of its runtime. Dropping the last share releases the clock.
pub(super) struct ClockHoldShare {
    clock_holds: SharedClockHolds,
    runtime: Handle,
}

impl SharedClockHolds {
    pub(super) fn new() -> SharedClockHolds {
        SharedClockHolds(Arc::new(Mutex::new(Vec::new())))
    }

    /// Returns a share for one more call, or `None` if the runtime uses the system's clock.
    pub(super) fn join(&self, runtime: &Handle) -> Option<ClockHoldShare> {
        let hold = runtime.hold_clock()?;
        let mut entries = self.0.lock();
        let entry = entries.iter_mut().find(|entry| entry.runtime.is_same_runtime(runtime));
        let surplus = match entry {
            Some(entry) => {
                entry.calls += 1;
                Some(hold)
            }
            None => {
                entries.push(RuntimeHold { runtime: runtime.clone(), calls: 1, _hold: hold });
                None
            }
        };
        drop(entries);
        drop(surplus);
        Some(ClockHoldShare { clock_holds: self.clone(), runtime: runtime.clone() })
    }

    /// Removes one call of the runtime. If no other call of the runtime is left, its entry is
    /// returned, and the caller drops the entry outside the lock.
    fn leave(&self, runtime: &Handle) -> Option<RuntimeHold> {
        let mut entries = self.0.lock();
        let index = entries.iter().position(|entry| entry.runtime.is_same_runtime(runtime))?;
        entries[index].calls -= 1;
        (entries[index].calls == 0).then(|| entries.swap_remove(index))
    }
}

impl Drop for ClockHoldShare {
    fn drop(&mut self) {
        drop(self.clock_holds.leave(&self.runtime));
    }
}
