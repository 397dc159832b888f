//! A Unix socket for datagrams.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use runtime_executor::Handle;
use runtime_executor::reactor::ShortTransfer;

use super::async_fd::AsyncFd;
use super::builder::show;
use super::stream::impl_std;

/// A Unix socket for datagrams, connected to one peer or not.
///
/// Any number of tasks may send and receive; each datagram comes to one of them.
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
    /// Makes a socket at this path, where nothing may be.
    ///
    /// # Errors
    /// As the system gives them. If there is no runtime on this thread, or it is gone.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(net::UnixDatagram::bind(path)?)
    }

    /// A socket without an address, which can send and not be sent to.
    ///
    /// # Errors
    /// As the system gives them. If there is no runtime on this thread, or it is gone.
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::from_std(net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    /// As the system gives them. If there is no runtime on this thread, or it is gone.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (near, far) = net::UnixDatagram::pair()?;
        Ok((UnixDatagram::from_std(near)?, UnixDatagram::from_std(far)?))
    }

    /// Settles to whom [`send`](UnixDatagram::send) sends and from whom it receives.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.io.get_ref().connect(path)
    }

    /// Sends a datagram to the peer that it is connected to. Waits if that has no room.
    ///
    /// # Errors
    /// As the system gives them. If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped before it is ready, it has sent nothing.
    pub async fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.io.write_with(|socket| socket.send(datagram)).await
    }

    /// Sends a datagram to a path, without waiting: of a peer to which a socket is not connected,
    /// the system does not say when it has room again.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if the receiver has no room; else as the system
    /// gives them.
    pub fn try_send_to(&self, datagram: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.io.get_ref().send_to(datagram, path)
    }

    /// Receives a datagram. What the buffer does not hold is lost.
    ///
    /// # Errors
    /// As the system gives them. If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped before it is ready, it has taken nothing.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.read_with(|socket| socket.recv(buffer)).await
    }

    /// Receives a datagram, and says from whom. What the buffer does not hold is lost.
    ///
    /// # Errors
    /// As the system gives them. If the runtime is gone.
    ///
    /// # Cancel safety
    /// As [`recv`](UnixDatagram::recv).
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.read_with(|socket| socket.recv_from(buffer)).await
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

    /// Ends one direction, or both.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }
}

impl_std!(UnixDatagram, net::UnixDatagram, ShortTransfer::HasNoEffect);

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "UnixDatagram", self.local_addr(), Some(self.peer_addr()))
    }
}
