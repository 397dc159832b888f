//! What of its submitter's surroundings a job takes along to its thread.
//!
//! A value in a thread-local, such as the current span of a tracing library, stays behind when a
//! closure goes to another thread. A pool can be told what to capture at each submit, and how to
//! put it around the closure: [`Builder::carry`](crate::Builder::carry).

/// What a pool calls at each submit.
pub(crate) type Capture = dyn Fn() -> Context + Send + Sync;

/// What was captured: it is to call the closure that it is given, in the submitter's surroundings.
pub(crate) type Context = Box<dyn FnOnce(&mut dyn FnMut()) + Send>;

/// Calls `closure` within `context`; `None` if the context did not call it.
pub(crate) fn call_in<T>(context: Context, closure: impl FnOnce() -> T) -> Option<T> {
    let mut closure = Some(closure);
    let mut result = None;
    context(&mut || {
        if let Some(closure) = closure.take() {
            result = Some(closure());
        }
    });
    result
}
