//! Starting a worker's thread, and continuing without the thread if the system refuses it.

use std::io;
use std::sync::Arc;

use crate::deadlock::detect;
use crate::pool::no_thread::NoThread;
use crate::pool::shared::{LockedPool, PoolShared};
use crate::worker::current::WorkerId;
use crate::worker::growth::StartFailure;
use crate::worker::lifecycle;
use crate::worker::policy::Role;

/// Starts the thread of a reserved row. Fails if the thread cannot be started and the pool has no
/// other thread.
pub(crate) fn start_worker(
    shared: &Arc<PoolShared>,
    worker: WorkerId,
    role: Role,
) -> Result<(), NoThread> {
    let owned = Arc::clone(shared);
    let started =
        shared.settings.start_thread(worker, Box::new(move || lifecycle::run(owned, worker, role)));
    let mut state = shared.lock();
    match started {
        Ok(handle) => {
            state.threads.deposit(worker, handle);
            shared.notify_waiters_if_quiet(state);
            Ok(())
        }
        Err(error) => {
            state.release_worker(worker);
            continue_without(shared, state, role, error)
        }
    }
}

#[cold]
fn continue_without(
    shared: &Arc<PoolShared>,
    mut state: LockedPool<'_>,
    role: Role,
    error: io::Error,
) -> Result<(), NoThread> {
    match state.policy.could_not_start(role) {
        StartFailure::Continue(dispatch) => {
            let assignment = state.assign(dispatch);
            shared.notify_waiters_if_quiet(state);
            let carried_out = shared.carry_out(assignment);
            detect::refuse_deadlocked(shared);
            carried_out
        }
        StartFailure::NoThread => {
            let jobs = state.drain_jobs(|_| true);
            shared.notify_waiters_if_quiet(state);
            Err(NoThread { error, jobs })
        }
    }
}
