//! A stream of signals.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::AsyncRead;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

use super::number::Signal;
use crate::net::AsyncFd;

/// Listens to some signals.
///
/// ```no_run
/// use aside::signal::{Signal, Signals};
///
/// aside::run(async {
///     let mut signals = Signals::new([Signal::HUP, Signal::TERM])?;
///     while signals.recv().await? == Signal::HUP {
///         println!("the settings are read again");
///     }
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It has two descriptors, however many signals it listens to.
///
/// # Drop
/// It listens no more. The default action of its signals does not come back; see the
/// [module](super).
pub struct Signals {
    delivery: SignalDelivery<AsyncFd<UnixStream>, SignalOnly>,
    signals: Vec<Signal>,
    /// As a stream it has given its error, which is its last item.
    ended: bool,
}

impl Signals {
    /// Listens to these from now on. Which come before this returns may be heard or not, and their
    /// default action done or not.
    ///
    /// # Errors
    /// As the system gives them: for numbers that are no signal's on this system, or if there are
    /// no descriptors left. If there is no runtime on this thread, or it is gone.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        let signals: Vec<Signal> = signals.into_iter().collect();
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        let read = AsyncFd::new(read)?;
        let numbers = signals.iter().map(|signal| signal.number());
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, numbers)?;
        Ok(Signals { delivery, signals, ended: false })
    }

    /// The next signal.
    ///
    /// # Errors
    /// If the runtime is gone; what was heard before that is told first.
    ///
    /// # Cancel safety
    /// Safe: no signal is lost.
    pub async fn recv(&mut self) -> io::Result<Signal> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The handler makes its note and then writes its byte. So here the byte is read and then the
    /// note; and before the first read the notes, of which the last batch may have left some.
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        loop {
            if let Some(number) = self.delivery.pending().next() {
                return Poll::Ready(Ok(Signal::from_system(number)));
            }
            let mut bytes = [0; 64];
            let mut stream = self.delivery.get_read();
            let _read = ready!(Pin::new(&mut stream).poll_read(cx, &mut bytes))?;
        }
    }
}

/// Its items are signals, without end; or one error, if the runtime is gone, and then the end.
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
