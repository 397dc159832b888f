//! A state on a thread of its own, for the runtimes that call it.
//!
//! The thread, its queue and the calls are those of [`runtime_blocking::PinnedState`]. This module
//! connects them with the runtime of the caller: that runtime is current inside a call, and its
//! virtual clock is held until the call has ended. The runtime's shutdown waits for the states
//! whose last handle was dropped on the runtime's loop.
//!
//! In reading order: [`pinned_handle`], [`pinned_builder`], [`shared_clock_hold`].

mod pinned_builder;
mod pinned_handle;
mod shared_clock_hold;

pub use pinned_builder::PinnedBuilder;
pub use pinned_handle::Pinned;
