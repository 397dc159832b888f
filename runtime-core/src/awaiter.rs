//! The waker of the task that awaits a completion cell, for lists of tasks.

use std::task::Waker;

use crate::completion::{Completion, CompletionState};

/// A cell that stores the waker of the task that awaits its result.
pub trait AwaiterCell {
    /// Calls `visit` with the waker of the awaiting task, if a task awaits the result.
    ///
    /// `visit` may replace the waker by a waker that forwards its wakes to the former one. The call
    /// happens under the cell's lock, so `visit` must not clone, wake or drop a waker of foreign
    /// code.
    fn visit_awaiter(&self, visit: &mut dyn FnMut(&mut Waker));
}

impl<T, P> AwaiterCell for Completion<T, P> {
    fn visit_awaiter(&self, visit: &mut dyn FnMut(&mut Waker)) {
        if let CompletionState::Waiting { awaiter: Some(awaiter), .. } = &mut *self.state.lock() {
            visit(awaiter);
        }
    }
}
