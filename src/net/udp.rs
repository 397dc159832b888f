//! A UDP socket.

use std::fmt;
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use runtime_executor::Handle;
use runtime_executor::reactor::ShortTransfer;

use super::address::{self, Address};
use super::async_fd::AsyncFd;
use super::builder::{SocketBuilder, show};
use super::stream::impl_std;

/// A UDP socket, connected to one peer or not.
///
/// Any number of tasks may send and receive; each datagram comes to one of them.
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
pub struct UdpSocket {
    io: AsyncFd<net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to an address, or to the first one that can be bound of those that a name stands for.
    ///
    /// # Errors
    /// As the system gives them. If a name cannot be looked up. If there is no runtime on this
    /// thread, or it is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped, it has bound nothing.
    pub async fn bind(address: impl Address) -> io::Result<UdpSocket> {
        address::first(address, async |address| SocketBuilder::new().bind_udp(address)).await
    }

    /// Settles to whom [`send`](UdpSocket::send) sends and from whom it receives: an address, or
    /// the first one of those that a name stands for to which there is a way.
    ///
    /// # Errors
    /// As the system gives them. If a name cannot be looked up.
    ///
    /// # Cancel safety
    /// Safe: it has happened or not.
    pub async fn connect(&self, address: impl Address) -> io::Result<()> {
        address::first(address, async |address| self.io.get_ref().connect(address)).await
    }

    /// Sends a datagram to the peer that it is connected to, and says how many bytes went.
    ///
    /// # Errors
    /// As the system gives them; among others, that a former datagram was refused. If the runtime
    /// is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped before it is ready, it has sent nothing.
    pub async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.io.write_with(|socket| socket.send(datagram)).await
    }

    /// Sends a datagram to an address, and says how many bytes went.
    ///
    /// # Errors
    /// As [`send`](UdpSocket::send).
    ///
    /// # Cancel safety
    /// As [`send`](UdpSocket::send).
    pub async fn send_to(&self, datagram: &[u8], address: SocketAddr) -> io::Result<usize> {
        self.io.write_with(|socket| socket.send_to(datagram, address)).await
    }

    /// Receives a datagram from the peer that it is connected to. What the buffer does not hold is
    /// lost.
    ///
    /// # Errors
    /// As [`send`](UdpSocket::send).
    ///
    /// # Cancel safety
    /// Safe: dropped before it is ready, it has taken nothing.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.read_with(|socket| socket.recv(buffer)).await
    }

    /// Receives a datagram, and says from whom. What the buffer does not hold is lost.
    ///
    /// # Errors
    /// As [`send`](UdpSocket::send).
    ///
    /// # Cancel safety
    /// As [`recv`](UdpSocket::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.read_with(|socket| socket.recv_from(buffer)).await
    }

    /// Receives from the peer that it is connected to, and leaves the datagram where it is.
    ///
    /// # Errors
    /// As [`send`](UdpSocket::send).
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.read_with(|socket| socket.peek(buffer)).await
    }

    /// Receives a datagram, says from whom, and leaves it where it is.
    ///
    /// # Errors
    /// As [`send`](UdpSocket::send).
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.read_with(|socket| socket.peek_from(buffer)).await
    }

    /// Sends a datagram to an address without waiting.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the system has no room for it; else as
    /// [`send`](UdpSocket::send).
    pub fn try_send_to(&self, datagram: &[u8], address: SocketAddr) -> io::Result<usize> {
        self.io.try_write_with(|socket| socket.send_to(datagram, address))
    }

    /// Receives a datagram without waiting.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none; else as
    /// [`send`](UdpSocket::send).
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_read_with(|socket| socket.recv_from(buffer))
    }

    /// Its own address.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The peer that it is connected to.
    ///
    /// # Errors
    /// As the system gives them; if it is connected to none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Whether it may send to everybody in its network.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.io.get_ref().broadcast()
    }

    /// Lets it send to everybody in its network, or not.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.io.get_ref().set_broadcast(broadcast)
    }

    /// Over how many machines its datagrams may go.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets over how many machines its datagrams may go.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// Receives what is sent to a group, by the interface with this address.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().join_multicast_v4(&group, &interface)
    }

    /// Receives what is sent to a group, by the interface with this number.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn join_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().join_multicast_v6(&group, interface)
    }

    /// Ends [`join_multicast_v4`](UdpSocket::join_multicast_v4).
    ///
    /// # Errors
    /// As the system gives them.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v4(&group, &interface)
    }

    /// Ends [`join_multicast_v6`](UdpSocket::join_multicast_v6).
    ///
    /// # Errors
    /// As the system gives them.
    pub fn leave_multicast_v6(&self, group: Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v6(&group, interface)
    }

    /// Whether it hears what it sends to a group of which it is a member.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.io.get_ref().multicast_loop_v4()
    }

    /// Lets it hear what it sends to a group of which it is a member, or not.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn set_multicast_loop_v4(&self, hears: bool) -> io::Result<()> {
        self.io.get_ref().set_multicast_loop_v4(hears)
    }

    /// Over how many machines what it sends to groups may go.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.io.get_ref().multicast_ttl_v4()
    }

    /// Sets over how many machines what it sends to groups may go.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_multicast_ttl_v4(ttl)
    }

    /// An error that the system has kept for this socket, if there is one; taken out.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }

    /// Waits until there is a datagram.
    ///
    /// # Errors
    /// If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn readable(&self) -> io::Result<()> {
        self.io.readable().await.map(drop)
    }

    /// Waits until there is room for a datagram.
    ///
    /// # Errors
    /// If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn writable(&self) -> io::Result<()> {
        self.io.writable().await.map(drop)
    }
}

impl_std!(UdpSocket, net::UdpSocket, ShortTransfer::HasNoEffect);

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "UdpSocket", self.local_addr(), Some(self.peer_addr()))
    }
}
