//! The threads of a pool.

mod core_follower;
mod cores;
pub(crate) mod current;
mod events;
pub(crate) mod growth;
pub(crate) mod lifecycle;
pub(crate) mod monitor;
pub(crate) mod policy;
pub(crate) mod round;
pub(crate) mod signal_mask;
pub(crate) mod start;
pub(crate) mod start_backoff;
pub(crate) mod table;
pub(crate) mod thread_handles;
pub(crate) mod worker_spin;
