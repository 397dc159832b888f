//! What the rooms of the [aside](https://docs.rs/aside) runtime share.
//!
//! This crate starts no thread, polls no future of its own accord and makes no system call but to
//! sleep. It holds the pieces on which the event loop (`runtime-executor`) and the blocking pool
//! (`runtime-blocking`) meet, so that the two need not know each other. In reading order:
//!
//! - [`sync`]: the facade from which all shared state comes, so that loom can check it;
//! - [`park`]: how a thread sleeps and is woken;
//! - [`metadata`]: who a task or job is;
//! - [`completion`]: the cell where a result meets who awaits it, and [`join`], its reading end;
//! - [`slab`]: values by generational key;
//! - [`clock`]: system time and virtual time;
//! - [`catch_panic`]: calls to users' code whose panic must not propagate;
//! - [`context`]: the role of the current thread;
//! - [`fork`]: detection of forked children;
//! - [`watch`]: who watches what this thread waits for, so that no job waits for itself.

pub mod catch_panic;
pub mod clock;
pub mod completion;
pub mod context;
pub mod fork;
pub mod join;
mod join_error;
pub mod metadata;
pub mod park;
pub mod slab;
pub mod sync;
pub mod watch;
