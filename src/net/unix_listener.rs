//! A Unix socket that accepts connections.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use runtime_executor::Handle;
use runtime_executor::reactor::ShortTransfer;
use socket2::{Domain, SockRef, Socket, Type};

use super::accept::accept;
use super::async_fd::AsyncFd;
use super::socket::{fmt_socket, impl_socket};
use super::socket_options::BACKLOG;
use super::unix_address::unix_address;
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
        let address = unix_address(path.as_ref())?;
        // The socket is registered first, because a failed registration must not leave a file. The
        // system reports the idle socket as hung up. This report makes the first `accept` try once
        // in vain.
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        let listener = UnixListener::from_std(OwnedFd::from(socket).into())?;
        let socket = SockRef::from(&listener);
        socket.bind(&address)?;
        socket.listen(i32::try_from(BACKLOG).unwrap_or(i32::MAX))?;
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
        let (stream, address) = accept(&self.io, |listener| listener.accept()).await?;
        Ok((UnixStream::register(self.io.handle(), stream)?, address))
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
