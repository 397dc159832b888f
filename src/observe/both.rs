//! [`Both`]: two observers as one.

use std::time::Instant;

use runtime_core::metadata::Metadata;
use runtime_executor::{Observer, TaskHistory};

/// Passes every event to two observers, to the first observer first.
#[derive(Debug)]
pub struct Both<A, B>(pub A, pub B);

impl<A: Observer, B: Observer> Observer for Both<A, B> {
    fn entered(&self, main: Option<&Metadata>) {
        self.0.entered(main);
        self.1.entered(main);
    }

    fn left(&self) {
        self.0.left();
        self.1.left();
    }

    fn task_spawned(&self, task: &Metadata) {
        self.0.task_spawned(task);
        self.1.task_spawned(task);
    }

    fn poll_started(&self, task: &Metadata) {
        self.0.poll_started(task);
        self.1.poll_started(task);
    }

    fn poll_ended(&self, task: &Metadata) {
        self.0.poll_ended(task);
        self.1.poll_ended(task);
    }

    fn task_ended(&self, task: &Metadata) {
        self.0.task_ended(task);
        self.1.task_ended(task);
    }

    fn parked(&self, deadline: Option<Instant>) {
        self.0.parked(deadline);
        self.1.parked(deadline);
    }

    fn unparked(&self) {
        self.0.unparked();
        self.1.unparked();
    }

    /// The answer of the first observer that has one.
    fn task_history(&self, task: &Metadata) -> Option<TaskHistory> {
        self.0.task_history(task).or_else(|| self.1.task_history(task))
    }
}
