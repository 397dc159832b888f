//! A loop keeps the memory of finished tasks for the next wave of tasks, and gives back what a
//! single spike has left.
//!
//! The counting allocator serves the whole process, so one test runs both cases in turn.
#![allow(clippy::unwrap_used)]

#[path = "it/support/allocations.rs"]
mod allocations;
#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::time::Duration;

use aside::time::Clock;
use aside::{Runtime, sleep, spawn};

use crate::allocations::{allocations, live};

#[test]
fn waves_keep_their_memory_and_a_spike_gives_it_back() {
    watchdog::watched(|| {
        equal_waves_do_not_allocate();
        a_spike_is_given_back();
    });
}

/// Spawns tasks that sleep, and awaits them.
async fn wave(tasks: usize) {
    let sleep = |number| sleep(Duration::from_millis(number as u64 * 7_919 % 100 + 1));
    let tasks: Vec<_> = (0..tasks).map(|number| spawn(sleep(number))).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Waves of equal numbers of tasks use the memory of their predecessors, although the loop runs out
/// of ready tasks a hundred times in each wave.
fn equal_waves_do_not_allocate() {
    let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
    let waves = || {
        let before = allocations();
        runtime.block_on(async {
            for _ in 0..30 {
                wave(200).await;
            }
        });
        allocations() - before
    };
    waves();
    let allocated = waves();
    // Each wave allocates its list of handles. The bound allows some allocations of the harness.
    assert!(allocated <= 40, "30 waves of 200 tasks made {allocated} allocations");
}

/// The memory of many tasks and timers is freed once the loop has slept often enough after them.
fn a_spike_is_given_back() {
    const TASKS: usize = 20_000;
    let runtime = Runtime::builder().clock(Clock::virtual_time()).build();
    let idle = |times| {
        runtime.block_on(async move {
            for _ in 0..times {
                sleep(Duration::from_millis(1)).await;
            }
        });
    };
    idle(100);
    let before = live();
    runtime.block_on(wave(TASKS));
    let spike = live() - before;
    assert!(spike > 200 * TASKS, "finished tasks are kept for the next wave: {spike} bytes");
    idle(5_000);
    let left = live().saturating_sub(before);
    assert!(left < 16 * TASKS, "{left} of {spike} bytes are left after 5,000 sleeps");
}
