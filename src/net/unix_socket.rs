//! A Unix socket before it listens, connects or exchanges datagrams.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::socket_options::system_backlog;
use super::unix_address::{address_of_std, unix_address};
use super::unix_datagram::UnixDatagram;
use super::unix_listener::UnixListener;
use super::unix_stream::{self, UnixStream};

/// A Unix socket that neither listens nor is connected.
///
/// Its paths may be [abstract names](super#common-rules).
///
/// ```
/// use aside::net::UnixSocket;
///
/// aside::run(async {
///     let path = std::env::temp_dir().join(format!("unix-socket-{}", std::process::id()));
///     let socket = UnixSocket::new_stream()?;
///     socket.bind(&path)?;
///     let listener = socket.listen(16)?;
///     let near = UnixSocket::new_stream()?.connect(&path).await?;
///     let (far, _address) = listener.accept().await?;
///     std::fs::remove_file(path)?;
///     near.write(b"hello").await?;
///     assert_eq!(far.read(&mut [0; 16]).await?, 5);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixSocket {
    socket: Socket,
}

impl UnixSocket {
    /// Opens a socket for streams.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn new_stream() -> io::Result<UnixSocket> {
        Ok(UnixSocket { socket: Socket::new(Domain::UNIX, Type::STREAM, None)? })
    }

    /// Opens a socket for datagrams.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn new_datagram() -> io::Result<UnixSocket> {
        Ok(UnixSocket { socket: Socket::new(Domain::UNIX, Type::DGRAM, None)? })
    }

    /// Binds the socket to a path. No file may exist there.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.socket.bind(&unix_address(path.as_ref())?)
    }

    /// Binds the socket to an address of std.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn bind_addr(&self, address: &SocketAddr) -> io::Result<()> {
        self.socket.bind(&address_of_std(address)?)
    }

    /// Listens. At most `backlog` connections wait to be accepted; the system may have a lower
    /// limit.
    ///
    /// # Errors
    /// Those of the operating system, for example for a socket for datagrams. An error, if this
    /// thread has no runtime or the runtime is gone.
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        self.socket.listen(system_backlog(backlog))?;
        UnixListener::from_std(OwnedFd::from(self.socket).into())
    }

    /// Connects a socket for streams to the listener at a path. See [`UnixStream::connect`].
    ///
    /// # Errors
    /// Those of [`UnixStream::connect`].
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes the socket.
    pub async fn connect(self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        self.connect_to(&unix_address(path.as_ref())?)
    }

    /// Connects a socket for streams to the listener at an address of std.
    ///
    /// # Errors
    /// Those of [`UnixStream::connect`].
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes the socket.
    pub async fn connect_addr(self, address: &SocketAddr) -> io::Result<UnixStream> {
        self.connect_to(&address_of_std(address)?)
    }

    fn connect_to(self, address: &SockAddr) -> io::Result<UnixStream> {
        if self.socket.r#type()? != Type::STREAM {
            let why = "the socket is for datagrams: use `datagram`, and connect that";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        unix_stream::connect(self.socket, address)
    }

    /// Returns a socket for datagrams, bound or not.
    ///
    /// # Errors
    /// An error, if the socket is for streams, this thread has no runtime, or the runtime is gone.
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        if self.socket.r#type()? != Type::DGRAM {
            let why = "the socket is for streams: use `listen` or `connect`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        UnixDatagram::from_std(OwnedFd::from(self.socket).into())
    }
}

impl From<UnixSocket> for OwnedFd {
    fn from(socket: UnixSocket) -> OwnedFd {
        socket.socket.into()
    }
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for UnixSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl fmt::Debug for UnixSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixSocket").field("descriptor", &self.as_raw_fd()).finish_non_exhaustive()
    }
}
