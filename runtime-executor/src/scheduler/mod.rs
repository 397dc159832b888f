//! The loop: its two parts, its turns, and the ways to reach it.

pub(crate) mod block_on;
pub(crate) mod close;
pub(crate) mod core;
pub(crate) mod current;
pub(crate) mod enter;
pub(crate) mod event_loop;
pub(crate) mod events;
pub(crate) mod handle;
mod host;
mod host_state;
pub(crate) mod idle;
pub(crate) mod idle_check;
pub(crate) mod loop_spin;
pub(crate) mod no_runtime;
pub(crate) mod observer;
pub(crate) mod remote_spawn;
pub(crate) mod report;
pub(crate) mod shared;
pub(crate) mod shuffle;
#[cfg(all(feature = "net", unix))]
pub(crate) mod socket_watch;
#[cfg(all(feature = "net", unix))]
mod sockets;
pub(crate) mod thread_waker;
pub(crate) mod turn;
pub(crate) mod yield_now;
