//! The relation of the current thread to a pool, and the numbers of pools, workers and cores.

use std::fmt;

use runtime_core::context::{self, ThreadRole};
use runtime_core::sync::counter::Counter;

/// The number of pools that were made.
static POOLS: Counter = Counter::new();

/// Identifies a pool among all pools of the process, past and future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolId(u64);

impl PoolId {
    pub(crate) fn next() -> PoolId {
        PoolId(POOLS.next())
    }
}

/// Identifies a worker within its pool: the index of its row in the
/// [table](crate::worker::table).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WorkerId(u32);

impl WorkerId {
    pub(crate) fn of_row(index: usize) -> WorkerId {
        WorkerId(u32::try_from(index).expect("a pool has fewer than 2^32 threads"))
    }

    pub(crate) fn row(self) -> usize {
        self.0 as usize
    }
}

/// Identifies a core of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CoreId(pub(super) usize);

/// The number in the name of the worker's thread, counted from 1.
impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.row() + 1)
    }
}

/// The relation of a thread to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// The thread is not a worker of the pool.
    Outsider,
    /// The thread is this worker.
    Worker(WorkerId),
    /// The thread was a worker and has retired; its thread-locals are being destroyed. A shutdown
    /// that is called by a destructor of these thread-locals must not wait for this thread.
    Retired,
}

/// Returns the relation of the current thread to this pool.
pub(crate) fn membership(id: PoolId) -> Membership {
    match context::role() {
        ThreadRole::Worker { pool, worker } if pool == id.0 => {
            Membership::Worker(WorkerId::of_row(worker))
        }
        ThreadRole::RetiredWorker { pool } if pool == id.0 => Membership::Retired,
        _ => Membership::Outsider,
    }
}

/// Marks the current thread as this worker.
pub(crate) fn enter(id: PoolId, worker: WorkerId) {
    context::set_role(ThreadRole::Worker { pool: id.0, worker: worker.row() });
}

/// Marks the current thread, a worker of this pool, as retired.
pub(crate) fn retire(id: PoolId) {
    context::set_role(ThreadRole::RetiredWorker { pool: id.0 });
}
