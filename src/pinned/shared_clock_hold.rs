//! One hold on a virtual clock for all calls of a runtime that wait for one state.
//!
//! A job at work holds a virtual clock, and lets go of it while it sleeps. If each call that waits
//! had a hold of its own, a call that sleeps would wait for the time, the time for the call behind
//! it, and that call for the one that sleeps. So the calls of a runtime that run or wait here share
//! one hold, and the one that runs lets go of it for all.

use std::sync::Arc;

use runtime_core::sync::Mutex;
use runtime_executor::ClockHold;

use crate::handle::Handle;

/// The runtimes with a virtual clock that have calls here. *Shared by* the handles of a state and
/// its calls. *Guarded by* its lock.
#[derive(Clone)]
pub(super) struct Shifts(Arc<Mutex<Vec<Shift>>>);

/// The calls of one runtime.
struct Shift {
    runtime: Handle,
    calls: usize,
    /// Dropped with the last of them.
    _hold: ClockHold,
}

/// One call's part in the hold.
pub(super) struct Share {
    shifts: Shifts,
    runtime: Handle,
}

impl Shifts {
    pub(super) fn new() -> Shifts {
        Shifts(Arc::new(Mutex::new(Vec::new())))
    }

    /// A share for one more call. `None` if the runtime's clock is the system's.
    pub(super) fn join(&self, runtime: &Handle) -> Option<Share> {
        let hold = runtime.hold_clock()?;
        let mut shifts = self.0.lock();
        let shift = shifts.iter_mut().find(|shift| shift.runtime.is_same_runtime(runtime));
        let surplus = match shift {
            Some(shift) => {
                shift.calls += 1;
                Some(hold)
            }
            None => {
                shifts.push(Shift { runtime: runtime.clone(), calls: 1, _hold: hold });
                None
            }
        };
        drop(shifts);
        drop(surplus);
        Some(Share { shifts: self.clone(), runtime: runtime.clone() })
    }

    /// Ends a call's part. The last one's shift comes out, to be dropped outside the lock.
    fn leave(&self, runtime: &Handle) -> Option<Shift> {
        let mut shifts = self.0.lock();
        let index = shifts.iter().position(|shift| shift.runtime.is_same_runtime(runtime))?;
        shifts[index].calls -= 1;
        (shifts[index].calls == 0).then(|| shifts.swap_remove(index))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        drop(self.shifts.leave(&self.runtime));
    }
}
