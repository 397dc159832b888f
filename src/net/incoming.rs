//! The connections of a listener as a stream.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

/// The future of one `accept`.
type Accepting<'a, S> = Pin<Box<dyn Future<Output = io::Result<S>> + Send + Sync + 'a>>;

/// The connections of a listener, as a stream that never ends. Made by
/// [`TcpListener::incoming`](super::TcpListener::incoming) and
/// [`UnixListener::incoming`](super::UnixListener::incoming).
///
/// Each item is accepted as by [`accept`](super::TcpListener::accept), with the same errors and
/// pauses. Dropping the stream loses no connection.
#[must_use = "a stream accepts only when it is polled"]
pub struct Incoming<'a, S> {
    accept: Box<dyn Fn() -> Accepting<'a, S> + Send + Sync + 'a>,
    /// Present between two polls if the last poll was pending.
    accepting: Option<Accepting<'a, S>>,
}

impl<'a, S> Incoming<'a, S> {
    pub(super) fn new(accept: impl Fn() -> Accepting<'a, S> + Send + Sync + 'a) -> Incoming<'a, S> {
        Incoming { accept: Box::new(accept), accepting: None }
    }
}

impl<S> Stream for Incoming<'_, S> {
    type Item = io::Result<S>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<S>>> {
        let this = &mut *self;
        let accepting = this.accepting.get_or_insert_with(&this.accept);
        let accepted = ready!(accepting.as_mut().poll(cx));
        this.accepting = None;
        Poll::Ready(Some(accepted))
    }
}

impl<S> FusedStream for Incoming<'_, S> {
    fn is_terminated(&self) -> bool {
        false
    }
}

impl<S> fmt::Debug for Incoming<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}
