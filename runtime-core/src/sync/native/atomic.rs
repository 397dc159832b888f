//! Atomics and their orderings: std's.

#[cfg(target_has_atomic = "64")]
pub use std::sync::atomic::AtomicU64;
pub use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};

#[cfg(not(target_has_atomic = "64"))]
pub use crate::sync::wide_atomic::AtomicU64;
