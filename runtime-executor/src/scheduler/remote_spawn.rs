//! A task that is on its way to its loop from another thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::scheduler::core::Core;
use crate::scheduler::current;
use crate::scheduler::shared::Shared;
use crate::task::future_task::FutureTask;
use crate::task::separate_cell::SeparateCell;
use crate::task::waker::Message;

/// Sends a command to a loop. The command calls `make` on the loop's thread, and spawns the future
/// that `make` returns.
pub(crate) fn spawn_with<M, F>(
    shared: &Shared<Message>,
    metadata: Metadata,
    make: M,
) -> JoinHandle<F::Output>
where
    M: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
    F::Output: Send + 'static,
{
    let completion = Arc::new(Completion::new(metadata, None));
    let handle = JoinHandle::new(Arc::clone(&completion));
    let mut spawn = RemoteSpawn { make: Some(make), completion };
    // If the loop is gone, the command is dropped, which cancels the spawn.
    shared.post_command(move || spawn.run());
    handle
}

/// The closure that makes a future, and the cell for its result. If the closure is dropped before
/// it has run, the cell is completed as cancelled.
struct RemoteSpawn<M, T> {
    make: Option<M>,
    completion: Arc<Completion<T>>,
}

impl<M, T> RemoteSpawn<M, T> {
    fn run<F>(&mut self)
    where
        M: FnOnce() -> F,
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        let Some(core) = current::turning().filter(|core| !core.closed.get()) else { return };
        let Some(make) = self.make.take() else { return };
        let completion = Arc::clone(&self.completion);
        match catch_unwind(AssertUnwindSafe(make)) {
            Ok(future) => adopt(&core, completion, future),
            Err(payload) => {
                let metadata = completion.metadata().clone();
                let _no_producer = completion.complete(Err(JoinError::panicked(metadata, payload)));
            }
        }
    }
}

/// Step 1 of the task's life, except that the completion cell exists already.
fn adopt<F>(core: &Core, completion: Arc<Completion<F::Output>>, future: F)
where
    F: Future + 'static,
    F::Output: 'static,
{
    let wakers = core.tasks.wakers(&core.shared);
    core.ready.push(&wakers.task);
    let key = wakers.task.key;
    let cell = SeparateCell::adopt(wakers, completion);
    let task = FutureTask { cell, future: Some(future) };
    core.insert(key, Box::pin(task));
}

impl<M, T> Drop for RemoteSpawn<M, T> {
    fn drop(&mut self) {
        if let Some(make) = self.make.take() {
            drop_catching(make);
            let cancelled = JoinError::shut_down(self.completion.metadata().clone());
            let _no_producer = self.completion.complete(Err(cancelled));
        }
    }
}
