//! A socket that is set up before it is bound or connected.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::tcp_listener::TcpListener;
use super::tcp_stream::{self, TcpStream};
use super::udp::UdpSocket;

/// How many connections may wait to be accepted, if nothing is said: the system's own limit, if
/// that is lower.
pub(super) const BACKLOG: u32 = 1024;

/// Sets a TCP or UDP socket up before it is bound or connected.
///
/// The options are set when the socket is made, in the order of the system's needs. The plain
/// [`TcpListener::bind`] is this with [`reuse_address`](SocketBuilder::reuse_address).
///
/// ```
/// use aside::net::SocketBuilder;
///
/// aside::run(async {
///     let socket = SocketBuilder::new().reuse_address().receive_buffer_size(64 * 1024);
///     let listener = socket.listen("127.0.0.1:0".parse().unwrap())?;
///     assert_ne!(listener.local_addr()?.port(), 0);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it makes a socket with `listen`, `connect` or `bind_udp`"]
pub struct SocketBuilder {
    reuse_address: bool,
    reuse_port: bool,
    only_v6: bool,
    nodelay: bool,
    keepalive: Option<Duration>,
    backlog: Option<u32>,
    receive_buffer_size: Option<usize>,
    send_buffer_size: Option<usize>,
    local: Option<SocketAddr>,
}

impl SocketBuilder {
    /// With the system's own settings.
    pub fn new() -> SocketBuilder {
        SocketBuilder::default()
    }

    /// Lets it be bound although connections of a former socket at this address are not over.
    pub fn reuse_address(mut self) -> SocketBuilder {
        self.reuse_address = true;
        self
    }

    /// Lets several sockets be bound to one address, and the system spread the load over them.
    pub fn reuse_port(mut self) -> SocketBuilder {
        self.reuse_port = true;
        self
    }

    /// An IPv6 socket that takes no IPv4, also if the system's setting is otherwise.
    pub fn only_v6(mut self) -> SocketBuilder {
        self.only_v6 = true;
        self
    }

    /// Sends small pieces of TCP at once. See [`TcpStream::set_nodelay`].
    pub fn nodelay(mut self) -> SocketBuilder {
        self.nodelay = true;
        self
    }

    /// Asks a silent peer after this time whether it is still there.
    pub fn keepalive(mut self, after: Duration) -> SocketBuilder {
        self.keepalive = Some(after);
        self
    }

    /// How many connections may wait to be accepted; 1,024 if nothing is said.
    pub fn backlog(mut self, connections: u32) -> SocketBuilder {
        self.backlog = Some(connections);
        self
    }

    /// How many bytes the system keeps that have come; it may take it for a hint.
    pub fn receive_buffer_size(mut self, bytes: usize) -> SocketBuilder {
        self.receive_buffer_size = Some(bytes);
        self
    }

    /// How many bytes the system keeps that are to go; it may take it for a hint.
    pub fn send_buffer_size(mut self, bytes: usize) -> SocketBuilder {
        self.send_buffer_size = Some(bytes);
        self
    }

    /// The address from which to [`connect`](SocketBuilder::connect).
    pub fn local_addr(mut self, address: SocketAddr) -> SocketBuilder {
        self.local = Some(address);
        self
    }

    /// Binds a TCP socket, and listens.
    ///
    /// # Errors
    /// As the system gives them. If there is no runtime on this thread, or it is gone.
    pub fn listen(self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = self.open(address, Type::STREAM, Protocol::TCP)?;
        socket.bind(&SockAddr::from(address))?;
        let backlog = self.backlog.unwrap_or(BACKLOG);
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::from_std(socket.into())
    }

    /// Connects a TCP socket.
    ///
    /// # Errors
    /// As the system gives them. If there is no runtime on this thread, or it is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped, it closes the socket.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = self.open(address, Type::STREAM, Protocol::TCP)?;
        if let Some(local) = self.local {
            socket.bind(&SockAddr::from(local))?;
        }
        tcp_stream::connect(socket, address).await
    }

    /// Binds a UDP socket.
    ///
    /// # Errors
    /// As the system gives them. If there is no runtime on this thread, or it is gone.
    pub fn bind_udp(self, address: SocketAddr) -> io::Result<UdpSocket> {
        let socket = self.open(address, Type::DGRAM, Protocol::UDP)?;
        socket.bind(&SockAddr::from(address))?;
        UdpSocket::from_std(socket.into())
    }

    fn open(&self, address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
        if self.reuse_address {
            socket.set_reuse_address(true)?;
        }
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if self.only_v6 {
            socket.set_only_v6(true)?;
        }
        if let Some(bytes) = self.receive_buffer_size {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.send_buffer_size {
            socket.set_send_buffer_size(bytes)?;
        }
        if protocol == Protocol::TCP {
            self.set_up_tcp(&socket)?;
        }
        Ok(socket)
    }

    fn set_up_tcp(&self, socket: &Socket) -> io::Result<()> {
        if self.nodelay {
            socket.set_tcp_nodelay(true)?;
        }
        match self.keepalive {
            Some(after) => socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(after)),
            None => Ok(()),
        }
    }
}

/// The socket's system name, in errors and traces.
pub(super) fn show(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    local: io::Result<impl fmt::Debug>,
    peer: Option<io::Result<impl fmt::Debug>>,
) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    if let Ok(local) = local {
        shown.field("local", &local);
    }
    if let Some(Ok(peer)) = peer {
        shown.field("peer", &peer);
    }
    shown.finish_non_exhaustive()
}
