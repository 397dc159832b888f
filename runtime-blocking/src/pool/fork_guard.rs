//! A pool in a forked child, which has none of the pool's threads.

use runtime_core::fork::ForkedError;
use runtime_core::sync::{MutexGuard, lock_unless};

use crate::pool::shared::{PoolShared, PoolState};
use crate::pool::submit_error::Rejection;
use crate::queue::ticket::Ticket;

impl PoolShared {
    /// Fails if this process is a forked child, which has none of the pool's threads.
    pub(crate) fn check_process(&self) -> Result<(), ForkedError> {
        self.process.check()
    }

    /// Locks the state, from any thread. In a forked child, the lock may be held for ever by a
    /// thread that does not exist there. In that case this function fails.
    pub(crate) fn lock_checked(&self) -> Result<MutexGuard<'_, PoolState>, ForkedError> {
        let mut forked = Ok(());
        let is_hopeless = || {
            forked = self.process.check();
            forked.is_err()
        };
        match lock_unless(&self.state, is_hopeless) {
            Some(state) => Ok(state),
            None => Err(forked.expect_err("the lock is hopeless only in a forked child")),
        }
    }

    /// Locks the state where no error can be returned.
    ///
    /// # Panics
    /// In a forked child, if the lock was held at the fork.
    #[track_caller]
    pub(crate) fn lock_to_look(&self) -> MutexGuard<'_, PoolState> {
        match self.lock_checked() {
            Ok(state) => state,
            Err(forked) => panic!("the blocking pool cannot be used: {forked}"),
        }
    }

    /// Locks the state for a submit, if the pool accepts jobs. The first call fixes the process in
    /// which the pool is usable.
    #[inline]
    pub(super) fn lock_for_submit(&self) -> Result<MutexGuard<'_, PoolState>, Rejection> {
        self.process.check_cheaply().map_err(Rejection::Forked)?;
        let state = self.lock_checked().map_err(Rejection::Forked)?;
        if state.policy.is_closed() {
            drop(state);
            return Err(self
                .check_process()
                .map_or_else(Rejection::Forked, |()| Rejection::Closed));
        }
        Ok(state)
    }

    /// Asks the system for the process ID before a thread is woken or started, which takes a system
    /// call anyway. In a forked child, this closes the pool and takes the job back. The jobs of the
    /// parent stay in the queue.
    #[inline]
    pub(super) fn check_before_dispatch(&self, ticket: Ticket) -> Result<(), Rejection> {
        self.check_process().map_err(|forked| self.close_in_child(ticket, forked))
    }

    #[cold]
    fn close_in_child(&self, ticket: Ticket, forked: ForkedError) -> Rejection {
        let mut state = self.lock();
        state.policy.close();
        let removal = state.remove_job(ticket);
        drop(state);
        drop(removal);
        Rejection::Forked(forked)
    }
}
