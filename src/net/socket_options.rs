//! The options with which a TCP or UDP socket is opened.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

/// The default number of connections that may wait to be accepted. The operating system may have a
/// lower limit.
pub(super) const BACKLOG: u32 = 1024;

/// The options, by default those of the operating system. See
/// [`SocketBuilder`](super::SocketBuilder) for their meaning.
#[derive(Clone, Debug, Default)]
pub(super) struct SocketOptions {
    pub(super) reuse_address: bool,
    pub(super) reuse_port: bool,
    pub(super) only_v6: Option<bool>,
    pub(super) nodelay: bool,
    pub(super) keepalive: Option<Duration>,
    pub(super) backlog: Option<u32>,
    pub(super) receive_buffer_size: Option<usize>,
    pub(super) send_buffer_size: Option<usize>,
    pub(super) local: Option<SocketAddr>,
}

impl SocketOptions {
    /// Opens a TCP socket, binds it, and lets it listen.
    pub(super) fn listen(&self, address: SocketAddr) -> io::Result<Socket> {
        let socket = self.open(address, Type::STREAM, Protocol::TCP)?;
        socket.bind(&SockAddr::from(address))?;
        socket.listen(system_backlog(self.backlog.unwrap_or(BACKLOG)))?;
        Ok(socket)
    }

    /// Opens a TCP socket to be connected to `address`.
    pub(super) fn open_for_connect(&self, address: SocketAddr) -> io::Result<Socket> {
        let socket = self.open(address, Type::STREAM, Protocol::TCP)?;
        if let Some(local) = self.local {
            socket.bind(&SockAddr::from(local))?;
        }
        Ok(socket)
    }

    /// Opens a UDP socket and binds it.
    pub(super) fn bind_udp(&self, address: SocketAddr) -> io::Result<Socket> {
        let socket = self.open(address, Type::DGRAM, Protocol::UDP)?;
        socket.bind(&SockAddr::from(address))?;
        Ok(socket)
    }

    fn open(&self, address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
        if self.reuse_address {
            socket.set_reuse_address(true)?;
        }
        if self.reuse_port {
            set_reuse_port(&socket, true)?;
        }
        if let Some(only_v6) = self.only_v6 {
            socket.set_only_v6(only_v6)?;
        }
        if let Some(bytes) = self.receive_buffer_size {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.send_buffer_size {
            socket.set_send_buffer_size(bytes)?;
        }
        if protocol == Protocol::TCP {
            self.set_tcp_options(&socket)?;
        }
        Ok(socket)
    }

    fn set_tcp_options(&self, socket: &Socket) -> io::Result<()> {
        if self.nodelay {
            socket.set_tcp_nodelay(true)?;
        }
        match self.keepalive {
            Some(after) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(after)),
            None => Ok(()),
        }
    }
}

/// Returns a number of connections as the system call takes it.
pub(super) fn system_backlog(connections: u32) -> i32 {
    i32::try_from(connections).unwrap_or(i32::MAX)
}

#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
pub(super) fn reuse_port(socket: &Socket) -> io::Result<bool> {
    socket.reuse_port()
}

#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
pub(super) fn set_reuse_port(socket: &Socket, reuses: bool) -> io::Result<()> {
    socket.set_reuse_port(reuses)
}

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
pub(super) fn reuse_port(_socket: &Socket) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
pub(super) fn set_reuse_port(_socket: &Socket, _reuses: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
