//! HTTP through hyper on aside, with client and server in one loop.
//!
//! `cargo test --features hyper --test hyper`
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../it/support/watchdog.rs"]
mod watchdog;

mod peers;

mod bodies;
mod breaks;
mod exchanges;
mod limits;
#[cfg(feature = "hyper-client")]
mod pooled;
mod streams;
