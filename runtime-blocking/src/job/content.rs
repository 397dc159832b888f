//! The content of a job, which is the producer's place in the job's completion cell.
//!
//! ```text
//!              take            add a hook
//!   WAITING ─────────▶ TAKEN ──────────────▶ HOOKED
//!                        │                     │
//!                        └───── complete ──────┴────▶ the cell contains the result instead
//! ```
//!
//! The cell's lock guards the content. The thread that has taken a part out of it calls or drops
//! that part after it has released the lock.

use std::mem;
use std::sync::Arc;

use crate::job::cancel::{Hook, Hooks};
use crate::job::context::SubmitContext;

/// The parts of a submitted job.
pub(crate) struct Submitted<F, K> {
    pub(crate) closure: F,
    /// Dropped when the result has been published.
    pub(crate) keep: K,
}

/// The values to drop when a job has ended.
pub(crate) struct Kept<K> {
    pub(crate) own: K,
    /// Few jobs have it.
    pub(crate) held: Option<Box<dyn Send + Sync>>,
}

impl Kept<()> {
    pub(crate) const NOTHING: Kept<()> = Kept { own: (), held: None };
}

/// The parts that few submitted jobs have.
pub(crate) struct Extras {
    /// The submitter's context, in which the closure is called.
    pub(crate) context: Option<SubmitContext>,
    /// Dropped when the result has been published.
    pub(crate) held: Option<Box<dyn Send + Sync>>,
}

/// The parts that are taken out of a job.
pub(crate) type SubmittedParts<F, K> = (Submitted<F, K>, Option<Box<Extras>>);

/// The content of a job.
#[derive(Default)]
pub(crate) enum Content<F, K> {
    /// The job waits for a worker.
    Waiting(Submitted<F, K>),
    /// The same for a job with extras. They are in allocations of their own, so the extras cost the
    /// other jobs no memory.
    WithExtras(Box<Submitted<F, K>>, Box<Extras>),
    /// The parts were taken: the job runs, or will never run.
    #[default]
    Taken,
    /// The job runs. These hooks are called when the job is requested to stop.
    Hooked(Hooks),
}

impl<F, K> Content<F, K> {
    #[inline]
    pub(crate) fn new(submitted: Submitted<F, K>, extras: Extras) -> Content<F, K> {
        match extras {
            Extras { context: None, held: None } => Content::Waiting(submitted),
            extras => Content::WithExtras(Box::new(submitted), Box::new(extras)),
        }
    }

    /// Returns the parts, unless they were taken.
    #[inline]
    pub(crate) fn into_parts(self) -> Option<SubmittedParts<F, K>> {
        match self {
            Content::Waiting(submitted) => Some((submitted, None)),
            Content::WithExtras(submitted, extras) => Some((*submitted, Some(extras))),
            Content::Taken | Content::Hooked(_) => None,
        }
    }

    /// Adds a hook to a job that runs.
    pub(crate) fn add_hook(&mut self, hook: Arc<Hook>) {
        if let Content::Taken = self {
            *self = Content::Hooked(Hooks::default());
        }
        if let Content::Hooked(hooks) = self {
            hooks.add(hook);
        }
    }

    /// Removes a hook.
    pub(crate) fn remove_hook(&mut self, hook: &Arc<Hook>) {
        if let Content::Hooked(hooks) = self {
            hooks.remove(hook);
        }
    }

    /// Takes out the hooks of a job that runs.
    pub(crate) fn take_hooks(&mut self) -> Hooks {
        match self {
            Content::Hooked(hooks) => mem::take(hooks),
            Content::Waiting(_) | Content::WithExtras(..) | Content::Taken => Hooks::default(),
        }
    }
}
