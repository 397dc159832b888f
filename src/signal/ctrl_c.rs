//! Ctrl-c.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::number::Signal;
use super::signals::Signals;

/// Waits for `SIGINT`, which ctrl-c on the terminal sends. It listens from this call on.
///
/// ```no_run
/// use aside::signal::ctrl_c;
///
/// aside::run(async {
///     let enough = ctrl_c();
///     println!("press ctrl-c");
///     enough.await
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It ends nothing: that is for who awaits it to do. And as it stays listened to, no further ctrl-c
/// ends a program that hangs while it cleans up, unless the program wants that:
///
/// ```no_run
/// use aside::signal::{Signal, ctrl_c};
///
/// # aside::run(async {
/// ctrl_c().await?;
/// aside::spawn(async {
///     ctrl_c().await?;
///     Signal::INT.act_by_default()
/// }).detach();
/// // It cleans up.
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The future gives those of [`Signals::new`] and of [`Signals::recv`].
///
/// # Cancel safety
/// Safe. Awaited again by reference (`(&mut enough).await`), it waits for the next.
pub fn ctrl_c() -> CtrlC {
    CtrlC { signals: Signals::new([Signal::INT]) }
}

/// What [`ctrl_c`] returns.
#[derive(Debug)]
#[must_use = "it waits for nothing until it is awaited"]
pub struct CtrlC {
    signals: io::Result<Signals>,
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.signals {
            Ok(signals) => signals.poll_recv(cx).map_ok(|_interrupt| ()),
            // The error stays, for who polls again.
            Err(error) => Poll::Ready(Err(io::Error::new(error.kind(), error.to_string()))),
        }
    }
}
