//! A TCP connection.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use runtime_executor::Handle;
use runtime_executor::reactor::{Direction, ShortTransfer};
use socket2::{SockAddr, SockRef, Socket};

use super::address::{self, Address};
use super::async_fd::{AsyncFd, bytes_in};
use super::builder::{SocketBuilder, show};
use super::delegate::{delegate_end, delegate_read, delegate_write};
use super::nothing;
use super::split::{self, OwnedReadHalf, OwnedWriteHalf};
use super::stream::{impl_std, impl_stream};

/// A TCP connection.
///
/// It reads and writes through `AsyncRead` and `AsyncWrite` of the `futures` traits, by value and
/// by reference: `&stream` reads in one place while `&stream` writes in another. By the traits, one
/// task is kept for each direction; if two read one stream at a time by them, they wake each other
/// in turn. [`read`](TcpStream::read) and [`write`](TcpStream::write) are for any number of tasks.
///
/// ```
/// use aside::net::{TcpListener, TcpStream};
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// aside::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let mut near = TcpStream::connect(listener.local_addr()?).await?;
///     let (mut far, _address) = listener.accept().await?;
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
pub struct TcpStream {
    io: AsyncFd<net::TcpStream>,
}

/// Connects a socket that has been set up.
pub(super) async fn connect(socket: Socket, address: SocketAddr) -> io::Result<TcpStream> {
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::from(address)) {
        Err(error) if !is_under_way(&error) => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // Registered when it has begun to connect: an idle socket counts as hung up.
    let handle = Handle::try_current().map_err(io::Error::other)?;
    let io = AsyncFd::with(&handle, net::TcpStream::from(socket), ShortTransfer::ClearsReadiness)?;
    io.write_with(|stream| match (stream.take_error()?, stream.peer_addr()) {
        (Some(error), _) => Err(error),
        (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        (None, connected) => connected.map(drop),
    })
    .await?;
    Ok(TcpStream { io })
}

/// Whether a connection is being made in the background.
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
        || error.kind() == io::ErrorKind::WouldBlock
        // A signal: the connecting goes on.
        || error.kind() == io::ErrorKind::Interrupted
}

impl TcpStream {
    /// Connects to an address, or to the first one that answers of those that a name stands for.
    ///
    /// The system gives up after some minutes; `aside::timeout` gives up earlier.
    ///
    /// # Errors
    /// As the system gives them; of several addresses, the last one's. If a name cannot be looked
    /// up. If there is no runtime on this thread, or it is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped, it closes the socket.
    pub async fn connect(address: impl Address) -> io::Result<TcpStream> {
        address::first(address, |address| SocketBuilder::new().connect(address)).await
    }

    /// The peer's address.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Its own address.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Whether small pieces are sent at once, and not collected (Nagle's algorithm).
    ///
    /// # Errors
    /// As the system gives them.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.get_ref().nodelay()
    }

    /// Sends small pieces at once, or not. (As std's: who knows that one knows this one.)
    ///
    /// # Errors
    /// As the system gives them.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.get_ref().set_nodelay(nodelay)
    }

    /// Over how many machines its packets may go.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets over how many machines its packets may go.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// For how long the system tries to send what is left when the socket is closed.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(&self.io).linger()
    }

    /// Sets for how long the system tries to send what is left when the socket is closed. Nought
    /// throws it away, and the peer sees a reset. With any other time, closing blocks.
    ///
    /// # Errors
    /// As the system gives them.
    ///
    /// # Blocking
    /// Later, when the socket is dropped.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(&self.io).set_linger(linger)
    }

    /// Asks a peer that has been silent for this time whether it is still there; `None` does not.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        let socket = SockRef::from(&self.io);
        match after {
            Some(after) => socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(after)),
            None => socket.set_keepalive(false),
        }
    }

    /// After which silence the peer is asked whether it is still there, if it is.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn keepalive(&self) -> io::Result<Option<Duration>> {
        let socket = SockRef::from(&self.io);
        if socket.keepalive()? { socket.tcp_keepalive_time().map(Some) } else { Ok(None) }
    }

    /// Reads without taking: the next read gives the same bytes again. Waits if nothing has come.
    ///
    /// # Errors
    /// As the system gives them. If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.io.read_with(|stream| stream.peek(buffer)).await
    }
}

impl_stream!(TcpStream, net::TcpStream);
impl_std!(TcpStream, net::TcpStream, ShortTransfer::ClearsReadiness);

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "TcpStream", self.local_addr(), Some(self.peer_addr()))
    }
}
