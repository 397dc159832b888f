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
//! remove the job with its ticket. If a worker has popped the job, the queue finds none: the job
//! runs, and can only be requested to stop (see [`cancel`](crate::job::cancel)).
//!
//! A job is one allocation, the completion cell, in which the closure waits for the worker at the
//! place that the result takes later: see [`content`](crate::job::content). The queue, the worker
//! and the [`JoinHandle`](runtime_core::join::JoinHandle) each hold a reference to it.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use runtime_core::awaiter::AwaiterCell;
use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::join::{JobCell, JoinError};
use runtime_core::metadata::{Id, Metadata};
use runtime_core::sync::atomic::{AtomicU64, Ordering};

use crate::deadlock::wait_tracking;
use crate::job::cancel::{Hook, Stoppable};
use crate::job::content::{Content, Submitted, SubmittedParts};
use crate::job::context::call_within;
use crate::queue::ticket::Ticket;

/// The interface of a job to the queue and the workers.
pub(crate) trait Job: Stoppable + AwaiterCell {
    /// The ticket of the job. The queue has no job with this ticket once the job has left it.
    fn ticket(&self) -> Ticket;

    /// Sets the ticket. Called once, under the pool's lock, when the job enters the queue.
    fn set_ticket(&self, ticket: Ticket);

    /// Runs the closure and completes the cell. Never panics. Called by the worker that popped the
    /// job.
    fn run(&self);

    /// Drops the closure and completes the cell with an error. Never panics. Called by the thread
    /// that removed or drained the job.
    fn discard(&self, error: JoinError);

    /// Requests the job to stop, as its handle does.
    fn request_cancel(self: Arc<Self>);
}

/// The interface of the queue to an aborted job.
pub(crate) trait RemoveFromQueue: Send + Sync + 'static {
    /// Removes the job with this ticket. Returns `false` if the job has left the queue before.
    fn remove_from_queue(&self, ticket: Ticket, job: Id) -> bool;
}

/// A job. *Shared by* the queue or the worker, and the handle. *Guarded by* the mutex of its
/// completion cell. *Woken by* nothing: an abort runs on the aborting thread.
pub(crate) struct BlockingJob<F, T, K, Q> {
    pub(super) completion: Completion<T, Content<F, K>>,
    ticket: AtomicU64,
    /// The queue that an abort uses. Weak, because a handle must not keep the pool's threads alive.
    queue: Weak<Q>,
}

impl<F, T, K, Q> BlockingJob<F, T, K, Q> {
    #[inline]
    pub(crate) fn new(metadata: Metadata, content: Content<F, K>, queue: Weak<Q>) -> Self {
        BlockingJob {
            completion: Completion::new(metadata, content),
            ticket: AtomicU64::new(Ticket::NONE.0),
            queue,
        }
    }

    /// Takes out the submitted parts, unless they were taken before.
    #[inline]
    pub(crate) fn take_parts(&self) -> Option<SubmittedParts<F, K>> {
        self.completion.with_producer(mem::take)?.into_parts()
    }

    fn id(&self) -> Id {
        self.completion.metadata().id()
    }

    fn call_hooks(&self) {
        if let Some(hooks) = self.completion.with_producer(Content::take_hooks) {
            hooks.call();
        }
    }
}

impl<F, T, K, Q> Job for BlockingJob<F, T, K, Q>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
    Q: RemoveFromQueue,
{
    fn ticket(&self) -> Ticket {
        // ORDERING: Relaxed. The caller holds the pool's lock, or has the job's handle.
        Ticket(self.ticket.load(Ordering::Relaxed))
    }

    fn set_ticket(&self, ticket: Ticket) {
        // ORDERING: Relaxed. Stored once, under the pool's lock. This thread then makes the handle.
        self.ticket.store(ticket.0, Ordering::Relaxed);
    }

    fn run(&self) {
        let Some((Submitted { closure, keep }, mut extras)) = self.take_parts() else { return };
        let called = catch_unwind(AssertUnwindSafe(|| {
            match extras.as_mut().and_then(|extras| extras.context.take()) {
                None => Some(closure()),
                Some(context) => call_within(context, closure),
            }
        }));
        let metadata = || self.completion.metadata().clone();
        let result = match called {
            Ok(Some(result)) => Ok(result),
            Ok(None) => Err(JoinError::cancelled(metadata())),
            Err(payload) => Err(JoinError::panicked(metadata(), payload)),
        };
        match self.completion.complete(result) {
            Content::Taken => {}
            hooked => drop_catching(hooked),
        }
        if let Some(extras) = extras {
            drop_catching(extras);
        }
        drop_catching(keep);
    }

    fn discard(&self, error: JoinError) {
        // The closure is dropped before the cell is completed: when a reader sees that the job was
        // cancelled, everything that the closure held has been released.
        let mut kept = None;
        if let Some((Submitted { closure, keep }, mut extras)) = self.take_parts() {
            drop_catching((closure, extras.as_mut().map(|extras| extras.context.take())));
            kept = Some((extras, keep));
        }
        let _taken = self.completion.complete(Err(error));
        drop_catching(kept);
    }

    fn request_cancel(self: Arc<Self>) {
        self.cancel();
    }
}

impl<F, T, K, Q> JobCell<T> for BlockingJob<F, T, K, Q>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
    Q: RemoveFromQueue,
{
    fn metadata(&self) -> &Metadata {
        self.completion.metadata()
    }

    fn is_finished(&self) -> bool {
        self.completion.is_finished()
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        wait_tracking::poll_job(cx, self.id(), self.ticket(), |cx| self.completion.poll(cx))
    }

    fn take(&self) -> Result<T, JoinError> {
        self.completion.take()
    }

    fn take_alone(&mut self) -> Option<Result<T, JoinError>> {
        self.completion.take_alone()
    }

    fn close(&self) {
        self.completion.close();
    }

    fn cancel(self: Arc<Self>) {
        if !self.completion.request_cancel() || self.completion.is_finished() {
            return;
        }
        let queue = self.queue.upgrade();
        if queue.is_some_and(|queue| queue.remove_from_queue(self.ticket(), self.id())) {
            self.discard(JoinError::cancelled(self.completion.metadata().clone()));
        } else {
            self.call_hooks();
        }
    }
}

impl<F, T, K, Q> Stoppable for BlockingJob<F, T, K, Q>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
    Q: RemoveFromQueue,
{
    fn metadata(&self) -> &Metadata {
        self.completion.metadata()
    }

    fn is_cancel_requested(&self) -> bool {
        self.completion.is_cancel_requested()
    }

    fn add_hook(&self, hook: Arc<Hook>) {
        self.completion.with_producer(|content| content.add_hook(hook));
    }

    fn remove_hook(&self, hook: &Arc<Hook>) {
        self.completion.with_producer(|content| content.remove_hook(hook));
    }
}
