//! The part of the submitter's context that is passed to the worker's thread together with a job.
//!
//! A value in a thread-local, such as the current span of a tracing library, stays behind when a
//! closure moves to another thread. [`PoolBuilder::carry`](crate::PoolBuilder::carry) captures such
//! values at each submit and restores them around the closure.

use runtime_core::metadata::Metadata;

/// The function that a pool calls at each submit.
pub(crate) type Capture = dyn Fn(&Metadata) -> SubmitContext + Send + Sync;

/// A captured context: a function that calls a closure with the submitter's values in place.
pub(crate) type SubmitContext = Box<dyn FnOnce(&mut dyn FnMut()) + Send>;

/// Calls `closure` within `context`. Returns `None` if the context did not call it.
pub(crate) fn call_within<T>(context: SubmitContext, closure: impl FnOnce() -> T) -> Option<T> {
    let mut closure = Some(closure);
    let mut result = None;
    context(&mut || {
        if let Some(closure) = closure.take() {
            result = Some(closure());
        }
    });
    result
}

/// Makes one context of two: `inner` is called within `outer`.
pub(crate) fn nest(outer: SubmitContext, inner: SubmitContext) -> SubmitContext {
    let mut inner = Some(inner);
    Box::new(move |job| {
        outer(&mut || {
            if let Some(inner) = inner.take() {
                inner(job);
            }
        });
    })
}
