//! A Unix socket that connections come in by.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use runtime_executor::Handle;
use runtime_executor::reactor::ShortTransfer;

use super::accept::accept;
use super::async_fd::AsyncFd;
use super::builder::show;
use super::stream::impl_std;
use super::unix_stream::UnixStream;

/// A Unix socket that connections come in by.
///
/// # Drop
/// Closes the socket. Its file stays, as with std's.
pub struct UnixListener {
    io: AsyncFd<net::UnixListener>,
}

impl UnixListener {
    /// Makes a socket at this path, where nothing may be, and listens.
    ///
    /// # Errors
    /// As the system gives them. If there is no runtime on this thread, or it is gone.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        UnixListener::from_std(net::UnixListener::bind(path)?)
    }

    /// Waits for a connection, and gives it with the peer's address, which mostly has no name.
    ///
    /// # Errors
    /// As [`TcpListener::accept`](super::TcpListener::accept).
    ///
    /// # Cancel safety
    /// Safe: dropped before it is ready, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, address) = accept(&self.io, |listener| listener.accept()).await?;
        Ok((UnixStream::with(self.io.handle(), stream)?, address))
    }

    /// The address at which it listens.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }
}

impl_std!(UnixListener, net::UnixListener, ShortTransfer::HasNoEffect);

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "UnixListener", self.local_addr(), None::<io::Result<()>>)
    }
}
