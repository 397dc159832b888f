//! The end of an abandoned queue, for a thread that needs what its commands do.
//!
//! The thread *finishes* the queue: it runs the commands in place of a submitted job, or waits for
//! the thread that runs them.

use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::catch_panic;
use runtime_core::park::Parker;

use super::command_queue::{CommandQueue, ObjectState};
use super::worker_job::WorkerJob;

impl<T, R> CommandQueue<T, R> {
    /// Returns when the required commands of an abandoned queue have been run and the object was
    /// dropped.
    ///
    /// # Blocking
    /// Blocks as long as the commands do.
    pub(crate) fn finish(self: &Arc<Self>) {
        catch_panic(|| WorkerJob::new(self).run());
        let parker = Arc::new(Parker::new());
        loop {
            let waker = Waker::from(Arc::clone(&parker));
            let mut state = self.state.lock();
            if !matches!(state.object, ObjectState::Running) {
                drop(state);
                drop(waker);
                return;
            }
            state.finishers.push(waker);
            drop(state);
            let _ = parker.park(None);
        }
    }
}
