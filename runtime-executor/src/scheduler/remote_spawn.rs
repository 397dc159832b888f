//! A task that is on its way to its loop from another thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::scheduler::current;
use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

/// Sends `make` to a loop as a command, which makes the future there and spawns it.
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
    // A loop that is gone returns the message. Dropping the message cancels the spawn.
    let _ = shared.post(Message::Command(Box::new(move || spawn.run())));
    handle
}

/// The closure that makes a future, and the cell for its result. If it is dropped before it has
/// run, the cell is completed as cancelled.
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
        let Some(core) = current::turning().filter(|core| !core.is_closed()) else { return };
        let Some(make) = self.make.take() else { return };
        let completion = Arc::clone(&self.completion);
        match catch_unwind(AssertUnwindSafe(make)) {
            Ok(future) => core.adopt(completion, future),
            Err(payload) => {
                let metadata = completion.metadata().clone();
                let _no_producer = completion.complete(Err(JoinError::panicked(metadata, payload)));
            }
        }
    }
}

impl<M, T> Drop for RemoteSpawn<M, T> {
    fn drop(&mut self) {
        if let Some(make) = self.make.take() {
            drop_catching(make);
            let cancelled = JoinError::cancelled(self.completion.metadata().clone());
            let _no_producer = self.completion.complete(Err(cancelled));
        }
    }
}
