//! Observers of a loop, for traces, metrics and watchdogs.

use std::time::Instant;

use runtime_core::metadata::Metadata;

/// The polls of a task so far, as an observer has counted them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskHistory {
    /// The number of polls that have begun.
    pub polls: u64,
    /// The time when the last poll ended, or of the spawn before the first poll.
    pub polled_at: Instant,
}

/// Receives callbacks from a loop, on the loop's thread, at the numbered steps of a task's life.
///
/// Without an observer, each callback costs the loop one predictable branch. Every method has an
/// empty default body.
///
/// A panic in an observer is printed like every panic, and is not propagated.
#[doc(alias("hooks", "console", "tracing"))]
pub trait Observer {
    /// A call of `block_on`, `drain` or `turn` begins. `main` is the future of `block_on`, for
    /// which neither [`task_spawned`](Observer::task_spawned) nor
    /// [`task_ended`](Observer::task_ended) is called.
    fn entered(&self, main: Option<&Metadata>) {
        let _ = main;
    }

    /// The call has ended, even if by a panic of `main`, after whose poll
    /// [`poll_ended`](Observer::poll_ended) is not called.
    fn left(&self) {}

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

    /// Returns how often and when the task was polled, for the list of tasks. `None` if this
    /// observer does not count polls.
    fn task_history(&self, task: &Metadata) -> Option<TaskHistory> {
        let _ = task;
        None
    }
}

/// Passes every event to the observer in the box.
impl<O: Observer + ?Sized> Observer for Box<O> {
    fn entered(&self, main: Option<&Metadata>) {
        (**self).entered(main);
    }

    fn left(&self) {
        (**self).left();
    }

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

    fn task_history(&self, task: &Metadata) -> Option<TaskHistory> {
        (**self).task_history(task)
    }
}
