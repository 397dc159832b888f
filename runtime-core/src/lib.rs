//! What the rooms of the [aside](https://docs.rs/aside) runtime share.
//!
//! This crate starts no thread, polls no future of its own accord and makes no system call. It
//! holds the pieces on which the event loop (`runtime-executor`) and the blocking pool
//! (`runtime-blocking`) meet, so that the two need not know each other. In reading order:

pub mod sync;
