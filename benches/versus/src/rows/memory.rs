//! What a task that waits for ever weighs. Measured in the program `bytes`, whose allocator counts.

use std::future::pending;
use std::hint::black_box;

use crate::peers::{Runtime, in_task};
use crate::run::Run;
use crate::work::yield_now;

const TASKS: usize = 1 << 16;

/// Bytes per idle task, its handle aside: every table of the runtime is as full as it gets.
pub(super) fn idle_task<R: Runtime>(run: &Run) -> f64 {
    let live_bytes = run.live_bytes;
    in_task::<R, _>(async move {
        let mut tasks = Vec::with_capacity(TASKS);
        let before = live_bytes();
        tasks.extend((0..TASKS).map(|_| R::spawn(pending::<()>())));
        // They are polled, and wait.
        yield_now().await;
        yield_now().await;
        let after = live_bytes();
        black_box(&tasks);
        (after - before) as f64 / TASKS as f64
    })
}

/// A boxed future in a list.
pub(super) fn limit(run: &Run) -> f64 {
    let before = (run.live_bytes)();
    let tasks: Vec<_> = (0..TASKS).map(|_| Box::new(black_box(0_usize))).collect();
    let after = (run.live_bytes)();
    black_box(&tasks);
    (after - before) as f64 / TASKS as f64
}
