//! The life of a state's thread: make it, run the calls, drop it.
//!
//! 1. `make` is called, and its panic or error goes to who opens; then there is no state.
//! 2. The handle goes to who opens. If he has gone it is dropped here, and is the last one.
//! 3. Calls are run in their order, until the state is closed and none is left.
//! 4. The state is dropped, and its panic goes to who closes.
//!
//! Of the thread is then left what its thread-locals do when they are destroyed. Who drops the last
//! handle, where waiting is right, joins it; everybody else need not, because nothing of what was
//! accepted is left.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::join::JoinError;
use runtime_core::park::Parker;
use runtime_core::sync::thread::JoinHandle;
use runtime_core::sync::thread_local_const;

use super::call_queue::{CallQueue, ThreadStep};

thread_local_const! {
    /// Whose state lives on this thread, by its number.
    static STATE_OF_THREAD: Cell<Option<u64>> = Cell::new(None)
}

/// Whether this is the state's own thread, which cannot wait for itself. So it is also while its
/// thread-locals are destroyed.
pub(super) fn is_current<T>(calls: &CallQueue<T>) -> bool {
    STATE_OF_THREAD.with(|here| here.get()) == Some(calls.number)
}

/// Waits for a thread to end.
///
/// # Blocking
/// Until the calls have been run, the state is dropped, and the thread's locals are destroyed.
pub(super) fn join(thread: JoinHandle<()>) {
    // It lets no panic out, so there is nothing in the result.
    drop_catching(thread.join());
}

/// What the thread has to do first.
pub(super) struct StateOpening<M, W, K, O> {
    pub(super) make: M,
    /// Makes of the result what the opener is to get.
    pub(super) wrap: W,
    /// Kept until that has been published.
    pub(super) keep: K,
    pub(super) completion: Arc<Completion<O>>,
}

/// The body of the thread.
pub(super) fn run_state<T, E, O, K, M, W>(
    calls: Arc<CallQueue<T>>,
    opening: StateOpening<M, W, K, O>,
) where
    T: 'static,
    M: FnOnce() -> Result<T, E>,
    W: FnOnce(Result<Arc<CallQueue<T>>, E>) -> O,
{
    STATE_OF_THREAD.with(|here| here.set(Some(calls.number)));
    let Some(state) = opening.open(&calls) else { return };
    let end = serve(&calls, state);
    calls.end(end.err());
}

impl<M, W, K, O> StateOpening<M, W, K, O> {
    /// Steps 1 and 2.
    fn open<T, E>(self, calls: &Arc<CallQueue<T>>) -> Option<T>
    where
        T: 'static,
        M: FnOnce() -> Result<T, E>,
        W: FnOnce(Result<Arc<CallQueue<T>>, E>) -> O,
    {
        let StateOpening { make, wrap, keep, completion } = self;
        let metadata = || completion.metadata().clone();
        let (state, result) = if completion.is_cancel_requested() {
            drop_catching(make);
            (None, Err(JoinError::cancelled(metadata())))
        } else {
            match catch_unwind(AssertUnwindSafe(make)) {
                Ok(Ok(state)) => (Some(state), Ok(wrap(Ok(Arc::clone(calls))))),
                Ok(Err(error)) => (None, Ok(wrap(Err(error)))),
                Err(payload) => (None, Err(JoinError::panicked(metadata(), payload))),
            }
        };
        let _no_producer = completion.complete(result);
        drop_catching(keep);
        state
    }
}

/// Steps 3 and 4.
fn serve<T>(calls: &CallQueue<T>, mut state: T) -> std::thread::Result<()> {
    let parker = Arc::new(Parker::new());
    loop {
        match calls.next(&parker) {
            ThreadStep::Run(call) => call.run(&mut state),
            ThreadStep::Park => {
                let _ = parker.park(None);
            }
            ThreadStep::Finish => return catch_unwind(AssertUnwindSafe(|| drop(state))),
        }
    }
}
