//! The monitor: a worker that watches whether the queue moves, and adds threads when it does not.

use std::time::Instant;

use runtime_core::park::Unparked;

use crate::worker::growth::MonitorAction;
use crate::worker::lifecycle::{Worker, WorkerStep};
use crate::worker::policy::Dispatch;
use crate::worker::round::PATIENCE;

impl Worker {
    /// Watches whether the queue moves, and adds threads when it does not.
    pub(super) fn monitor(&self) -> WorkerStep {
        let mut seen = None;
        loop {
            let now = Instant::now();
            let mut state = self.shared.lock();
            if seen.is_none() {
                state.record_monitor(self.id);
            }
            match state.policy.tick(seen) {
                MonitorAction::WaitAgain(count) => {
                    drop(state);
                    seen = Some(count);
                }
                MonitorAction::Grow { by, seen: count } => {
                    drop(state);
                    self.shared.record_growth(by);
                    self.grow(by);
                    seen = Some(count);
                }
                MonitorAction::Take => {
                    state.record_monitor_end(self.id);
                    return self.take_job(state, now, Dispatch::Nothing);
                }
                MonitorAction::StandDown => {
                    state.record_monitor_end(self.id);
                    return self.become_idle(state, now);
                }
                MonitorAction::Retire => {
                    state.record_monitor_end(self.id);
                    return self.retire(state);
                }
            }
            // Nothing unparks the monitor, so a notification is left over from an earlier wait.
            let deadline = Instant::now().checked_add(PATIENCE);
            while self.parker.park(deadline) == Unparked::Notified {}
        }
    }

    fn grow(&self, by: usize) {
        for _ in 0..by {
            let mut state = self.shared.lock();
            let dispatch = state.policy.grow();
            if dispatch == Dispatch::Nothing {
                return;
            }
            let assignment = state.assign(dispatch);
            drop(state);
            self.shared.carry_out_on_worker(assignment);
        }
    }
}
