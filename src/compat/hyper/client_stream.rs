//! [`ClientStream`]: a connection of a client, with or without TLS.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};

use super::io::Io;
use crate::net::TcpStream;

/// A connection that a [`Connector`](super::Connector) has made. `S` is the stream of the TLS
/// library.
///
/// # Drop
/// Closes the connection.
#[derive(Debug)]
pub struct ClientStream<S = TcpStream>(Transport<S>);

#[derive(Debug)]
enum Transport<S> {
    Plain(TcpStream),
    Tls { stream: Io<S>, is_http2: bool },
}

/// The result of a TLS handshake. See [`Connector::with_tls`](super::Connector::with_tls).
#[derive(Debug)]
pub struct Secured<S> {
    stream: S,
    is_http2: bool,
}

impl<S> Secured<S> {
    /// Wraps the stream of a TLS library, for HTTP/1.
    pub fn new(stream: S) -> Secured<S> {
        Secured { stream, is_http2: false }
    }

    /// Sets whether the peers have agreed on HTTP/2 (by ALPN).
    pub fn negotiated_h2(self, negotiated_h2: bool) -> Secured<S> {
        Secured { is_http2: negotiated_h2, ..self }
    }
}

impl<S> ClientStream<S> {
    pub(super) fn plain(stream: TcpStream) -> ClientStream<S> {
        ClientStream(Transport::Plain(stream))
    }

    pub(super) fn secured(secured: Secured<S>) -> ClientStream<S> {
        let Secured { stream, is_http2 } = secured;
        ClientStream(Transport::Tls { stream: Io::new(stream), is_http2 })
    }

    pub(super) fn is_http2(&self) -> bool {
        matches!(self.0, Transport::Tls { is_http2: true, .. })
    }
}

/// Calls a method of the stream, of either type.
macro_rules! delegate {
    ($method:path, $this:ident, $($argument:ident),*) => {
        match &mut $this.get_mut().0 {
            Transport::Plain(stream) => $method(Pin::new(stream), $($argument),*),
            Transport::Tls { stream, .. } => $method(Pin::new(stream), $($argument),*),
        }
    };
}

impl<S: AsyncRead + Unpin> Read for ClientStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(Read::poll_read, self, cx, cursor)
    }
}

impl<S: AsyncWrite + Unpin> Write for ClientStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(Write::poll_write, self, cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(Write::poll_write_vectored, self, cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Transport::Plain(stream) => Write::is_write_vectored(stream),
            Transport::Tls { stream, .. } => Write::is_write_vectored(stream),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(Write::poll_flush, self, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(Write::poll_shutdown, self, cx)
    }
}
