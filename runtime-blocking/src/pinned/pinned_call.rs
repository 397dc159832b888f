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

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Wake, Waker};

use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::join::JoinError;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicU64, Ordering};

use super::call_queue::{CallQueue, QueuedCall};
use super::pinned_call_error::PinnedCallError;
use crate::job::cancel::{Hook, Hooks, Stoppable, run_as_current};

/// A closure, and what belongs to it.
pub(super) struct ClosureCall<T: 'static, F, R, K> {
    pub(super) closure: F,
    /// Kept until the result has been published.
    pub(super) keep: K,
    /// The handle has the other end of its cell.
    pub(super) aborter: Arc<CallAborter<T, R>>,
}

impl<T: 'static, F, R, K> ClosureCall<T, F, R, K> {
    /// First the closure is dropped, then there is news: who reads that a call was cancelled finds
    /// what it held released.
    fn discard(self, why: JoinError) {
        drop_catching(self.closure);
        let _aborter = self.aborter.completion.complete(Err(why));
        drop_catching(self.keep);
    }
}

impl<T, F, R, K> QueuedCall<T> for ClosureCall<T, F, R, K>
where
    T: 'static,
    F: FnOnce(&mut T) -> R + Send,
    R: Send + 'static,
    K: Send,
{
    fn run(self: Box<Self>, state: &mut T) {
        let ClosureCall { closure, keep, aborter } = *self;
        let completion = &aborter.completion;
        run_as_current(aborter.clone(), || {
            // The state may be left with half a change: the docs of `Pinned` say so.
            let result = catch_unwind(AssertUnwindSafe(|| closure(state)))
                .map_err(|payload| JoinError::panicked(completion.metadata().clone(), payload));
            let _aborter = completion.complete(result);
        });
        drop_catching(keep);
    }

    fn cancel(self: Box<Self>) {
        let why = JoinError::cancelled(self.aborter.completion.metadata().clone());
        self.discard(why);
    }

    fn refuse(self: Box<Self>, why: PinnedCallError) {
        let why = JoinError::refused(self.aborter.completion.metadata().clone(), Box::new(why));
        self.discard(why);
    }
}

/// The waker of a call's producer: being woken means being asked to cancel. Completing the cell
/// lets go of it.
///
/// *Shared by* the call, its cell, and tokens. *Guarded by* the lock of the queue, and its own for
/// the hooks. *Woken by* `JoinHandle::abort`.
pub(super) struct CallAborter<T: 'static, R> {
    calls: Arc<CallQueue<T>>,
    /// Where the call waits, if it still does.
    place: AtomicU64,
    completion: Arc<Completion<R>>,
    hooks: Mutex<Hooks>,
}

impl<T: 'static, R: Send + 'static> CallAborter<T, R> {
    pub(super) fn new(
        calls: Arc<CallQueue<T>>,
        completion: Arc<Completion<R>>,
    ) -> Arc<CallAborter<T, R>> {
        let (place, hooks) = (AtomicU64::new(u64::MAX), Mutex::new(Hooks::default()));
        Arc::new(CallAborter { calls, place, completion, hooks })
    }

    /// The call waits there. Nobody can have asked for cancelling yet: nobody has its handle.
    pub(super) fn begin(self: Arc<Self>, place: u64) {
        // ORDERING: Relaxed. Who reads it was given the handle after this, or the waker by the
        // cell's lock.
        self.place.store(place, Ordering::Relaxed);
        let completion = Arc::clone(&self.completion);
        completion.set_producer(Waker::from(self));
    }
}

impl<T: 'static, R: Send + 'static> Wake for CallAborter<T, R> {
    fn wake(self: Arc<Self>) {
        // ORDERING: Relaxed, as in `begin`.
        if let Some(call) = self.calls.remove(self.place.load(Ordering::Relaxed)) {
            return call.cancel();
        }
        let hooks = mem::take(&mut *self.hooks.lock());
        hooks.call();
    }
}

impl<T: 'static, R: Send + 'static> Stoppable for CallAborter<T, R> {
    fn metadata(&self) -> &Metadata {
        self.completion.metadata()
    }

    fn is_cancel_requested(&self) -> bool {
        self.completion.is_cancel_requested()
    }

    fn add_hook(&self, hook: Arc<Hook>) {
        self.hooks.lock().add(hook);
    }

    fn remove_hook(&self, hook: &Arc<Hook>) {
        self.hooks.lock().remove(hook);
    }
}
