//! One submitted closure, and the three ends it can come to.
//!
//! ```text
//!              pop, by a worker
//!   QUEUED ──────────────────────▶ TAKEN ── run ──▶ its result, or its panic
//!     │
//!     ├── abort, by whoever ──────▶ HUSK ── discard ──▶ Cancelled
//!     └── drain, by a shutdown ───▶ (out of the queue) ── discard ──▶ Cancelled, or Refused
//! ```
//!
//! A job that is TAKEN cannot be cancelled any more, only asked to stop (see
//! [`cancel`](crate::cancel)).
//!
//! A job is two allocations: the completion cell, which its handle reads, and the work, which holds
//! the closure and lies in the queue. The work is also the waker of its completion's producer: to
//! be woken means to be asked to cancel. Completion and work thus point at each other; completing
//! the cell, which happens to every accepted job, lets go of the waker and ends the circle.
//!
//! Who moves a job out of QUEUED does so under the pool's lock, where the counts are; what follows
//! (running or dropping the closure, waking who awaits) happens outside it.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Wake;

use runtime_core::completion::Completion;
use runtime_core::join::JoinError;
use runtime_core::origin::Origin;
use runtime_core::quietly::drop_quietly;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicBool, Ordering};

use crate::cancel::Hook;
use crate::shared::Shared;

/// What queue and workers know of a job.
pub(crate) trait Job: Send + Sync {
    /// Who it is.
    fn origin(&self) -> &Origin;

    /// Whether it is in the queue and no husk. Under the pool's lock.
    fn is_queued(&self) -> bool;

    /// Moves it out of QUEUED, and says whether it was there. Under the pool's lock.
    fn leave_queue(&self) -> bool;

    /// Runs the closure and completes the cell. Never panics. By whoever moved it to TAKEN.
    fn run(&self);

    /// Drops the closure and completes the cell with `why`. Never panics. By whoever moved it out
    /// of the queue otherwise.
    fn discard(&self, why: JoinError);

    /// Asks it to stop, as its handle does.
    fn request_cancel(&self);

    /// Whether somebody asked it to stop.
    fn is_cancel_requested(&self) -> bool;

    /// Has a hook called when somebody asks it to stop while it runs.
    fn add_hook(&self, hook: Arc<Hook>);

    /// Forgets a hook.
    fn remove_hook(&self, hook: &Arc<Hook>);
}

/// A closure on its way to a worker. *Shared by* the queue or the worker, and the cell's producer
/// waker. *Guarded by* its mutex; `queued` by the pool's lock. *Woken by* `JoinHandle::abort`.
pub(crate) struct Work<F, T, K> {
    content: Mutex<Content<F, K>>,
    queued: AtomicBool,
    completion: Arc<Completion<T>>,
    /// Where it is queued: who cancels it corrects the counts there.
    shared: Arc<Shared>,
}

enum Content<F, K> {
    /// The closure, and what is kept until the result has been published.
    Unrun(F, K),
    /// Who wants to know if it is cancelled.
    Running(Vec<Arc<Hook>>),
    /// Dropped or handed back. A husk may lie in the queue for long, and holds nothing.
    Gone,
}

impl<F, T, K> Work<F, T, K> {
    pub(crate) fn new(
        closure: F,
        completion: Arc<Completion<T>>,
        keep: K,
        shared: Arc<Shared>,
    ) -> Self {
        let content = Mutex::new(Content::Unrun(closure, keep));
        let queued = AtomicBool::new(true);
        Work { content, queued, completion, shared }
    }

    /// The closure, if nobody has taken it, and what is to be kept.
    pub(crate) fn take(&self) -> Option<(F, K)> {
        self.replace(Content::Gone)
    }

    fn replace(&self, after: Content<F, K>) -> Option<(F, K)> {
        let before = mem::replace(&mut *self.content.lock(), after);
        match before {
            Content::Unrun(closure, keep) => Some((closure, keep)),
            Content::Running(_) | Content::Gone => None,
        }
    }

    fn call_hooks(&self) {
        let hooks = match &mut *self.content.lock() {
            Content::Running(hooks) => mem::take(hooks),
            Content::Unrun(..) | Content::Gone => return,
        };
        hooks.iter().for_each(|hook| hook.call());
    }
}

impl<F, T, K> Job for Work<F, T, K>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
{
    fn origin(&self) -> &Origin {
        self.completion.origin()
    }

    fn is_queued(&self) -> bool {
        // ORDERING: Relaxed. Guarded by the pool's lock, which orders it.
        self.queued.load(Ordering::Relaxed)
    }

    fn leave_queue(&self) -> bool {
        // ORDERING: Relaxed, as above. A swap, because there are several writers.
        self.queued.swap(false, Ordering::Relaxed)
    }

    fn run(&self) {
        let Some((closure, keep)) = self.replace(Content::Running(Vec::new())) else { return };
        let result = catch_unwind(AssertUnwindSafe(closure))
            .map_err(|payload| JoinError::panicked(self.origin().clone(), payload));
        // The waker it gives back is this work itself.
        let _work = self.completion.complete(result);
        drop_quietly(keep);
    }

    fn discard(&self, why: JoinError) {
        // First the closure, then the news: who reads that a job was cancelled finds what it held
        // released.
        let (closure, keep) = self.take().unzip();
        drop_quietly(closure);
        let _work = self.completion.complete(Err(why));
        drop_quietly(keep);
    }

    fn request_cancel(&self) {
        self.completion.cancel();
    }

    fn is_cancel_requested(&self) -> bool {
        self.completion.is_cancel_requested()
    }

    fn add_hook(&self, hook: Arc<Hook>) {
        if let Content::Running(hooks) = &mut *self.content.lock() {
            hooks.push(hook);
        }
    }

    fn remove_hook(&self, hook: &Arc<Hook>) {
        // The caller has another reference, so nothing of the user's is dropped under the lock.
        if let Content::Running(hooks) = &mut *self.content.lock() {
            hooks.retain(|other| !Arc::ptr_eq(other, hook));
        }
    }
}

/// Being woken means being asked to cancel.
impl<F, T, K> Wake for Work<F, T, K>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
{
    fn wake(self: Arc<Self>) {
        if self.shared.cancel(&*self) {
            self.discard(JoinError::cancelled(self.origin().clone()));
        } else {
            self.call_hooks();
        }
    }
}
