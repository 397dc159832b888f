//! The blocking executor: pools of threads for closures that block, and states that one thread
//! keeps.

mod executor;
mod pinned;
pub(crate) mod spawn;

pub use executor::Executor;
pub use pinned::{Pinned, PinnedBuilder};

pub use runtime_blocking::{
    Builder as PoolBuilder, CancelHook, CancelToken, Cancelled, Deadlock, Lane, LaneBuilder,
    LaneStats, PinnedCallError, Pool, PoolReport, Priority, RunningJob, Shutdown, Stats,
    SubmitError, check_cancelled, is_cancelled,
};
