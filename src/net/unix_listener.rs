//! A Unix socket that accepts connections.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::task::{Context, Poll, ready};

use runtime_executor::Handle;
use runtime_executor::reactor::ShortTransfer;
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::accept::{accept, accept_unix, poll_accept};
use super::async_fd::AsyncFd;
use super::incoming::Incoming;
use super::socket::{fmt_socket, impl_socket};
use super::socket_options::{BACKLOG, system_backlog};
use super::unix_address::{address_of_std, unix_address};
use super::unix_stream::UnixStream;

/// A Unix socket that accepts connections.
///
/// # Drop
/// Closes the socket. Its file stays, as with std's listener.
pub struct UnixListener {
    io: AsyncFd<net::UnixListener>,
}

impl UnixListener {
    /// Binds a socket to a path and listens. No file may exist there. The path may be an [abstract
    /// name](super#common-rules), which has no file.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone. In all these cases no file has been made.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        UnixListener::bind_to(&unix_address(path.as_ref())?)
    }

    /// Binds a socket to an address of std, and listens. See [`bind`](UnixListener::bind).
    ///
    /// # Errors
    /// Those of [`bind`](UnixListener::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixListener> {
        UnixListener::bind_to(&address_of_std(address)?)
    }

    fn bind_to(address: &SockAddr) -> io::Result<UnixListener> {
        // The runtime may be gone. So the socket belongs to the runtime before it makes a file.
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        let listener = UnixListener::from_std(OwnedFd::from(socket).into())?;
        let socket = SockRef::from(&listener);
        socket.bind(address)?;
        socket.listen(system_backlog(BACKLOG))?;
        Ok(listener)
    }

    /// Waits for a connection, and returns it with the peer's address, which usually has no name.
    ///
    /// # Errors
    /// Those of [`TcpListener::accept`](super::TcpListener::accept).
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, address) = accept(&self.io, accept_unix).await?;
        Ok((UnixStream::accepted(&self.io, stream)?, address))
    }

    /// The poll form of [`accept`](UnixListener::accept). See
    /// [`TcpListener::poll_accept`](super::TcpListener::poll_accept).
    ///
    /// # Errors
    /// Those of [`TcpListener::poll_accept`](super::TcpListener::poll_accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let accepted = ready!(poll_accept(&self.io, cx, accept_unix));
        Poll::Ready(
            accepted.and_then(|(stream, address)| {
                Ok((UnixStream::accepted(&self.io, stream)?, address))
            }),
        )
    }

    /// Returns the connections as a stream, which never ends. Each item is the result of an
    /// [`accept`](UnixListener::accept).
    pub fn incoming(&self) -> Incoming<'_, UnixStream> {
        Incoming::new(|| Box::pin(async { self.accept().await.map(|(stream, _)| stream) }))
    }

    /// Returns the address at which the socket listens.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }
}

impl_socket!(UnixListener, net::UnixListener, ShortTransfer::HasNoEffect);

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_socket(f, "UnixListener", self.local_addr(), None::<io::Result<()>>)
    }
}
