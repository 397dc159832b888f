//! A connection between Unix sockets.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use runtime_executor::Handle;
use runtime_executor::reactor::{Direction, Interest, ShortTransfer};
use socket2::{Domain, SockAddr, Socket, Type};

use super::async_fd::AsyncFd;
use super::buffers::bytes_in;
use super::delegate::{delegate_end, delegate_read, delegate_write};
use super::readiness_methods::impl_readiness;
use super::readiness_set::Ready;
use super::send::{send, send_vectored};
use super::socket::{fmt_socket, impl_accepted, impl_socket};
use super::split::{self, OwnedReadHalf, OwnedWriteHalf};
use super::stream::impl_stream;
use super::unix_address::{address_of_std, unix_address};

/// A connection between Unix sockets. It reads and writes like a [`TcpStream`](super::TcpStream).
///
/// ```
/// use aside::net::UnixStream;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// aside::run(async {
///     let (mut near, mut far) = UnixStream::pair()?;
///     near.write_all(b"hello").await?;
///     near.close().await?;
///     let mut all = String::new();
///     far.read_to_string(&mut all).await?;
///     assert_eq!(all, "hello");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Drop
/// Closes the connection.
pub struct UnixStream {
    io: AsyncFd<net::UnixStream>,
}

pub(super) fn connect(socket: Socket, address: &SockAddr) -> io::Result<UnixStream> {
    socket.set_nonblocking(true)?;
    socket.connect(address)?;
    UnixStream::from_std(OwnedFd::from(socket).into())
}

impl UnixStream {
    /// Connects to the listener at a path, or at an [abstract name](super#common-rules). This
    /// function never waits, and is `async` only to be like the other `connect` functions.
    ///
    /// # Errors
    /// Those of the operating system, for example [`WouldBlock`](io::ErrorKind::WouldBlock) on
    /// Linux if the listener's backlog is full. An error, if this thread has no runtime or the
    /// runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes the socket.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        connect(socket, &unix_address(path.as_ref())?)
    }

    /// Connects to the listener at an address of std. See [`connect`](UnixStream::connect).
    ///
    /// # Errors
    /// Those of [`connect`](UnixStream::connect).
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes the socket.
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<UnixStream> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        connect(socket, &address_of_std(address)?)
    }

    /// Returns two sockets that are connected to each other.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (near, far) = net::UnixStream::pair()?;
        Ok((UnixStream::from_std(near)?, UnixStream::from_std(far)?))
    }

    /// Returns the local address.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Returns the peer's address.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }
}

impl_stream!(UnixStream, net::UnixStream, SocketAddr);
impl_readiness!(UnixStream);
impl_socket!(UnixStream, net::UnixStream, ShortTransfer::HasNoEffect);
impl_accepted!(UnixStream, net::UnixStream, ShortTransfer::HasNoEffect);

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_socket(f, "UnixStream", self.local_addr(), Some(self.peer_addr()))
    }
}
