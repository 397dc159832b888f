//! One call: a closure that is sent to the state's thread, and its three ends.
//!
//! ```text
//!             removed by the thread
//!   QUEUED ─────────────────────────▶ run ──────▶ the result, or the panic
//!     │
//!     └────── removed by an abort ──▶ cancel ───▶ Cancelled
//!
//!   not accepted by the queue ──────▶ refuse ───▶ Refused
//! ```
//!
//! A call is a box in the queue. The code that removes the box under the queue's lock owns the box,
//! and ends the call outside the lock. So a call ends once, and needs no flag.

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

use super::call_queue::{CallPosition, CallQueue, QueuedCall};
use super::pinned_call_error::PinnedCallError;
use crate::job::cancel::{Hook, Hooks, Stoppable, run_as_current};

/// A closure with its completion.
pub(super) struct ClosureCall<T: 'static, F, R, K> {
    pub(super) closure: F,
    /// Dropped after the result has been published.
    pub(super) keep: K,
    /// The producer's end of the completion. The handle is the other end.
    pub(super) aborter: Arc<CallAborter<T, R>>,
}

impl<T: 'static, F, R, K> ClosureCall<T, F, R, K> {
    /// Drops the closure and then completes the call. So when a task reads the error, everything
    /// that the closure owned has been released.
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
            // The docs of `PinnedState` say that a panic may leave the state half changed.
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

/// The producer's waker of a call's completion. Waking it cancels the call: a queued call is
/// removed, and the cancel hooks of a running call are called. The completion drops the waker when
/// it completes.
///
/// *Shared by* the call, its completion, and cancel tokens. *Guarded by* the queue's mutex; the
/// hooks have a mutex of their own. *Woken by* `JoinHandle::abort`.
pub(super) struct CallAborter<T: 'static, R> {
    calls: Arc<CallQueue<T>>,
    /// The position of the call in the queue. It is stale once the call has been removed.
    position: AtomicU64,
    completion: Arc<Completion<R>>,
    hooks: Mutex<Hooks>,
}

impl<T: 'static, R: Send + 'static> CallAborter<T, R> {
    pub(super) fn new(
        calls: Arc<CallQueue<T>>,
        completion: Arc<Completion<R>>,
    ) -> Arc<CallAborter<T, R>> {
        let (position, hooks) = (AtomicU64::new(u64::MAX), Mutex::new(Hooks::default()));
        Arc::new(CallAborter { calls, position, completion, hooks })
    }

    /// Records the position of the call, and installs the waker. No abort can precede this, because
    /// the caller has not returned the handle yet.
    pub(super) fn begin(self: Arc<Self>, position: CallPosition) {
        // ORDERING: Relaxed. An abort reads the position through the waker, which it gets under the
        // lock of the completion.
        self.position.store(position.0, Ordering::Relaxed);
        let completion = Arc::clone(&self.completion);
        completion.set_producer(Waker::from(self));
    }
}

impl<T: 'static, R: Send + 'static> Wake for CallAborter<T, R> {
    fn wake(self: Arc<Self>) {
        // ORDERING: Relaxed, as in `begin`.
        let position = CallPosition(self.position.load(Ordering::Relaxed));
        if let Some(call) = self.calls.remove(position) {
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
