//! A 64-bit atomic for processors that have none, such as PowerPC, MIPS and ARMv5 of 32 bits.
//!
//! It is a number behind a lock, and has the methods that the packages use. Each operation is a
//! critical section, so it orders at least as much as the ordering that its caller names. The lock
//! is held for a few instructions, and no code of a user runs under it.

use std::sync::atomic::Ordering;

use parking_lot::Mutex;

/// A number that threads share.
#[derive(Debug, Default)]
pub struct AtomicU64(Mutex<u64>);

impl AtomicU64 {
    /// A number with this value.
    pub const fn new(value: u64) -> AtomicU64 {
        AtomicU64(parking_lot::const_mutex(value))
    }

    /// Returns the value.
    pub fn load(&self, _: Ordering) -> u64 {
        *self.0.lock()
    }

    /// Sets the value.
    pub fn store(&self, value: u64, _: Ordering) {
        *self.0.lock() = value;
    }

    /// Sets the value, and returns the previous one.
    pub fn swap(&self, value: u64, _: Ordering) -> u64 {
        self.update(|_| value)
    }

    /// Adds to the value, and returns the previous one.
    pub fn fetch_add(&self, value: u64, _: Ordering) -> u64 {
        self.update(|before| before.wrapping_add(value))
    }

    /// Keeps the bits that are set in `value`, and returns the previous value.
    pub fn fetch_and(&self, value: u64, _: Ordering) -> u64 {
        self.update(|before| before & value)
    }

    /// Sets the bits that are set in `value`, and returns the previous value.
    pub fn fetch_or(&self, value: u64, _: Ordering) -> u64 {
        self.update(|before| before | value)
    }

    /// Raises the value to `value`, and returns the previous one.
    pub fn fetch_max(&self, value: u64, _: Ordering) -> u64 {
        self.update(|before| before.max(value))
    }

    fn update(&self, change: impl FnOnce(u64) -> u64) -> u64 {
        let mut value = self.0.lock();
        let before = *value;
        *value = change(before);
        before
    }
}

#[cfg(test)]
mod tests;
