//! Ctrl-c.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use runtime_core::budget;
use runtime_core::runtime_gone::RuntimeGoneError;

use super::number::Signal;
use super::signals::Signals;
use crate::runtime_gone::is_runtime_gone;

/// Waits for `SIGINT`, which ctrl-c on the terminal sends. The signal is received from this call
/// on, not only from the first poll on.
///
/// ```no_run
/// use aside::signal::ctrl_c;
///
/// aside::run(async {
///     let interrupt = ctrl_c();
///     println!("press ctrl-c");
///     interrupt.await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// The future does not end the program. The task that awaits the future must do so. As the handler
/// stays, another ctrl-c does not end a program that hangs in its cleanup, unless the program
/// provides for this by [`then_default`](CtrlC::then_default):
///
/// ```no_run
/// use aside::signal::ctrl_c;
///
/// aside::run(async {
///     ctrl_c().then_default().await?;
///     // ... the cleanup, which a second ctrl-c ends ...
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The future yields the errors of [`Signals::new`] and of [`Signals::recv`].
///
/// # Cancel safety
/// Safe. Awaiting the future again by reference (`(&mut interrupt).await`) waits for the next
/// signal.
#[doc(alias("SIGINT", "KeyboardInterrupt"))]
pub fn ctrl_c() -> CtrlC {
    CtrlC { signals: Signals::new([Signal::INT]) }
}

/// The future of [`ctrl_c`].
#[derive(Debug)]
#[must_use = "it waits for nothing until it is awaited"]
pub struct CtrlC {
    signals: io::Result<Signals>,
}

impl CtrlC {
    /// Gives ctrl-c its default action back after this future is ready or dropped: a second ctrl-c
    /// ends the program at once, even if its loop is blocked, or its runtime has ended and waits
    /// for a job. See [`Signals::then_default`].
    pub fn then_default(self) -> CtrlC {
        CtrlC { signals: self.signals.and_then(Signals::then_default) }
    }
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.signals.is_err() {
            ready!(budget::poll_spend(cx));
        }
        match &mut self.signals {
            Ok(signals) => signals.poll_recv(cx).map_ok(|_interrupt| ()),
            // The error is kept for the next poll.
            Err(error) if is_runtime_gone(error) => {
                Poll::Ready(Err(io::Error::other(RuntimeGoneError::of("this signal"))))
            }
            Err(error) => Poll::Ready(Err(io::Error::new(error.kind(), error.to_string()))),
        }
    }
}
