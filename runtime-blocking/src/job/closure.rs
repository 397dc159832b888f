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
//! [`cancel`](crate::job::cancel)).
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

use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::join::JoinError;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicU8, Ordering};
use runtime_core::watch::PoolNumber;

use crate::job::cancel::{Hook, Hooks, Stoppable};
use crate::job::context::{Context, call_in};
use crate::pool::shared::Shared;
use crate::queue::lanes::LaneId;

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Behind a full queue.
    InLine,
    Queued,
    /// Taken by a worker, or cancelled: then what lies in the queue is a husk.
    Out,
}

/// What queue and workers know of a job.
pub(crate) trait Job: Stoppable {
    /// In which lane it was submitted.
    fn lane(&self) -> LaneId;

    /// In which pool.
    fn pool(&self) -> PoolNumber;

    /// Where it is. Under the pool's lock.
    fn place(&self) -> Place;

    /// Moves it. Under the pool's lock.
    fn set_place(&self, place: Place);

    /// Runs the closure and completes the cell. Never panics. By whoever moved it to TAKEN.
    fn run(&self);

    /// Drops the closure and completes the cell with `why`. Never panics. By whoever moved it out
    /// of the queue otherwise.
    fn discard(&self, why: JoinError);

    /// Asks it to stop, as its handle does.
    fn request_cancel(&self);
}

/// A closure on its way to a worker. *Shared by* the queue or the worker, and the cell's producer
/// waker. *Guarded by* its mutex; `place` by the pool's lock. *Woken by* `JoinHandle::abort`.
pub(crate) struct Work<F, T, K> {
    content: Mutex<Content<F, K>>,
    place: AtomicU8,
    lane: LaneId,
    completion: Arc<Completion<T>>,
    /// Where it is queued: who cancels it corrects the counts there.
    shared: Arc<Shared>,
}

/// What a job was given.
pub(crate) struct Unrun<F, K> {
    pub(crate) closure: F,
    /// Dropped when the result has been published.
    pub(crate) keep: K,
    /// What of the submitter's context is put around the closure.
    pub(crate) context: Option<Context>,
}

enum Content<F, K> {
    Unrun(Unrun<F, K>),
    /// Who wants to know if it is cancelled.
    Running(Hooks),
    /// Dropped or handed back. A husk may lie in the queue for long, and holds nothing.
    Gone,
}

impl<F, T, K> Work<F, T, K> {
    pub(crate) fn new(
        unrun: Unrun<F, K>,
        completion: Arc<Completion<T>>,
        lane: LaneId,
        shared: Arc<Shared>,
    ) -> Self {
        let content = Mutex::new(Content::Unrun(unrun));
        let place = AtomicU8::new(Place::Queued as u8);
        Work { content, place, lane, completion, shared }
    }

    /// What it was given, if nobody has taken it.
    pub(crate) fn take(&self) -> Option<Unrun<F, K>> {
        self.replace(Content::Gone)
    }

    #[inline]
    fn replace(&self, after: Content<F, K>) -> Option<Unrun<F, K>> {
        let before = mem::replace(&mut *self.content.lock(), after);
        match before {
            Content::Unrun(unrun) => Some(unrun),
            Content::Running(_) | Content::Gone => None,
        }
    }

    fn call_hooks(&self) {
        let hooks = match &mut *self.content.lock() {
            Content::Running(hooks) => mem::take(hooks),
            Content::Unrun(_) | Content::Gone => return,
        };
        hooks.call();
    }
}

impl<F, T, K> Job for Work<F, T, K>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
{
    fn lane(&self) -> LaneId {
        self.lane
    }

    fn pool(&self) -> PoolNumber {
        self.shared.pool_number()
    }

    fn place(&self) -> Place {
        // ORDERING: Relaxed. Guarded by the pool's lock, which orders it.
        match self.place.load(Ordering::Relaxed) {
            place if place == Place::InLine as u8 => Place::InLine,
            place if place == Place::Queued as u8 => Place::Queued,
            _ => Place::Out,
        }
    }

    fn set_place(&self, place: Place) {
        // ORDERING: Relaxed, as above.
        self.place.store(place as u8, Ordering::Relaxed);
    }

    fn run(&self) {
        let unrun = self.replace(Content::Running(Hooks::default()));
        let Some(Unrun { closure, keep, context }) = unrun else { return };
        let called = catch_unwind(AssertUnwindSafe(|| match context {
            None => Some(closure()),
            Some(context) => call_in(context, closure),
        }));
        let metadata = || self.metadata().clone();
        let result = match called {
            Ok(Some(result)) => Ok(result),
            Ok(None) => Err(JoinError::cancelled(metadata())),
            Err(payload) => Err(JoinError::panicked(metadata(), payload)),
        };
        // The waker it gives back is this work itself.
        let _work = self.completion.complete(result);
        drop_catching(keep);
    }

    fn discard(&self, why: JoinError) {
        // First the closure, then the news: who reads that a job was cancelled finds what it held
        // released.
        let (keep, rest) = match self.take() {
            Some(Unrun { closure, keep, context }) => (Some(keep), Some((closure, context))),
            None => (None, None),
        };
        drop_catching(rest);
        let _work = self.completion.complete(Err(why));
        drop_catching(keep);
    }

    fn request_cancel(&self) {
        self.completion.cancel();
    }
}

impl<F, T, K> Stoppable for Work<F, T, K>
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

/// Being woken means being asked to cancel.
impl<F, T, K> Wake for Work<F, T, K>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    K: Send + Sync + 'static,
{
    fn wake(self: Arc<Self>) {
        if self.shared.withdraw(&*self) {
            self.discard(JoinError::cancelled(self.metadata().clone()));
        } else {
            self.call_hooks();
        }
    }
}
