//! A process-wide counter. It hands out numbers and orders nothing, so no model needs to see it:
//! it is std's atomic in a build and in a model alike.
#![allow(clippy::disallowed_types)]

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts up from nought.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at nought.
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// The next number; no other caller gets the same.
    pub fn next(&self) -> u64 {
        // ORDERING: Relaxed. Only the number matters, and a read-modify-write never repeats one.
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
