//! Observers of a loop, for traces, metrics and watchdogs.

use std::time::Instant;

use runtime_core::metadata::Metadata;

/// Receives callbacks from a loop, on the loop's thread, at the numbered steps of a task's life.
///
/// Without an observer, each callback costs the loop one predictable branch. Every method has an
/// empty default body.
///
/// A panic in an observer is printed like every panic, and is not propagated.
#[doc(alias("hooks", "console", "tracing"))]
pub trait Observer {
    /// Step 1: a task was spawned.
    fn task_spawned(&self, task: &Metadata) {
        let _ = task;
    }

    /// Step 2: the task, or the future given to `block_on`, is about to be polled.
    fn poll_started(&self, task: &Metadata) {
        let _ = task;
    }

    /// The poll has ended: step 3 if the future is pending.
    fn poll_ended(&self, task: &Metadata) {
        let _ = task;
    }

    /// Step 5: the task has finished, panicked or been cancelled, and its future has been dropped.
    fn task_ended(&self, task: &Metadata) {
        let _ = task;
    }

    /// The loop has nothing to do and is about to sleep, at most until `deadline` if there is one.
    ///
    /// If this method wakes or spawns a task, or sets a timer, the loop does not sleep: it calls
    /// [`unparked`](Observer::unparked) and turns again. A method that does so at every call keeps
    /// the loop from ever sleeping.
    fn parked(&self, deadline: Option<Instant>) {
        let _ = deadline;
    }

    /// The loop has woken up.
    fn unparked(&self) {}
}

/// Passes every event to the observer in the box.
impl<O: Observer + ?Sized> Observer for Box<O> {
    fn task_spawned(&self, task: &Metadata) {
        (**self).task_spawned(task);
    }

    fn poll_started(&self, task: &Metadata) {
        (**self).poll_started(task);
    }

    fn poll_ended(&self, task: &Metadata) {
        (**self).poll_ended(task);
    }

    fn task_ended(&self, task: &Metadata) {
        (**self).task_ended(task);
    }

    fn parked(&self, deadline: Option<Instant>) {
        (**self).parked(deadline);
    }

    fn unparked(&self) {
        (**self).unparked();
    }
}
