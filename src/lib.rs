//! aside
mod context;
mod front;
mod handle;
mod named;
pub mod observe;
mod runtime;

/// The blocking executor: pools of threads for closures that block.
pub mod blocking {
    pub use runtime_blocking::{
        Builder as PoolBuilder, Pool, Report, Shutdown, Stats, Straggler, SubmitError,
    };
}

/// The clock, and what waits for it.
pub mod time {
    pub use crate::front::now;
    pub use runtime_core::clock::Clock;
    pub use runtime_executor::{
        Elapsed, Interval, MissedTicks, Sleep, Timeout, interval, sleep, sleep_until, timeout,
        timeout_at,
    };
}

/// Several futures awaited as one, within one task: what [`gather()`] and its kin return and take.
pub mod group {
    pub use runtime_core::gather::{
        Cancelled, Gather, IntoGather, Scope, ScopeFuture, ScopedHandle, marker,
    };
}

pub use front::{run, run_in_executor, spawn, spawn_blocking};
pub use handle::Handle;
pub use named::{Named, named};
pub use runtime::{Builder, Runtime, ShutdownReport};
pub use runtime_core::gather::{first_ok, gather, race, scope, try_gather};
pub use runtime_core::join::{AbortOnDrop, JoinError, JoinHandle};
pub use runtime_core::origin::{Id, Origin};
pub use runtime_executor::{
    NextTurn, NoRuntimeError, Turn, interval, sleep, sleep_until, timeout, timeout_at, yield_now,
};
