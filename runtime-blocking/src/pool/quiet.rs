//! Deciding when a shutdown can return, and waking the threads that wait in a shutdown.

use std::mem;
use std::sync::Arc;

use runtime_core::park::Parker;
use runtime_core::sync::MutexGuard;

use crate::pool::shared::{PoolShared, PoolState};

impl PoolState {
    /// Takes the threads that wait in a shutdown, if the pool is quiet. The caller unparks them
    /// outside the lock.
    pub(crate) fn take_waiters_if_quiet(&mut self) -> Vec<Arc<Parker>> {
        if self.is_quiet() { mem::take(&mut self.shutdown_waiters) } else { Vec::new() }
    }

    /// Returns whether every thread has retired, except the threads whose jobs have shut the pool
    /// down.
    pub(crate) fn is_quiet(&self) -> bool {
        self.policy.threads() <= self.workers.shutting_down()
    }
}

impl PoolShared {
    /// Releases the lock. If the pool is quiet, wakes the threads that wait in a shutdown.
    pub(crate) fn notify_waiters_if_quiet(&self, mut state: MutexGuard<'_, PoolState>) {
        let waiters = state.take_waiters_if_quiet();
        drop(state);
        waiters.iter().for_each(|waiter| waiter.unpark());
    }
}
