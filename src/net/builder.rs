//! A builder for a socket whose options are set before it is bound or connected.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use runtime_executor::Handle;

use super::socket_options::SocketOptions;
use super::tcp_listener::TcpListener;
use super::tcp_stream::{self, TcpStream};
use super::udp::UdpSocket;

/// Sets options of a TCP or UDP socket before it is bound or connected.
///
/// The order of the calls does not matter: the options are set when the socket is opened.
/// [`TcpListener::bind`] is equivalent to a builder with
/// [`reuse_address(true)`](SocketBuilder::reuse_address).
///
/// ```
/// use aside::net::SocketBuilder;
///
/// aside::run(async {
///     let socket = SocketBuilder::new().reuse_address(true).receive_buffer_size(64 * 1024);
///     let listener = socket.listen("127.0.0.1:0".parse().unwrap())?;
///     assert_ne!(listener.local_addr()?.port(), 0);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "TcpSocket")]
#[derive(Clone, Debug, Default)]
#[must_use = "it makes a socket with `listen`, `connect` or `bind_udp`"]
pub struct SocketBuilder {
    options: SocketOptions,
}

impl SocketBuilder {
    /// Returns a builder with the default options of the operating system.
    pub fn new() -> SocketBuilder {
        SocketBuilder::default()
    }

    /// Sets whether the socket may be bound to an address at which connections of a former socket
    /// still exist.
    pub fn reuse_address(mut self, reuse_address: bool) -> SocketBuilder {
        self.options.reuse_address = reuse_address;
        self
    }

    /// Sets whether several sockets may be bound to one address. The system distributes the load
    /// over these sockets. On illumos and Solaris, which do not know the option, creating the
    /// socket fails with [`Unsupported`](io::ErrorKind::Unsupported).
    pub fn reuse_port(mut self, reuse_port: bool) -> SocketBuilder {
        self.options.reuse_port = reuse_port;
        self
    }

    /// Sets whether an IPv6 socket is restricted to IPv6, whatever the system's default is.
    pub fn only_v6(mut self, only_v6: bool) -> SocketBuilder {
        self.options.only_v6 = Some(only_v6);
        self
    }

    /// Sets whether small TCP segments are sent at once. See [`TcpStream::set_nodelay`].
    pub fn nodelay(mut self, nodelay: bool) -> SocketBuilder {
        self.options.nodelay = nodelay;
        self
    }

    /// Probes a peer that has been silent for this time. See [`TcpStream::set_keepalive`].
    pub fn keepalive(mut self, after: Duration) -> SocketBuilder {
        self.options.keepalive = Some(after);
        self
    }

    /// Sets the number of connections that may wait to be accepted. The default is 1,024.
    pub fn backlog(mut self, connections: u32) -> SocketBuilder {
        self.options.backlog = Some(connections);
        self
    }

    /// Sets the size of the system's receive buffer. The system may treat it as a hint.
    pub fn receive_buffer_size(mut self, bytes: usize) -> SocketBuilder {
        self.options.receive_buffer_size = Some(bytes);
        self
    }

    /// Sets the size of the system's send buffer. The system may treat it as a hint.
    pub fn send_buffer_size(mut self, bytes: usize) -> SocketBuilder {
        self.options.send_buffer_size = Some(bytes);
        self
    }

    /// Sets the local address of a socket that [connects](SocketBuilder::connect).
    pub fn local_addr(mut self, address: SocketAddr) -> SocketBuilder {
        self.options.local = Some(address);
        self
    }

    /// Binds a TCP socket to an address and listens.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone.
    pub fn listen(self, address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::from_std(self.options.listen(address)?.into())
    }

    /// Connects a TCP socket.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone. [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), if the socket would be
    /// connected with itself.
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes the socket.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        tcp_stream::connect(&handle, self.options.open_for_connect(address)?, address).await
    }

    /// Binds a UDP socket to an address.
    ///
    /// # Errors
    /// Those of the operating system, and an error if this thread has no runtime or the runtime is
    /// gone.
    pub fn bind_udp(self, address: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::from_std(self.options.bind_udp(address)?.into())
    }
}
