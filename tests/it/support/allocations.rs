//! A global allocator that counts. It serves the whole process, so a test that uses the counts is a
//! binary of its own.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Returns the number of allocated bytes.
pub(crate) fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}

/// Returns the number of allocations up to now.
pub(crate) fn allocations() -> usize {
    ALLOCATOR.stats().allocations
}
