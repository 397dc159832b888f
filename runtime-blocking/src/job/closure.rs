//! One submitted closure, from its submit to its end.
//!
//! ```text
//!              pop, by a worker
//!   QUEUED ───────────────────────▶ RUNNING ── run ──▶ the result, or the panic
//!     │
//!     ├── remove, by an abort ────▶ discard ─────────▶ Cancelled
//!     └── drain, by a shutdown, or because no thread
//!         can be started ─────────▶ discard ─────────▶ Cancelled, or Refused
//! ```
//!
//! A job leaves the queue once, under the pool's lock. The thread that takes it out runs or
//! discards it outside that lock. So the job needs no state of its own: an abort asks the queue to
//! remove the job by its key. If a worker has popped the job, the key is stale: the job runs, and
//! can only be requested to stop (see [`cancel`](crate::job::cancel)).
//!
//! A job is one allocation, which contains the closure and the completion cell. The queue, the
//! worker and the [`JoinHandle`](runtime_core::join::JoinHandle) each hold a reference to it.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::join::{JobCell, JoinError};
use runtime_core::metadata::Metadata;
use runtime_core::slab::Key;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicU64, Ordering};

use crate::deadlock::wait_tracking;
use crate::job::cancel::{Hook, Hooks, Stoppable};
use crate::job::context::{SubmitContext, call_within};

/// The interface of a job to the queue and the workers.
pub(crate) trait Job: Stoppable {
    /// The key of the job in the queue. The key is stale once the job has left the queue.
    fn queue_key(&self) -> Key;

    /// Sets the key. Called once, when the job enters the queue.
    fn set_queue_key(&self, key: Key);

    /// Runs the closure and completes the cell. Never panics. Called by the worker that popped the
    /// job.
    fn run(&self);

    /// Drops the closure and completes the cell with an error. Never panics. Called by the thread
    /// that removed or drained the job.
    fn discard(&self, error: JoinError);

    /// Requests the job to stop, as its handle does.
    fn request_cancel(&self);
}

/// The interface of the queue to an aborted job.
pub(crate) trait RemoveFromQueue {
    /// Removes the job with this key. Returns `false` if the job has left the queue before.
    fn remove_from_queue(&self, key: Key) -> bool;
}

/// A job. *Shared by* the queue or the worker, and the handle. *Guarded by* the mutexes of its
/// content and its completion cell. *Woken by* nothing: an abort runs on the aborting thread.
pub(crate) struct BlockingJob<F, T, K> {
    completion: Completion<T>,
    content: Mutex<Content<F, K>>,
    /// The bits of the job's key in the queue.
    queue_key: AtomicU64,
    /// The queue that an abort uses. Weak, because a handle must not keep the pool's threads alive.
    queue: Weak<dyn RemoveFromQueue + Send + Sync>,
}

/// The parts of a submitted job.
pub(crate) struct Submitted<F, K> {
    pub(crate) closure: F,
    /// Dropped when the result has been published.
    pub(crate) keep: K,
    /// The submitter's context, in which the closure is called.
    pub(crate) context: Option<SubmitContext>,
}

enum Content<F, K> {
    Waiting(Submitted<F, K>),
    /// The hooks to call when the job is requested to stop.
    Running(Hooks),
    /// The closure was dropped or handed back.
    Gone,
}

impl<F, T, K> BlockingJob<F, T, K> {
    pub(crate) fn new(
        metadata: Metadata,
        submitted: Submitted<F, K>,
        queue: Weak<dyn RemoveFromQueue + Send + Sync>,
    ) -> Self {
        BlockingJob {
            completion: Completion::new(metadata, None),
            content: Mutex::new(Content::Waiting(submitted)),
            queue_key: AtomicU64::new(Key::NONE.to_bits()),
            queue,
        }
    }

    /// Takes back the submitted parts, unless the job has begun.
    pub(crate) fn take(&self) -> Option<Submitted<F, K>> {
        self.replace(Content::Gone)
    }

    #[inline]
    fn replace(&self, after: Content<F, K>) -> Option<Submitted<F, K>> {
        let before = mem::replace(&mut *self.content.lock(), after);
        match before {
            Content::Waiting(submitted) => Some(submitted),
            Content::Running(_) | Content::Gone => None,
        }
    }

    fn call_hooks(&self) {
        let hooks = match &mut *self.content.lock() {
            Content::Running(hooks) => mem::take(hooks),
            Content::Waiting(_) | Content::Gone => return,
        };
        hooks.call();
    }
}

impl<F, T, K> Job for BlockingJob<F, T, K>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
{
    fn queue_key(&self) -> Key {
        // ORDERING: Relaxed. Written once, before the job's handle exists.
        Key::from_bits(self.queue_key.load(Ordering::Relaxed))
    }

    fn set_queue_key(&self, key: Key) {
        // ORDERING: Relaxed. The handle is made by this thread, after this store.
        self.queue_key.store(key.to_bits(), Ordering::Relaxed);
    }

    fn run(&self) {
        let submitted = self.replace(Content::Running(Hooks::default()));
        let Some(Submitted { closure, keep, context }) = submitted else { return };
        let called = catch_unwind(AssertUnwindSafe(|| match context {
            None => Some(closure()),
            Some(context) => call_within(context, closure),
        }));
        let metadata = || self.metadata().clone();
        let result = match called {
            Ok(Some(result)) => Ok(result),
            Ok(None) => Err(JoinError::cancelled(metadata())),
            Err(payload) => Err(JoinError::panicked(metadata(), payload)),
        };
        let _no_producer = self.completion.complete(result);
        drop_catching(keep);
    }

    fn discard(&self, error: JoinError) {
        // The closure is dropped before the cell is completed: when a reader sees that the job was
        // cancelled, everything that the closure held has been released.
        let (keep, rest) = match self.take() {
            Some(Submitted { closure, keep, context }) => (Some(keep), Some((closure, context))),
            None => (None, None),
        };
        drop_catching(rest);
        let _no_producer = self.completion.complete(Err(error));
        drop_catching(keep);
    }

    fn request_cancel(&self) {
        self.cancel();
    }
}

impl<F, T, K> JobCell<T> for BlockingJob<F, T, K>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
{
    #[inline]
    fn completion(&self) -> &Completion<T> {
        &self.completion
    }

    fn completion_mut(&mut self) -> &mut Completion<T> {
        &mut self.completion
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let (id, key) = (self.metadata().id(), self.queue_key());
        wait_tracking::poll_job(cx, id, key, |cx| self.completion.poll(cx))
    }

    fn cancel(&self) {
        if !self.completion.request_cancel() || self.completion.is_finished() {
            return;
        }
        let queue = self.queue.upgrade();
        if queue.is_some_and(|queue| queue.remove_from_queue(self.queue_key())) {
            self.discard(JoinError::cancelled(self.metadata().clone()));
        } else {
            self.call_hooks();
        }
    }
}

impl<F, T, K> Stoppable for BlockingJob<F, T, K>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
{
    fn metadata(&self) -> &Metadata {
        self.completion.metadata()
    }

    fn is_cancel_requested(&self) -> bool {
        self.completion.is_cancel_requested()
    }

    fn add_hook(&self, hook: Arc<Hook>) {
        if let Content::Running(hooks) = &mut *self.content.lock() {
            hooks.add(hook);
        }
    }

    fn remove_hook(&self, hook: &Arc<Hook>) {
        if let Content::Running(hooks) = &mut *self.content.lock() {
            hooks.remove(hook);
        }
    }
}
