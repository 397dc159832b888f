//! A Unix socket for datagrams.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::task::{Context, Poll};

use runtime_core::budget;
use runtime_executor::Handle;
use runtime_executor::reactor::{Interest, ShortTransfer};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::async_fd::AsyncFd;
use super::datagram::impl_datagram;
use super::readiness_methods::impl_readiness;
use super::readiness_set::Ready;
use super::send::{send, send_to};
use super::socket::{fmt_socket, impl_socket};
use super::unix_address::{address_of_std, unix_address};

/// A Unix socket for datagrams, connected to one peer or not.
///
/// Any number of tasks may send and receive. Each datagram is received by one task.
///
/// The paths of its methods may be [abstract names](super#common-rules).
///
/// ```
/// use aside::net::UnixDatagram;
///
/// aside::run(async {
///     let (near, far) = UnixDatagram::pair()?;
///     near.send(b"hello").await?;
///     let mut buffer = [0; 16];
///     let length = far.recv(&mut buffer).await?;
///     assert_eq!(&buffer[..length], b"hello");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixDatagram {
    io: AsyncFd<net::UnixDatagram>,
}

impl UnixDatagram {
    /// Binds a socket to a path. No file may exist there.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone. In all these cases no file has been made.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        UnixDatagram::bind_to(&unix_address(path.as_ref())?)
    }

    /// Binds a socket to an address of std. See [`bind`](UnixDatagram::bind).
    ///
    /// # Errors
    /// Those of [`bind`](UnixDatagram::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<UnixDatagram> {
        UnixDatagram::bind_to(&address_of_std(address)?)
    }

    fn bind_to(address: &SockAddr) -> io::Result<UnixDatagram> {
        // The runtime may be gone. So the socket belongs to the runtime before it makes a file.
        let socket = UnixDatagram::unbound()?;
        SockRef::from(&socket).bind(address)?;
        Ok(socket)
    }

    /// Returns a socket without an address: it can send, but not receive.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone.
    pub fn unbound() -> io::Result<UnixDatagram> {
        let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        UnixDatagram::from_std(OwnedFd::from(socket).into())
    }

    /// Returns two sockets that are connected to each other.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (near, far) = net::UnixDatagram::pair()?;
        Ok((UnixDatagram::from_std(near)?, UnixDatagram::from_std(far)?))
    }

    /// Connects to a peer. From then on [`send`](UnixDatagram::send) sends to the peer, and only
    /// the peer's datagrams are received.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        SockRef::from(self).connect(&unix_address(path.as_ref())?)
    }

    /// Connects to a peer at an address of std. See [`connect`](UnixDatagram::connect).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        SockRef::from(self).connect(&address_of_std(address)?)
    }

    /// Sends a datagram to a path, and waits while a buffer is full: that of the receiver, or that
    /// of this socket. Returns the number of bytes sent.
    ///
    /// On Linux, the system does not report when the receiver's buffer has room again, unless the
    /// socket is connected to it. While it waits, this function therefore opens a second socket,
    /// which it connects to the receiver, and a second descriptor of this socket.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the runtime is gone while the function waits.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, it has sent nothing.
    pub async fn send_to(&self, datagram: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let address = unix_address(path.as_ref())?;
        self.send_to_address(datagram, &address).await
    }

    /// Sends a datagram to an address of std. See [`send_to`](UnixDatagram::send_to).
    ///
    /// # Errors
    /// Those of [`send_to`](UnixDatagram::send_to).
    ///
    /// # Cancel safety
    /// As for [`send_to`](UnixDatagram::send_to).
    pub async fn send_to_addr(&self, datagram: &[u8], address: &SocketAddr) -> io::Result<usize> {
        let address = address_of_std(address)?;
        self.send_to_address(datagram, &address).await
    }

    async fn send_to_address(&self, datagram: &[u8], address: &SockAddr) -> io::Result<usize> {
        loop {
            budget::consume().await;
            match send_to(self, datagram, address) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait_for_room_at(address).await?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Waits until the receiver at an address has had room, and then until this socket has had.
    ///
    /// Both descriptors are registered anew, so their first events report the present state: an
    /// earlier report says nothing about the buffer that is full now.
    async fn wait_for_room_at(&self, address: &SockAddr) -> io::Result<()> {
        let receiver = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
        receiver.connect(address)?;
        let receiver = OwnedFd::from(receiver).into();
        UnixDatagram::register(self.io.handle(), receiver)?.writable().await?;
        let this = self.io.get_ref().try_clone()?;
        UnixDatagram::register(self.io.handle(), this)?.writable().await
    }

    /// Sends a datagram to a path without waiting.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver's buffer is full. Otherwise those
    /// of the operating system.
    pub fn try_send_to(&self, datagram: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        send_to(self, datagram, &unix_address(path.as_ref())?)
    }

    /// Sends a datagram to an address of std without waiting.
    ///
    /// # Errors
    /// Those of [`try_send_to`](UnixDatagram::try_send_to).
    pub fn try_send_to_addr(&self, datagram: &[u8], address: &SocketAddr) -> io::Result<usize> {
        send_to(self, datagram, &address_of_std(address)?)
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

    /// Shuts down one direction, or both.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }
}

impl_datagram!(UnixDatagram, net::UnixDatagram, SocketAddr);
impl_readiness!(UnixDatagram);
impl_socket!(UnixDatagram, net::UnixDatagram, ShortTransfer::HasNoEffect);

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_socket(f, "UnixDatagram", self.local_addr(), Some(self.peer_addr()))
    }
}
