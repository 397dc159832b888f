//! A TCP socket that connections come in by.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use runtime_executor::Handle;
use runtime_executor::reactor::ShortTransfer;

use super::accept::accept;
use super::address::{self, Address};
use super::async_fd::AsyncFd;
use super::builder::{SocketBuilder, show};
use super::stream::impl_std;
use super::tcp_stream::TcpStream;

/// A TCP socket that connections come in by.
///
/// ```
/// use aside::net::{TcpListener, TcpStream};
///
/// aside::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let near = TcpStream::connect(listener.local_addr()?).await?;
///     let (far, address) = listener.accept().await?;
///     assert_eq!(near.local_addr()?, address);
///     assert_eq!(far.peer_addr()?, address);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpListener {
    io: AsyncFd<net::TcpListener>,
}

impl TcpListener {
    /// Binds to an address, or to the first one that can be bound of those that a name stands for,
    /// and listens. Port 0 is any free one: [`local_addr`](TcpListener::local_addr) says which.
    ///
    /// The address may be one that had connections a moment ago.
    ///
    /// # Errors
    /// As the system gives them. If a name cannot be looked up. If there is no runtime on this
    /// thread, or it is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped, it has bound nothing.
    pub async fn bind(address: impl Address) -> io::Result<TcpListener> {
        address::first(address, async |address| {
            SocketBuilder::new().reuse_address().listen(address)
        })
        .await
    }

    /// Waits for a connection, and gives it with the peer's address. It belongs to the runtime that
    /// the listener belongs to. Any number of tasks may accept; one connection may wake several of
    /// them.
    ///
    /// A connection that its peer has given up before it was accepted is passed over.
    ///
    /// # Errors
    /// As the system gives them. If there are no more descriptors (`EMFILE`, `ENFILE`) or no memory
    /// for a connection, the error comes a hundredth of a second late, by the runtime's clock, and
    /// meanwhile others run: a loop that accepts again after every error does not spin, and what is
    /// finished can be dropped. The connection waits in the backlog. If the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: dropped before it is ready, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = accept(&self.io, |listener| listener.accept()).await?;
        Ok((TcpStream::with(self.io.handle(), stream)?, address))
    }

    /// The address at which it listens.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Over how many machines the packets of its connections may go.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets over how many machines the packets of its connections may go.
    ///
    /// # Errors
    /// As the system gives them.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }
}

impl_std!(TcpListener, net::TcpListener, ShortTransfer::HasNoEffect);

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "TcpListener", self.local_addr(), None::<io::Result<()>>)
    }
}
