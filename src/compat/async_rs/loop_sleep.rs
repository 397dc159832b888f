//! [`LoopSleep`]: sleeps and ticks that any thread may await.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;
use runtime_core::abort_on_drop::AbortOnDrop;
use runtime_core::join::JoinError;
use runtime_executor::{sleep, sleep_until};

use crate::handle::Handle;

/// A sleep of a [`LoopKit`](super::LoopKit). Ends at once if the runtime is gone.
///
/// [`aside::sleep`](crate::sleep()) cannot take its place: it panics when it is polled after the
/// end of its runtime, and a library that reconnects in the background may do so.
///
/// # Cancel safety
/// Safe: dropping the future removes the timer.
#[derive(Debug)]
pub struct LoopSleep {
    sleeping: AbortOnDrop<()>,
}

impl LoopSleep {
    pub(super) fn after(handle: &Handle, duration: Duration) -> LoopSleep {
        let entered = handle.enter();
        // The time begins here.
        let sleeping = sleep(duration);
        drop(entered);
        LoopSleep { sleeping: handle.spawn(sleeping).abort_on_drop() }
    }

    fn until(handle: &Handle, deadline: Instant) -> LoopSleep {
        LoopSleep { sleeping: handle.spawn(sleep_until(deadline)).abort_on_drop() }
    }

    /// An error means that the runtime is gone.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), JoinError>> {
        Pin::new(&mut self.sleeping).poll(cx)
    }
}

impl Future for LoopSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _ended = ready!(self.poll_end(cx));
        Poll::Ready(())
    }
}

/// Periodic ticks, each with the time at which it was due. The stream ends with the runtime.
#[derive(Debug)]
pub(super) struct LoopTicks {
    handle: Handle,
    period: Duration,
    due: Instant,
    /// `None` if the next tick is too far off for an `Instant`.
    next: Option<LoopSleep>,
}

impl LoopTicks {
    pub(super) fn new(handle: &Handle, period: Duration) -> LoopTicks {
        let due = handle.now();
        let next = Some(LoopSleep::until(handle, due));
        LoopTicks { handle: handle.clone(), period, due, next }
    }
}

impl Stream for LoopTicks {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        let Some(next) = &mut self.next else { return Poll::Pending };
        if ready!(next.poll_end(cx)).is_err() {
            return Poll::Ready(None);
        }
        let tick = self.due;
        self.next = tick.checked_add(self.period).map(|due| {
            self.due = due;
            LoopSleep::until(&self.handle, due)
        });
        Poll::Ready(Some(tick))
    }
}
