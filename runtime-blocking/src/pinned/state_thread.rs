//! The life of a state's thread: it makes the state, runs the calls, and drops the state.
//!
//! - S1. The thread calls `make`. A panic or an error completes the opening, and there is no state.
//! - S2. The opening completes with the state's handle. If the reader of the opening is gone, the
//!   thread drops the handle, which is then the last one.
//! - S3. The thread runs the calls in order, until the state is closed and no call is left.
//! - S4. The thread drops the state. A panic of the destructor is returned by the handles of the
//!   closes.
//!
//! After S4 only the destructors of the thread-locals are left. The drop of the last handle joins
//! the thread where the drop may block. Elsewhere no join is needed, because every accepted call
//! has run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::context;
use runtime_core::join::JoinError;
use runtime_core::park::Parker;
use runtime_core::sync::thread::JoinHandle;

use super::call_queue::{CallQueue, ThreadStep};

/// Returns whether the current thread is the state's own thread, which cannot wait for itself. The
/// answer stays true while the thread-locals are destroyed.
pub(super) fn is_current<T>(calls: &CallQueue<T>) -> bool {
    context::role() == calls.id.role()
}

/// Joins the thread.
///
/// # Blocking
/// Blocks until the calls have run, the state has been dropped, and the thread-locals have been
/// destroyed.
pub(super) fn join(thread: JoinHandle<()>) {
    // The thread catches every panic, so the result contains none.
    drop_catching(thread.join());
}

/// The opening of a state: steps S1 and S2.
pub(super) struct StateOpening<M, W, K, O> {
    pub(super) make: M,
    /// Turns the result of `make` into the output of the opening.
    pub(super) wrap: W,
    /// Dropped after the output has been published.
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
    context::set_role(calls.id.role());
    let Some(state) = opening.open(&calls) else { return };
    let end = serve(&calls, state);
    calls.finish(end.err());
}

impl<M, W, K, O> StateOpening<M, W, K, O> {
    /// Makes the state and completes the opening: steps S1 and S2.
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

/// Runs the calls and drops the state: steps S3 and S4.
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
