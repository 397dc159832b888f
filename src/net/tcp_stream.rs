//! A TCP connection.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use runtime_core::metadata::Metadata;
use runtime_executor::Handle;
use runtime_executor::reactor::{Direction, Interest, ShortTransfer};
use socket2::{SockAddr, SockRef, Socket, TcpKeepalive};

use super::address::{SocketTarget, ToSocketAddrs, resolve};
use super::address_race::race_addresses;
use super::async_fd::AsyncFd;
use super::buffers::bytes_in;
use super::delegate::{delegate_end, delegate_read, delegate_write};
use super::readiness_methods::impl_readiness;
use super::readiness_set::Ready;
use super::send::{send, send_vectored};
use super::socket::{fmt_socket, impl_accepted, impl_socket};
use super::socket_options::SocketOptions;
use super::split::{self, OwnedReadHalf, OwnedWriteHalf};
use super::stream::impl_stream;

/// A TCP connection.
///
/// It implements `AsyncRead` and `AsyncWrite` of the `futures` traits, by value and by reference,
/// so one task may read through `&stream` while another writes through `&stream`. A poll through
/// the traits keeps the waker of the last poll of its direction, as the contract of `Future` says.
/// If two tasks read through the traits at the same time, only the task that polled last is woken.
/// Any number of tasks may use [`read`](TcpStream::read) and [`write`](TcpStream::write).
///
/// The type is not `Clone`, because clones would keep one waker for each direction. An
/// `Arc<TcpStream>` has several owners that use these methods, and
/// [`into_split`](TcpStream::into_split) makes a reader and a writer.
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
#[doc(alias = "open_connection")]
pub struct TcpStream {
    io: AsyncFd<net::TcpStream>,
}

/// Connects a socket whose options have been set. It belongs to the loop of `handle`, because the
/// first poll may come from a thread that has no loop, or another one.
pub(super) async fn connect(
    handle: &Handle,
    socket: Socket,
    address: SocketAddr,
) -> io::Result<TcpStream> {
    socket.set_nonblocking(true)?;
    match socket.connect(&SockAddr::from(address)) {
        Err(error) if !is_in_progress(&error) => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // If the connection is not established at once, the first wait registers the socket, after the
    // connect has begun. The system would report an idle socket as hung up.
    let io =
        AsyncFd::of_socket(handle, net::TcpStream::from(socket), ShortTransfer::ClearsReadiness)?;
    let connected = |stream: &net::TcpStream| match (stream.take_error()?, stream.peer_addr()) {
        (Some(error), _) => Err(error),
        (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        (None, peer) => peer,
    };
    let peer = io.write_with(connected).await?;
    let stream = TcpStream { io };
    if stream.local_addr().is_ok_and(|local| local == peer) {
        return Err(refuse_own_connection(&stream));
    }
    Ok(stream)
}

/// Returns the error for a socket that is connected with itself, and lets its drop free the port.
///
/// TCP allows a *simultaneous open*. If no listener is bound to a port of the ephemeral range, the
/// system may choose that port as the local port of the connecting socket, which then connects to
/// itself.
fn refuse_own_connection(stream: &TcpStream) -> io::Error {
    // Without this option, the port would stay in use for a minute (TIME_WAIT).
    let _as_well_as_possible = stream.set_linger(Some(Duration::ZERO));
    io::Error::from_raw_os_error(libc::ECONNREFUSED)
}

/// Returns whether the system continues to connect in the background.
fn is_in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
        || error.kind() == io::ErrorKind::WouldBlock
        // After a signal the system continues to connect.
        || error.kind() == io::ErrorKind::Interrupted
}

impl TcpStream {
    /// Connects to an address. Of several addresses it connects to the first one that accepts the
    /// connection.
    ///
    /// The attempts at several addresses overlap, as RFC 8305 ("Happy Eyeballs") describes, because
    /// some addresses may not answer. IPv6 and IPv4 addresses alternate, beginning with the family
    /// of the first address. The next attempt begins when an attempt has failed, or when 250 ms of
    /// the runtime's clock have passed since the last one began. The first connection is returned,
    /// and the other sockets are closed.
    ///
    /// The system gives up after some minutes. Use `aside::timeout` for a shorter limit.
    ///
    /// A connect to a local port at which no socket listens may connect the socket with itself,
    /// because the system may choose that port for the socket. Such a connection is closed, and the
    /// error is [`ConnectionRefused`](io::ErrorKind::ConnectionRefused).
    ///
    /// # Errors
    /// Those of the operating system. If there are several addresses, the error names all of them
    /// with their errors. Its kind is the kind of the last error that is not a missing route of
    /// this host, and its [source](std::error::Error::source) is that error. An error, if the
    /// lookup of a name fails, this thread has no runtime, or the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes the socket.
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        TcpStream::connect_target(address.target()).await
    }

    /// Compiled once, not once for each type of address.
    async fn connect_target(target: SocketTarget) -> io::Result<TcpStream> {
        // Later polls may come from a thread without a runtime, or with another one.
        let handle = &Handle::try_current().map_err(io::Error::other)?;
        let addresses = resolve(Metadata::here(), target).await?;
        let attempt = |address| async move {
            connect(handle, SocketOptions::default().open_for_connect(address)?, address).await
        };
        race_addresses(handle, addresses, attempt).await
    }

    /// Returns the peer's address.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Returns the local address.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Returns whether small segments are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.get_ref().nodelay()
    }

    /// Sets whether small segments are sent at once (`TCP_NODELAY`), or are collected by Nagle's
    /// algorithm.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.get_ref().set_nodelay(nodelay)
    }

    /// Returns the time to live (`IP_TTL`) of the packets that the connection sends.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets the time to live (`IP_TTL`) of the packets that the connection sends.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// Returns for how long closing the socket waits to send the remaining data (`SO_LINGER`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(&self.io).linger()
    }

    /// Sets for how long closing the socket waits to send the remaining data (`SO_LINGER`). A time
    /// of zero discards the data, and resets the connection. With any other time, closing blocks.
    ///
    /// # Errors
    /// Those of the operating system.
    ///
    /// # Blocking
    /// This call does not block. Dropping the socket does.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(&self.io).set_linger(linger)
    }

    /// Sets how long the peer must be silent before the system probes whether it is still alive
    /// (`TCP_KEEPIDLE`). `None` disables the probes.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        let socket = SockRef::from(&self.io);
        match after {
            Some(after) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(after)),
            None => socket.set_keepalive(false),
        }
    }

    /// Returns how long the peer must be silent before the system probes it, or `None` if the
    /// probes are disabled.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn keepalive(&self) -> io::Result<Option<Duration>> {
        let socket = SockRef::from(&self.io);
        if socket.keepalive()? { socket.tcp_keepalive_time().map(Some) } else { Ok(None) }
    }

    /// Reads data without removing it: the next read returns the same bytes. Waits while there is
    /// no data.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        self.io.read_with(|stream| stream.peek(buffer)).await
    }

    /// The poll form of [`peek`](TcpStream::peek). It keeps the waker of the last poll that reads,
    /// as [`poll_read_ready`](TcpStream::poll_read_ready) does.
    ///
    /// # Errors
    /// Those of [`peek`](TcpStream::peek).
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.io.poll_read_with(cx, |stream| stream.peek(buffer))
    }
}

impl_stream!(TcpStream, net::TcpStream, SocketAddr);
impl_readiness!(TcpStream);
impl_socket!(TcpStream, net::TcpStream, ShortTransfer::ClearsReadiness);
impl_accepted!(TcpStream, net::TcpStream, ShortTransfer::ClearsReadiness);

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_socket(f, "TcpStream", self.local_addr(), Some(self.peer_addr()))
    }
}
