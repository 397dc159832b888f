//! Servers as the users of each runtime would write them, and servers written by hand on epoll.
//!
//! Each server reads into a buffer that is larger than a request. No server ends before the process
//! does.

mod aside;
mod compio;
mod hello;
mod limit;
mod monoio;
mod safina;
mod smol;
mod tokio;

use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;

pub use self::limit::BareEpoll;

/// The size of the read buffer of an echo server.
const BUFFER: usize = 1_024;
/// The size of the read buffer of a bulk transfer.
const BLOCK: usize = 64 * 1_024;

/// Implemented by each runtime of one thread with TCP sockets.
pub trait EchoTcp {
    /// Sends back all bytes that each TCP connection receives.
    fn echo_tcp(listener: TcpListener);
}

/// Implemented by each runtime of one thread on which all servers run.
pub trait Servers: EchoTcp {
    /// Sends back all bytes that each Unix connection receives.
    fn echo_unix(listener: UnixListener);
    /// Sends each datagram back.
    fn echo_udp(socket: UdpSocket);
    /// Reads a byte from each connection, and closes the connection.
    fn close(listener: TcpListener);
    /// Reads each connection to its end, and closes the connection.
    fn discard(listener: TcpListener);
}

/// Implemented by runtimes on which hyper serves.
pub trait Http {
    /// Answers each request with a few words.
    fn hello(listener: TcpListener);
}
