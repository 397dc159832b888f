//! The stream of signals.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::AsyncRead;
use runtime_core::budget;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use super::default_action::FirstArrivals;
use super::number::Signal;
use crate::net::AsyncFd;

/// A receiver of one or more signals.
///
/// ```no_run
/// use aside::signal::{Signal, Signals};
///
/// aside::run(async {
///     let mut signals = Signals::new([Signal::HUP, Signal::TERM])?;
///     while signals.recv().await? == Signal::HUP {
///         println!("reloading the settings");
///     }
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A receiver has two descriptors, whatever the number of its signals.
///
/// # Drop
/// The signals are no longer received. Their default actions do not come back, except after
/// [`then_default`](Signals::then_default); see the [module](super).
#[doc(alias("add_signal_handler", "SignalKind", "async_signal"))]
pub struct Signals {
    delivery: SignalDelivery<AsyncFd<UnixStream>, SignalOnly>,
    signals: Vec<Signal>,
    /// The signals whose default action comes back; empty without `then_default`.
    first: FirstArrivals,
    /// True once the stream has yielded an error, which is its last item.
    ended: bool,
}

impl Signals {
    /// Receives these signals from now on. A signal that arrives before this function returns may
    /// be received or cause its default action.
    ///
    /// # Errors
    /// The system's error, if a number belongs to no signal on this system, or no descriptors are
    /// left. An error if this thread has no runtime, or the runtime is gone.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        let signals: Vec<Signal> = signals.into_iter().collect();
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        let read = AsyncFd::new(read)?;
        let numbers = signals.iter().map(|signal| signal.number());
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, numbers)?;
        Ok(Signals { delivery, signals, first: FirstArrivals::default(), ended: false })
    }

    /// Gives each of the signals its default action back after it has arrived once.
    ///
    /// The first arrival of a signal is received. From then on, or from the drop of this value on,
    /// the signal does what it does to a program without a handler: `SIGTERM` and `SIGINT` end the
    /// program at once. The handler does this itself, so it also helps if the loop is blocked, or
    /// the runtime has ended and a shutdown waits for a job that hangs.
    ///
    /// A server ends gracefully at the first `SIGTERM` or ctrl-c, and at once at the second:
    ///
    /// ```no_run
    /// use aside::signal::{Signal, Signals};
    ///
    /// aside::run(async {
    ///     let mut stop = Signals::new([Signal::INT, Signal::TERM])?.then_default()?;
    ///     stop.recv().await?;
    ///     // ... the cleanup ...
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// A signal keeps its handler as long as any receiver of this process waits for its first
    /// arrival after `then_default`. Receivers without `then_default` do not count: the signal
    /// ends the program although they would receive it.
    ///
    /// # Errors
    /// An error, if the default action of a signal is not known, as for the real-time signals.
    pub fn then_default(mut self) -> io::Result<Signals> {
        self.first = FirstArrivals::of(self.signals.iter().map(|signal| signal.number()))?;
        Ok(self)
    }

    /// Waits for the next signal.
    ///
    /// # Errors
    /// An error, if the runtime is gone. Signals that arrived before are returned first.
    ///
    /// # Cancel safety
    /// Safe: no signal is lost.
    pub async fn recv(&mut self) -> io::Result<Signal> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Receives the next signal. The handler sets its flag and then writes its byte. This function
    /// reads the byte first and then the flags, so it misses no signal. It also checks the flags
    /// before the first read, because the last batch may have left some flags set.
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        loop {
            ready!(budget::poll_available(cx));
            if let Some(number) = self.delivery.pending().next() {
                self.first.remove(number);
                budget::spend();
                return Poll::Ready(Ok(Signal::from_system(number)));
            }
            let mut bytes = [0; 64];
            let mut stream = self.delivery.get_read();
            let _read = ready!(Pin::new(&mut stream).poll_read(cx, &mut bytes))?;
        }
    }
}

/// Yields signals without end. If the runtime is gone, it yields one error and ends.
///
/// # Cancel safety
/// Safe: no signal is lost.
impl Stream for Signals {
    type Item = io::Result<Signal>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let received = ready!(self.poll_recv(cx));
        self.ended = received.is_err();
        Poll::Ready(Some(received))
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signals").field(&self.signals).finish()
    }
}
