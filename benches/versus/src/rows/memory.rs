//! The memory of an idle task, measured in the program `bytes` with the counting allocator.

use std::hint::black_box;
use std::sync::Arc;

use crate::peers::{Runtime, in_task};
use crate::row::{Of, Program, Row};
use crate::run::Run;
use crate::work::{Slot, yield_now};

/// The row of a task that waits.
pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("memory", "memory of an idle task", runtimes!(idle_task))
            .unit("bytes")
            .by(Program::Bytes)
            .only_floor(200.0, Of::Unit)
            .limit(limit),
    ]
}

const TASKS: usize = 1 << 16;

/// Bytes per waiting task. Each task waits at a slot of its own. The slot and the task's handle do
/// not count. The number of tasks is chosen so that every table of the runtime is as full as
/// possible.
pub(super) fn idle_task<R: Runtime>(run: &Run) -> f64 {
    let live_bytes = run.live_bytes;
    in_task::<R, _>(async move {
        let mut tasks = Vec::with_capacity(TASKS);
        let slots: Vec<_> = (0..TASKS).map(|_| Slot::new()).collect();
        let before = live_bytes();
        tasks.extend(slots.iter().map(|slot| R::spawn(wait(Arc::clone(slot)))));
        // After these turns all tasks have been polled, and wait.
        yield_now().await;
        yield_now().await;
        let after = live_bytes();
        black_box(&tasks);
        (after - before) as f64 / TASKS as f64
    })
}

async fn wait(slot: Arc<Slot<()>>) {
    slot.take().await;
}

/// The program of the column `limit`: a boxed future in a list.
pub(super) fn limit(run: &Run) -> f64 {
    let slots: Vec<_> = (0..TASKS).map(|_| Slot::new()).collect();
    let before = (run.live_bytes)();
    let tasks: Vec<_> = slots.iter().map(|slot| Box::pin(wait(Arc::clone(slot)))).collect();
    let after = (run.live_bytes)();
    black_box(&tasks);
    (after - before) as f64 / TASKS as f64
}
