//! A state on a thread of its own, as seen by the runtimes that call it.
//!
//! The thread, its queue and the calls are those of [`runtime_blocking::PinnedState`]. This module
//! adds what ties them to a runtime: inside a call the runtime of the caller is current, its
//! virtual clock is held until the call has ended, and its shutdown waits for states whose last
//! handle was dropped on its loop.
//!
//! In reading order: [`pinned_handle`], [`pinned_builder`], [`shared_clock_hold`].

mod pinned_builder;
mod pinned_handle;
mod shared_clock_hold;

pub use pinned_builder::PinnedBuilder;
pub use pinned_handle::Pinned;
