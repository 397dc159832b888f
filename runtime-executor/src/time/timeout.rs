//! Time limits for futures.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use runtime_core::budget;
use runtime_core::debug_as_message;

use crate::time::sleep::{Sleep, sleep, sleep_until};

/// Awaits `future` for `duration` at most.
///
/// Lazy: the future is polled only while the `Timeout` is awaited. The time begins at the call. It
/// is that of [`sleep`], which does not count a suspension of the machine on most systems.
///
/// The future is polled first: if it is ready, its output is returned even if the deadline has
/// passed. The future is dropped when the `Timeout` is dropped, and not when the time elapses.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// aside::run(async {
///     let limit = Duration::from_millis(1);
///     assert_eq!(aside::timeout(limit, async { "in time" }).await, Ok("in time"));
///     assert!(aside::timeout(limit, std::future::pending::<()>()).await.is_err());
/// });
/// ```
///
/// # Errors
/// [`Elapsed`] if the duration elapses first.
///
/// # Panics
/// In the same cases as [`sleep`], if the timeout must wait.
///
/// # Cancel safety
/// As safe as the future.
#[doc(alias("wait_for", "asyncio"))]
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    // Made first, so that the future is moved once.
    let sleep = sleep(duration);
    Timeout { future, sleep }
}

/// Awaits `future` until `deadline` at most. See [`timeout`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use aside::timeout_at;
///
/// aside::run(async {
///     // One deadline for two steps.
///     let deadline = aside::time::now() + Duration::from_secs(10);
///     let first = timeout_at(deadline, async { 1 }).await?;
///     let second = timeout_at(deadline, async { 2 }).await?;
///     assert_eq!(first + second, 3);
///     Ok::<(), aside::time::Elapsed>(())
/// })?;
/// # Ok::<(), aside::time::Elapsed>(())
/// ```
///
/// # Errors
/// [`Elapsed`] if the deadline passes first.
///
/// # Panics
/// In the same cases as [`sleep`], if the timeout must wait.
///
/// # Cancel safety
/// As safe as the future.
#[doc(alias("timeout_until"))]
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    let sleep = sleep_until(deadline);
    Timeout { future, sleep }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[must_use = "futures do nothing unless they are awaited"]
    #[derive(Debug)]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    /// Returns a reference to the future.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// Returns a mutable reference to the future.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// Returns the future, without its limit. A future that must be pinned is limited by reference
    /// instead: `timeout(limit, future.as_mut())`.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(budget::poll_available(cx));
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            budget::spend();
            return Poll::Ready(Ok(output));
        }
        // The future may have used up the budget, and the deadline must be noticed all the same.
        budget::leave_one();
        Pin::new(this.sleep).poll(cx).map(|()| Err(Elapsed(())))
    }
}

/// The error of a [`Timeout`] whose deadline has passed before the future was ready.
#[doc(alias("TimeoutError", "TimedOut"))]
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed before the future was ready")
    }
}

debug_as_message!(Elapsed);

impl Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> std::io::Error {
        std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}
