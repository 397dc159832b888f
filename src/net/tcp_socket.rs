//! A TCP socket before it listens or connects.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use runtime_executor::Handle;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::socket::fmt_socket;
use super::socket_options::{reuse_port, set_reuse_port, system_backlog};
use super::tcp_listener::TcpListener;
use super::tcp_stream::{self, TcpStream};

/// A TCP socket that neither listens nor is connected, with its options.
///
/// [`SocketBuilder`](super::SocketBuilder) does the same with the options first and the address
/// last, and does it for UDP, too.
///
/// ```
/// use aside::net::TcpSocket;
///
/// aside::run(async {
///     let socket = TcpSocket::new_v4()?;
///     socket.set_reuseaddr(true)?;
///     socket.bind("127.0.0.1:0".parse().unwrap())?;
///     let listener = socket.listen(1024)?;
///
///     let socket = TcpSocket::new_v4()?;
///     socket.set_nodelay(true)?;
///     let stream = socket.connect(listener.local_addr()?).await?;
///     assert!(stream.nodelay()?);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpSocket {
    socket: Socket,
}

impl TcpSocket {
    /// Opens a socket for IPv4.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn new_v4() -> io::Result<TcpSocket> {
        TcpSocket::open(Domain::IPV4)
    }

    /// Opens a socket for IPv6.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn new_v6() -> io::Result<TcpSocket> {
        TcpSocket::open(Domain::IPV6)
    }

    fn open(domain: Domain) -> io::Result<TcpSocket> {
        Ok(TcpSocket { socket: Socket::new(domain, Type::STREAM, Some(Protocol::TCP))? })
    }

    /// Sets whether the socket may be bound to an address at which connections of a former socket
    /// still exist (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_reuseaddr(&self, reuseaddr: bool) -> io::Result<()> {
        self.socket.set_reuse_address(reuseaddr)
    }

    /// Returns the value that [`set_reuseaddr`](TcpSocket::set_reuseaddr) sets.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.socket.reuse_address()
    }

    /// Sets whether several sockets may be bound to one address (`SO_REUSEPORT`). The system
    /// distributes the connections over these sockets. On illumos and Solaris, which do not know
    /// the option, the error is [`Unsupported`](io::ErrorKind::Unsupported).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_reuseport(&self, reuseport: bool) -> io::Result<()> {
        set_reuse_port(&self.socket, reuseport)
    }

    /// Returns the value that [`set_reuseport`](TcpSocket::set_reuseport) sets.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn reuseport(&self) -> io::Result<bool> {
        reuse_port(&self.socket)
    }

    /// Sets whether the system probes a silent peer (`SO_KEEPALIVE`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.socket.set_keepalive(keepalive)
    }

    /// Returns the value that [`set_keepalive`](TcpSocket::set_keepalive) sets.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.socket.keepalive()
    }

    /// Sets whether small segments are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.set_tcp_nodelay(nodelay)
    }

    /// Returns the value that [`set_nodelay`](TcpSocket::set_nodelay) sets.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.tcp_nodelay()
    }

    /// Sets for how long closing the socket waits to send the remaining data (`SO_LINGER`). See
    /// [`TcpStream::set_linger`].
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.socket.set_linger(linger)
    }

    /// Returns the value that [`set_linger`](TcpSocket::set_linger) sets.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.socket.linger()
    }

    /// Sets the size of the system's send buffer. The system may treat it as a hint; Linux doubles
    /// it.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_send_buffer_size(&self, bytes: u32) -> io::Result<()> {
        self.socket.set_send_buffer_size(bytes as usize)
    }

    /// Returns the size of the system's send buffer.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        let bytes = self.socket.send_buffer_size()?;
        Ok(u32::try_from(bytes).unwrap_or(u32::MAX))
    }

    /// Sets the size of the system's receive buffer. The system may treat it as a hint; Linux
    /// doubles it.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_recv_buffer_size(&self, bytes: u32) -> io::Result<()> {
        self.socket.set_recv_buffer_size(bytes as usize)
    }

    /// Returns the size of the system's receive buffer.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        let bytes = self.socket.recv_buffer_size()?;
        Ok(u32::try_from(bytes).unwrap_or(u32::MAX))
    }

    /// Returns the local address: of an unbound socket, the address without host and port.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.socket.local_addr()?;
        address.as_socket().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// Takes the pending error of the socket, if there is one.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// Binds the socket to a local address. Port 0 is any free port.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.socket.bind(&SockAddr::from(address))
    }

    /// Listens. At most `backlog` connections wait to be accepted; the system may have a lower
    /// limit.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.socket.listen(system_backlog(backlog))?;
        TcpListener::from_std(self.socket.into())
    }

    /// Connects to an address.
    ///
    /// # Errors
    /// Those of [`SocketBuilder::connect`](super::SocketBuilder::connect).
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes the socket.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        tcp_stream::connect(&handle, self.socket, address).await
    }
}

impl From<OwnedFd> for TcpSocket {
    fn from(socket: OwnedFd) -> TcpSocket {
        TcpSocket { socket: socket.into() }
    }
}

impl From<TcpSocket> for OwnedFd {
    fn from(socket: TcpSocket) -> OwnedFd {
        socket.socket.into()
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_socket(f, "TcpSocket", self.local_addr(), None::<io::Result<()>>)
    }
}
