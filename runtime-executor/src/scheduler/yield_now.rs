//! Yielding to the other tasks.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Yields to the other tasks, the timers and the sockets for one turn of the loop.
///
/// # Examples
/// ```
/// aside::run(async {
///     let other = aside::spawn(async { "ran" });
///     aside::yield_now().await;
///     assert!(other.is_finished());
/// });
/// ```
///
/// # Cancel safety
/// Safe: the future has no state to lose.
#[doc(alias("checkpoint", "call_soon"))]
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[must_use = "futures do nothing unless they are awaited"]
#[derive(Debug)]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
