//! The bytes and the allocations of a task that waits. `docs/internals/performance.md` has a table.
//!
//! The counting allocator serves the whole process, so one test runs all cases in turn.
#![allow(clippy::unwrap_used)]

#[path = "it/support/allocations.rs"]
mod allocations;
#[allow(dead_code)]
#[path = "it/support/watchdog.rs"]
mod watchdog;

use std::future::poll_fn;
use std::hint::black_box;
use std::sync::Arc;
use std::task::Poll;

use aside::{JoinHandle, spawn, yield_now};

use crate::allocations::{allocations, live};

/// The number of tasks for which the tables of the runtime are as full as possible.
const TASKS: usize = 1 << 16;

/// The bytes and the allocations for each task.
#[derive(Debug)]
struct Cost {
    bytes: f64,
    allocations: f64,
}

/// A future that holds one reference and is never ready.
async fn wait<T>(held: Arc<()>) -> T {
    poll_fn(|_cx| Poll::<()>::Pending).await;
    drop(held);
    unreachable!("nothing wakes the task")
}

/// Spawns tasks and lets them begin to wait. Their handles do not count.
fn idle_tasks<T: 'static>() -> Cost {
    aside::run(async {
        let held = Arc::new(());
        let mut tasks: Vec<JoinHandle<T>> = Vec::with_capacity(TASKS);
        let before = (live(), allocations());
        for _ in 0..TASKS {
            tasks.push(spawn(wait(Arc::clone(&held))));
        }
        yield_now().await;
        yield_now().await;
        let (bytes, count) = (live() - before.0, allocations() - before.1);
        assert_eq!(Arc::strong_count(&held), TASKS + 1);
        black_box(&tasks);
        let each = |sum| sum as f64 / TASKS as f64;
        Cost { bytes: each(bytes), allocations: each(count) }
    })
}

/// The bound for the output `()` is the floor. With any other output, the cell is an allocation of
/// its own. The future takes 32 bytes, which are within the figures.
#[test]
fn an_idle_task_is_small() {
    watchdog::watched(|| {
        let unit = idle_tasks::<()>();
        println!("output (): {unit:.1?}");
        let number = idle_tasks::<u64>();
        println!("output u64: {number:.1?}");
        assert!(unit.bytes <= 190.0 && unit.allocations < 2.01, "{unit:?}");
        assert!(number.bytes <= 254.0 && number.allocations < 3.01, "{number:?}");
    });
}
