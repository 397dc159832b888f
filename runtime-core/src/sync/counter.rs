//! Process-wide numbers. They order nothing, so no model needs to see them: they are std's atomics
//! in a build and in a model alike.
#![allow(clippy::disallowed_types)]

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

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

/// A number of the process that anybody may set. It orders nothing, as the counter.
#[derive(Debug, Default)]
pub struct Latest(AtomicU32);

impl Latest {
    /// Nought.
    pub const fn new() -> Latest {
        Latest(AtomicU32::new(0))
    }

    /// Sets it.
    pub fn set(&self, number: u32) {
        // ORDERING: Relaxed. All that write it in one process write the same.
        self.0.store(number, Ordering::Relaxed);
    }

    /// What it was set to last, or before.
    #[inline]
    pub fn get(&self) -> u32 {
        // ORDERING: Relaxed. Who reads an older number asks once more.
        self.0.load(Ordering::Relaxed)
    }
}
