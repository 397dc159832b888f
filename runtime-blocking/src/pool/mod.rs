//! The pool as its users hold it: handles, settings, statistics, shutdown.

mod awaited_jobs;
pub(crate) mod backpressure;
pub(crate) mod builder;
pub(crate) mod fork_guard;
pub(crate) mod handle;
pub(crate) mod lane;
pub(crate) mod lane_builder;
mod lane_owner;
pub(crate) mod no_thread;
pub(crate) mod owner;
pub(crate) mod quiet;
pub(crate) mod removal;
pub(crate) mod report;
pub(crate) mod settings;
pub(crate) mod shared;
pub(crate) mod shutdown;
pub(crate) mod stats;
mod submit;
pub(crate) mod submit_error;
