//! The pool as its users hold it: handle, settings, statistics, shutdown.

pub(crate) mod builder;
pub(crate) mod handle;
pub(crate) mod shared;
pub(crate) mod shutdown;
pub(crate) mod stats;
pub(crate) mod submit_error;
