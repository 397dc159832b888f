//! A TCP socket that accepts connections.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll, ready};

use runtime_executor::Handle;
use runtime_executor::reactor::ShortTransfer;

use super::accept::{accept, accept_tcp, poll_accept};
use super::address::{self, SocketTarget, ToSocketAddrs};
use super::async_fd::AsyncFd;
use super::incoming::Incoming;
use super::socket::{fmt_socket, impl_socket};
use super::socket_options::SocketOptions;
use super::tcp_stream::TcpStream;

/// A TCP socket that accepts connections.
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
#[doc(alias("start_server", "create_server"))]
pub struct TcpListener {
    io: AsyncFd<net::TcpListener>,
}

impl TcpListener {
    /// Binds to an address and listens. Of several addresses it binds to the first one at which
    /// binding succeeds. With port 0 the system chooses a free port, which
    /// [`local_addr`](TcpListener::local_addr) returns.
    ///
    /// Connections of a former listener may still exist at the address.
    ///
    /// # Errors
    /// Those of the operating system. An error, if the lookup of a name fails, this thread has no
    /// runtime, or the runtime is gone.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, it has bound nothing.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
        TcpListener::bind_target(address.target()).await
    }

    async fn bind_target(target: SocketTarget) -> io::Result<TcpListener> {
        // Later polls may come from a thread without a runtime, or with another one.
        let handle = Handle::try_current().map_err(io::Error::other)?;
        address::try_each(target, async |address| {
            let options = SocketOptions { reuse_address: true, ..SocketOptions::default() };
            TcpListener::register(&handle, options.listen(address)?.into())
        })
        .await
    }

    /// Waits for a connection, and returns it with the peer's address. The connection belongs to
    /// the listener's runtime. Any number of tasks may accept; one connection may wake several of
    /// them.
    ///
    /// `accept` skips a connection that is over before it was accepted: the peer has closed it, a
    /// firewall forbids it, or the network has reported an error for it (the errors of `accept(2)`
    /// that are treated like `EAGAIN`). After each 16 such errors in succession, `accept` pauses
    /// for 10 ms. After 1,024 of them the listener is broken, and `accept` returns the error.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the runtime is gone. If descriptors
    /// (`EMFILE`, `ENFILE`) or memory are exhausted, `accept` pauses for 10 ms by the runtime's
    /// clock, and then returns the error. The connection stays in the backlog. Other tasks run
    /// during the pause and can free descriptors. Because of the pause, a loop that accepts again
    /// after every error does not spin.
    ///
    /// # Cancel safety
    /// Safe: if the future is dropped before it is ready, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = accept(&self.io, accept_tcp).await?;
        Ok((TcpStream::accepted(&self.io, stream)?, address))
    }

    /// The poll form of [`accept`](TcpListener::accept). It keeps the waker of the last poll: if
    /// two tasks poll, only the task that polled last is woken.
    ///
    /// It skips connections that are over, as `accept` does, but never pauses.
    ///
    /// # Errors
    /// Those of the operating system, and an error if the runtime is gone. After 16 errors of
    /// connections in succession, it returns the last of them. If descriptors or memory are
    /// exhausted, it returns the error at once. After an error that does not end the server, sleep
    /// before the next poll: the connection may still be in the backlog.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = ready!(poll_accept(&self.io, cx, accept_tcp));
        Poll::Ready(
            accepted.and_then(|(stream, address)| {
                Ok((TcpStream::accepted(&self.io, stream)?, address))
            }),
        )
    }

    /// Returns the connections as a stream, which never ends. Each item is the result of an
    /// [`accept`](TcpListener::accept).
    ///
    /// ```
    /// use aside::net::{TcpListener, TcpStream};
    /// use futures_lite::StreamExt;
    ///
    /// aside::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let _client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let mut first = listener.incoming().take(1);
    ///     while let Some(stream) = first.next().await {
    ///         println!("connected: {}", stream?.peer_addr()?);
    ///     }
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn incoming(&self) -> Incoming<'_, TcpStream> {
        Incoming::new(|| Box::pin(async { self.accept().await.map(|(stream, _)| stream) }))
    }

    /// Returns the address at which the socket listens.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Returns the time to live (`IP_TTL`) of the packets that the listener's connections send.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets the time to live (`IP_TTL`) of the packets that the listener's connections send.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }
}

impl_socket!(TcpListener, net::TcpListener, ShortTransfer::HasNoEffect);

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_socket(f, "TcpListener", self.local_addr(), None::<io::Result<()>>)
    }
}
