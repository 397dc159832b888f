//! A connection of Unix sockets.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use runtime_executor::Handle;
use runtime_executor::reactor::{Direction, ShortTransfer};
use socket2::{Domain, SockAddr, Socket, Type};

use super::async_fd::{AsyncFd, bytes_in};
use super::builder::show;
use super::delegate::{delegate_end, delegate_read, delegate_write};
use super::nothing;
use super::split::{self, OwnedReadHalf, OwnedWriteHalf};
use super::stream::{impl_std, impl_stream};

/// A connection of Unix sockets, which reads and writes as a [`TcpStream`](super::TcpStream) does.
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

impl UnixStream {
    /// Connects to the listener at this path. It never waits, and is async as its kin are.
    ///
    /// # Errors
    /// As the system gives them; on Linux [`WouldBlock`](io::ErrorKind::WouldBlock) if as many
    /// connections wait to be accepted as the listener allows. If there is no runtime on this
    /// thread, or it is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped, it closes the socket.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)?;
        UnixStream::from_std(OwnedFd::from(socket).into())
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    /// As the system gives them. If there is no runtime on this thread, or it is gone.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (near, far) = net::UnixStream::pair()?;
        Ok((UnixStream::from_std(near)?, UnixStream::from_std(far)?))
    }

    /// Its own address.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }
}

impl_stream!(UnixStream, net::UnixStream);
impl_std!(UnixStream, net::UnixStream, ShortTransfer::HasNoEffect);

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "UnixStream", self.local_addr(), Some(self.peer_addr()))
    }
}
