//! The waker of the task that awaits a job, for lists of tasks.

use std::task::Waker;

use runtime_core::awaiter::AwaiterCell;

use crate::job::closure::{BlockingJob, RemoveFromQueue};

impl<F, T, K, Q> AwaiterCell for BlockingJob<F, T, K, Q>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
    Q: RemoveFromQueue,
{
    fn visit_awaiter(&self, visit: &mut dyn FnMut(&mut Waker)) {
        self.completion.visit_awaiter(visit);
    }
}
