//! Being told what a loop does: for traces, metrics and watchdogs.

use std::time::Instant;

use runtime_core::metadata::Metadata;

/// Called by a loop, on its thread, at the numbered steps of a task's life.
///
/// A loop without an observer pays one predictable branch for each. Every method has an empty
/// body; implement those you want.
///
/// A panic in an observer is printed, as any panic is, and goes no further: who watches does not
/// end what is watched.
pub trait Observer {
    /// Step 1: a task was spawned.
    fn task_spawned(&self, task: &Metadata) {
        let _ = task;
    }

    /// Step 2: the task, or the future given to `block_on`, is about to be polled.
    fn poll_started(&self, task: &Metadata) {
        let _ = task;
    }

    /// The poll has ended: step 3 if the task goes on.
    fn poll_ended(&self, task: &Metadata) {
        let _ = task;
    }

    /// Step 5: the task has ended (finished, panicked or cancelled) and its future is dropped.
    fn task_ended(&self, task: &Metadata) {
        let _ = task;
    }

    /// The loop has nothing to do and goes to sleep: at most until `deadline`, if there is one.
    fn parked(&self, deadline: Option<Instant>) {
        let _ = deadline;
    }

    /// The loop is awake again.
    fn unparked(&self) {}
}
