//! One call: a closure on its way to the state's thread, and the three ends it can come to.
//!
//! ```text
//!             taken, by the thread
//!   WAITING ────────────────────────▶ run ──────▶ its result, or its panic
//!     │
//!     ├── taken, by who aborts it ──▶ cancel ───▶ Cancelled
//!   (not accepted: the caller has it) refuse ───▶ Refused
//! ```
//!
//! A call waits as a box in the queue. Who takes the box out, under the queue's lock, owns it, and
//! brings it to its end outside the lock: so it comes to one end, and no flag is needed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Wake;

use runtime_core::completion::Completion;
use runtime_core::join::JoinError;
use runtime_core::quietly::drop_quietly;

use super::call_error::CallError;
use super::calls::Calls;

/// What queue and thread know of a call. Each method is an end; none panics, or runs under a lock.
pub(super) trait Call<T>: Send {
    /// Calls the closure with the state, and completes the cell.
    fn run(self: Box<Self>, state: &mut T);

    /// Drops the closure and says that it was cancelled.
    fn cancel(self: Box<Self>);

    /// Drops the closure and says why it was not accepted.
    fn refuse(self: Box<Self>, why: CallError);
}

/// A closure, and what belongs to it.
pub(super) struct Work<F, R, K> {
    pub(super) closure: F,
    /// Kept until the result has been published.
    pub(super) keep: K,
    /// The handle has its other end.
    pub(super) completion: Arc<Completion<R>>,
}

impl<F, R, K> Work<F, R, K> {
    /// First the closure is dropped, then there is news: who reads that a call was cancelled finds
    /// what it held released.
    fn discard(self, why: JoinError) {
        drop_quietly(self.closure);
        let _aborter = self.completion.complete(Err(why));
        drop_quietly(self.keep);
    }
}

impl<T, F, R, K> Call<T> for Work<F, R, K>
where
    F: FnOnce(&mut T) -> R + Send,
    R: Send,
    K: Send,
{
    fn run(self: Box<Self>, state: &mut T) {
        let Work { closure, keep, completion } = *self;
        // The state may be left with half a change: the docs of `Pinned` say so.
        let result = catch_unwind(AssertUnwindSafe(|| closure(state)))
            .map_err(|payload| JoinError::panicked(completion.origin().clone(), payload));
        let _aborter = completion.complete(result);
        drop_quietly(keep);
    }

    fn cancel(self: Box<Self>) {
        let why = JoinError::cancelled(self.completion.origin().clone());
        self.discard(why);
    }

    fn refuse(self: Box<Self>, why: CallError) {
        let why = JoinError::refused(self.completion.origin().clone(), Box::new(why));
        self.discard(why);
    }
}

/// The waker of a call's producer: being woken means being asked to cancel. Completing the cell
/// lets go of it.
pub(super) struct Aborter<T: 'static> {
    pub(super) calls: Arc<Calls<T>>,
    /// Where the call waits, if it still does.
    pub(super) place: u64,
}

impl<T: 'static> Wake for Aborter<T> {
    fn wake(self: Arc<Self>) {
        if let Some(call) = self.calls.remove(self.place) {
            call.cancel();
        }
    }
}
