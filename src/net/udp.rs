//! A UDP socket.

use std::fmt;
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

use runtime_executor::Handle;
use runtime_executor::reactor::{Interest, ShortTransfer};

use super::address::{self, ToSocketAddrs};
use super::async_fd::AsyncFd;
use super::datagram::impl_datagram;
use super::readiness_methods::impl_readiness;
use super::readiness_set::Ready;
use super::send::send;
use super::socket::{fmt_socket, impl_socket};
use super::socket_options::SocketOptions;

/// A UDP socket, connected to one peer or not.
///
/// Any number of tasks may send and receive. Each datagram is received by one task.
///
/// ```
/// use aside::net::UdpSocket;
///
/// aside::run(async {
///     let near = UdpSocket::bind("127.0.0.1:0").await?;
///     let far = UdpSocket::bind("127.0.0.1:0").await?;
///     near.send_to(b"hello", far.local_addr()?).await?;
///     let mut buffer = [0; 16];
///     let (length, from) = far.recv_from(&mut buffer).await?;
///     assert_eq!((&buffer[..length], from), (&b"hello"[..], near.local_addr()?));
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "create_datagram_endpoint")]
pub struct UdpSocket {
    io: AsyncFd<net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to an address. Of several addresses it binds to the first one at which binding
    /// succeeds.
    ///
    /// # Errors
    /// Those of the operating system. An error, if the lookup of a name fails, this thread has no
    /// runtime, or the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, it has bound nothing.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        // Later polls may come from a thread without a runtime, or with another one.
        let handle = Handle::try_current().map_err(io::Error::other)?;
        address::try_each(address.target(), async |address| {
            UdpSocket::register(&handle, SocketOptions::default().bind_udp(address)?.into())
        })
        .await
    }

    /// Connects to a peer. From then on [`send`](UdpSocket::send) sends to the peer, and only the
    /// peer's datagrams are received. Of several addresses it connects to the first one that has a
    /// route.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the lookup of a name fails.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, the peer is unchanged.
    pub async fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        address::try_each(address.target(), async |address| self.io.get_ref().connect(address))
            .await
    }

    /// Sends a datagram to an address, and waits while the send buffer is full. Of several
    /// addresses it sends to the first one. Returns the number of bytes sent.
    ///
    /// # Errors
    /// Those of [`send`](UdpSocket::send), and an error if the lookup of a name fails.
    ///
    /// # Cancel safety
    /// As for [`send`](UdpSocket::send).
    pub async fn send_to(&self, datagram: &[u8], address: impl ToSocketAddrs) -> io::Result<usize> {
        let address = address::first(address).await?;
        self.io.write_with(|socket| socket.send_to(datagram, address)).await
    }

    /// The poll form of [`send_to`](UdpSocket::send_to). It keeps the waker of the last poll that
    /// writes, as [`poll_send`](UdpSocket::poll_send) does.
    ///
    /// # Errors
    /// Those of [`send`](UdpSocket::send).
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        datagram: &[u8],
        address: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_write_with(cx, |socket| socket.send_to(datagram, address))
    }

    /// Receives a datagram from the connected peer without removing it.
    ///
    /// # Errors
    /// Those of [`send`](UdpSocket::send).
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.read_with(|socket| socket.peek(buffer)).await
    }

    /// Receives a datagram without removing it, and returns its sender.
    ///
    /// # Errors
    /// Those of [`send`](UdpSocket::send).
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.read_with(|socket| socket.peek_from(buffer)).await
    }

    /// Receives a datagram from the connected peer without removing it, and without waiting.
    ///
    /// # Errors
    /// Those of [`try_recv`](UdpSocket::try_recv).
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |socket| socket.peek(buffer))
    }

    /// Receives a datagram without removing it, and without waiting, and returns its sender.
    ///
    /// # Errors
    /// Those of [`try_recv`](UdpSocket::try_recv).
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_io(Interest::READABLE, |socket| socket.peek_from(buffer))
    }

    /// The poll form of [`peek`](UdpSocket::peek). It keeps the waker of the last poll that reads,
    /// as [`poll_recv`](UdpSocket::poll_recv) does.
    ///
    /// # Errors
    /// Those of [`recv`](UdpSocket::recv).
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_read_with(cx, |socket| socket.peek(buffer))
    }

    /// The poll form of [`peek_from`](UdpSocket::peek_from). It keeps the waker of the last poll
    /// that reads, as [`poll_recv`](UdpSocket::poll_recv) does.
    ///
    /// # Errors
    /// Those of [`recv`](UdpSocket::recv).
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io.poll_read_with(cx, |socket| socket.peek_from(buffer))
    }

    /// Sends a datagram to an address without waiting. The system is asked, whatever events the
    /// loop has received.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the send buffer is full. Otherwise those of
    /// [`send`](UdpSocket::send).
    pub fn try_send_to(&self, datagram: &[u8], address: SocketAddr) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |socket| socket.send_to(datagram, address))
    }

    /// Returns the local address.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Returns the address of the connected peer.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the socket is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Returns whether the socket may send broadcasts (`SO_BROADCAST`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.io.get_ref().broadcast()
    }

    /// Sets whether the socket may send broadcasts (`SO_BROADCAST`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.io.get_ref().set_broadcast(broadcast)
    }

    /// Returns the time to live (`IP_TTL`) of the datagrams that the socket sends.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets the time to live (`IP_TTL`) of the datagrams that the socket sends.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// Joins a multicast group on the interface with this address.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().join_multicast_v4(&group, &interface)
    }

    /// Joins a multicast group on the interface with this number.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn join_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().join_multicast_v6(&group, interface)
    }

    /// Leaves a group that the socket [joined](UdpSocket::join_multicast_v4).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v4(&group, &interface)
    }

    /// Leaves a group that the socket [joined](UdpSocket::join_multicast_v6).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn leave_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v6(&group, interface)
    }

    /// Returns whether the socket receives its own datagrams to a group that it has joined
    /// (`IP_MULTICAST_LOOP`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.io.get_ref().multicast_loop_v4()
    }

    /// Sets whether the socket receives its own datagrams to a group that it has joined
    /// (`IP_MULTICAST_LOOP`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_multicast_loop_v4(&self, receives: bool) -> io::Result<()> {
        self.io.get_ref().set_multicast_loop_v4(receives)
    }

    /// Returns whether the socket receives its own datagrams to a group of IPv6 that it has joined
    /// (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.io.get_ref().multicast_loop_v6()
    }

    /// Sets whether the socket receives its own datagrams to a group of IPv6 that it has joined
    /// (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_multicast_loop_v6(&self, receives: bool) -> io::Result<()> {
        self.io.get_ref().set_multicast_loop_v6(receives)
    }

    /// Returns the time to live (`IP_MULTICAST_TTL`) of the datagrams that the socket sends to
    /// groups.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.io.get_ref().multicast_ttl_v4()
    }

    /// Sets the time to live (`IP_MULTICAST_TTL`) of the datagrams that the socket sends to groups.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_multicast_ttl_v4(ttl)
    }
}

impl_datagram!(UdpSocket, net::UdpSocket, SocketAddr);
impl_readiness!(UdpSocket);
impl_socket!(UdpSocket, net::UdpSocket, ShortTransfer::HasNoEffect);

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_socket(f, "UdpSocket", self.local_addr(), Some(self.peer_addr()))
    }
}
