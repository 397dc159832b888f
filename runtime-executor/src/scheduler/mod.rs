//! One turn of the loop.

pub(crate) mod block_on;
pub(crate) mod core;
pub(crate) mod current;
pub(crate) mod event_loop;
pub(crate) mod handle;
pub(crate) mod observer;
pub(crate) mod shared;
pub(crate) mod shuffle;
#[cfg(all(feature = "net", unix))]
mod sockets;
pub(crate) mod thread_waker;
pub(crate) mod turn;
pub(crate) mod yield_now;
