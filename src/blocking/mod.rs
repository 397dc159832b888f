//! Blocking calls: pools of threads for closures that block, executors of your own, and states that
//! stay on one thread.

pub(crate) mod executor;
mod pinned;
pub(crate) mod spawn;

pub use executor::Executor;
pub use pinned::{Pinned, PinnedBuilder};

pub use runtime_core::fork::ForkedError;

pub use runtime_blocking::{
    CancelHook, CancelToken, Cancelled, Deadlock, Lane, LaneBuilder, LaneStats, PinnedCallError,
    Pool, PoolBuilder, PoolReport, Priority, RunningJob, Shutdown, Stats, SubmitError,
    check_cancelled, is_cancelled,
};
