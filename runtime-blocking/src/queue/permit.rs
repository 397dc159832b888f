//! Backpressure: the permit, which notifies a submitter that its job has a place in the queue.

use std::sync::Arc;

use runtime_core::completion::Completion;

/// A cell that is completed when a job behind a full queue gets a place in the queue.
pub(crate) type Permit = Arc<Completion<()>>;

/// The treatment of a job that finds its lane's queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// The job waits behind the queue.
    Wait,
    /// The job waits behind the queue, and its submitter waits for the permit.
    WaitForPermit,
    /// The job is handed back.
    HandBack,
}

/// Completes the permit, if the submitter waits for one. Call this outside the lock.
#[inline]
pub(crate) fn grant(permit: Option<Permit>) {
    if let Some(permit) = permit {
        let _no_producer = permit.complete(Ok(()));
    }
}
