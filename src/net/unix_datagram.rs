//! A Unix socket for datagrams.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use runtime_executor::Handle;
use runtime_executor::reactor::ShortTransfer;
use socket2::{Domain, SockRef, Socket, Type};

use super::async_fd::AsyncFd;
use super::send::{send, send_to};
use super::socket::{fmt_socket, impl_socket};
use super::unix_address::unix_address;

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
        let address = unix_address(path.as_ref())?;
        // The socket is registered first, because a failed registration must not leave a file.
        let socket = UnixDatagram::unbound()?;
        SockRef::from(&socket).bind(&address)?;
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

    /// Sends a datagram to the connected peer. Waits while the peer's buffer is full.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, it has sent nothing.
    pub async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.io.write_with(|socket| send(socket, datagram)).await
    }

    /// Sends a datagram to a path without waiting. The system does not report when the buffer of a
    /// peer that is not connected has room again.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver's buffer is full. Otherwise those
    /// of the operating system.
    pub fn try_send_to(&self, datagram: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        send_to(self, datagram, &unix_address(path.as_ref())?)
    }

    /// Receives a datagram. Bytes that do not fit into the buffer are lost.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, it has received nothing.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.read_with(|socket| socket.recv(buffer)).await
    }

    /// Receives a datagram, and returns its sender. Bytes that do not fit into the buffer are lost.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the runtime is gone.
    ///
    /// # Cancel safety
    /// As for [`recv`](UnixDatagram::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.read_with(|socket| socket.recv_from(buffer)).await
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

impl_socket!(UnixDatagram, net::UnixDatagram, ShortTransfer::HasNoEffect);

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_socket(f, "UnixDatagram", self.local_addr(), Some(self.peer_addr()))
    }
}
