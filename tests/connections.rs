//! Ten thousand connections that come and go, and readers that are slow: nothing is lost, nothing
//! is left, and memory is bounded. A process of its own, because it counts its descriptors and its
//! memory; so it is one test.
#![cfg(all(feature = "net", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

#[path = "connections/plan.rs"]
mod plan;
#[path = "connections/random.rs"]
mod random;
#[path = "connections/slow.rs"]
mod slow;
#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::alloc::System;

use aside::Runtime;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are allocated now.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated)
}

/// As many descriptors as many systems give a process.
const DESCRIPTORS: u64 = 1024;

#[test]
fn connections_come_and_go_and_leave_nothing() {
    watchdog::watched(|| {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), maximum }).unwrap();
        random::ten_thousand_connections_come_and_go_at_random();
        slow::readers_that_are_slow_cost_no_memory_and_hold_nobody_up();
    });
}

/// How many descriptors this process has.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// How many descriptors the system tells this process of, by all its epoll instances.
fn told_of() -> usize {
    let infos = std::fs::read_dir("/proc/self/fdinfo").unwrap();
    let texts = infos.filter_map(|info| std::fs::read_to_string(info.unwrap().path()).ok());
    texts.map(|text| text.lines().filter(|line| line.starts_with("tfd:")).count()).sum()
}

/// Asserts that no socket of this runtime is left: by its own count, and by the system's, which
/// knows the alarm by each of two descriptors of one epoll instance.
fn assert_nothing_is_registered(runtime: &Runtime) {
    let shown = format!("{:?}", runtime.handle());
    assert!(shown.contains("registered: 0"), "{shown}");
    assert_eq!(told_of(), 2);
}
