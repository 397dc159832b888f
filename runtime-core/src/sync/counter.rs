//! Process-wide numbers. They order nothing, so loom need not see them. In a build and in a model,
//! they are std's atomics.
#![allow(clippy::disallowed_types)]

#[cfg(target_has_atomic = "64")]
use std::sync::atomic::AtomicU64;
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(not(target_has_atomic = "64"))]
use crate::sync::wide_atomic::AtomicU64;

/// A counter that starts at zero.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at zero.
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// Returns the next number. No two calls return the same number.
    pub fn next(&self) -> u64 {
        // ORDERING: Relaxed. Only the number matters, and no two read-modify-writes return the
        // same.
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// A number that all threads of the process share, and that any of them may set.
#[derive(Debug, Default)]
pub struct Latest(AtomicU32);

impl Latest {
    /// The number zero.
    pub const fn new() -> Latest {
        Latest(AtomicU32::new(0))
    }

    /// Sets the number.
    pub fn set(&self, number: u32) {
        // ORDERING: Relaxed. The number is a process ID, so all threads of a process write the same
        // number.
        self.0.store(number, Ordering::Relaxed);
    }

    /// Returns the number that was set last, or an earlier one.
    #[inline]
    pub fn get(&self) -> u32 {
        // ORDERING: Relaxed. A thread that reads an earlier process ID asks the system once more.
        self.0.load(Ordering::Relaxed)
    }
}
