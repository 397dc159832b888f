//! Runs the cells whose figure is a number of bytes. This program is like `versus`, with an
//! allocator that counts.

use std::alloc::System;
use std::io::Result;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(2).collect();
    versus::cell::main(&words, live_bytes)
}

fn live_bytes() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}
