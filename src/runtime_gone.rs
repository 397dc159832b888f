//! [`is_runtime_gone`]: whether an error means that the runtime is gone.

use std::error::Error;
use std::io;

use runtime_blocking::SubmitError;
use runtime_core::runtime_gone::RuntimeGoneError;

/// Returns whether an error means that the runtime is gone: it has been shut down or dropped.
///
/// A task or thread that outlives the runtime can end without a report in this case. The function
/// recognises, by the chain of its [sources](Error::source),
///
/// - the [`io::Error`] of a socket, of a function of [`fs`](crate::fs), of an
///   [`Unblock`](crate::Unblock), of a signal or of a name lookup;
/// - the [`JoinError`](crate::JoinError) of a task or job that was submitted after the end of the
///   runtime, and of a job that the shutdown cancelled before it began;
/// - a [`SubmitError`] of a pool that is shut down.
///
/// A task that was running at the end of the runtime is reported as
/// [cancelled](crate::JoinError::is_cancelled), like a task that was aborted. A
/// [`NoRuntimeError`](crate::NoRuntimeError) means that the thread has no runtime, which is another
/// fault. A [`sleep`](crate::sleep()) has no error: it panics if it is polled after the end of the
/// runtime.
///
/// ```
/// use aside::net::UnixStream;
///
/// let runtime = aside::Runtime::new();
/// let (near, _far) = runtime.block_on(async { UnixStream::pair() })?;
/// drop(runtime);
/// let error = near.try_write(b"too late").unwrap_err();
/// assert!(aside::is_runtime_gone(&error));
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "is_rt_shutdown_err")]
pub fn is_runtime_gone(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let is_of_closed_pool = error.downcast_ref().is_some_and(SubmitError::<()>::is_closed);
        if error.is::<RuntimeGoneError>() || is_of_closed_pool {
            return true;
        }
        // The source of an `io::Error` is not its inner error, but the source of that error.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
