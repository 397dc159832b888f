//! Sockets: TCP, UDP, Unix, and any other descriptor that can be waited for. On Unix, with the
//! feature `net`, a default one.
//!
//! # The problem
//!
//! A socket waits for somebody else: most of the time there is nothing to read. A thread for each
//! socket would mostly sleep; and a pool of threads, made for what blocks, is used up by a few
//! hundred idle connections.
//!
//! # The idea
//!
//! The loop asks the system which of its sockets have become ready, and the tasks that wait for
//! those go on. An operation is first tried; it waits only if it would block. So a read that
//! succeeds is one system call, on the thread of the task that reads.
//!
//! ```
//! use aside::net::{TcpListener, TcpStream};
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! aside::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = aside::spawn(async move {
//!         let (stream, _peer) = listener.accept().await?;
//!         futures_lite::io::copy(&stream, &stream).await
//!     });
//!     let mut client = TcpStream::connect(address).await?;
//!     client.write_all(b"echo").await?;
//!     client.close().await?;
//!     let mut echoed = Vec::new();
//!     client.read_to_end(&mut echoed).await?;
//!     assert_eq!(echoed, b"echo");
//!     assert_eq!(server.await??, 4);
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In reading order
//!
//! - [`TcpStream`] and [`TcpListener`]; [`SocketBuilder`], to set one up before it is bound or
//!   connected; [`OwnedReadHalf`] and [`OwnedWriteHalf`].
//! - [`UdpSocket`].
//! - [`UnixStream`], [`UnixListener`], [`UnixDatagram`].
//! - [`lookup_host`] and [`Address`]: what a name stands for.
//! - [`AsyncFd`]: whatever else has a descriptor.
//!
//! # What holds for all of them
//!
//! - *Errors* are those of the system, as std gives them. Instead of *would block* they wait, and
//!   what a signal interrupted they do again.
//! - A socket *belongs to the runtime* that was current when it was made, and is of use as long as
//!   that lives and is turned. It may be used from any thread, and by any executor. When the
//!   runtime is gone, every operation gives an error, and so does each that waits.
//! - *Nothing* to be read into or written to a stream is done at once, ready or not. A datagram may
//!   well be empty: it is sent and received as any other.
//! - *Cancel safety*: each future either has done its operation, and says so in the same poll, or
//!   has done nothing.
//! - *Fairness*: an operation on a socket that is always ready never waits, and so never lets other
//!   tasks run; a task that reads without end from a fast peer does well to
//!   [`yield_now`](crate::yield_now) now and then.
//! - *A busy loop* looks at its sockets once in 64 polls, at the turn that follows them.
//! - *By a virtual clock* sockets take no virtual time, and hold none: when nothing else can run,
//!   what has come is seen, and if nothing has, the time moves to the next deadline. A test that
//!   waits for a real peer therefore uses the system's clock, or has no deadline.
//! - *Deadlines* while there are sockets are met to the millisecond, never early.
//! - *A runtime that is [turned](crate::Runtime::turn)* by another loop hears of its sockets in its
//!   turns. That one is due when [`socket_events`](crate::Runtime::socket_events) can be read.

mod accept;
mod address;
mod async_fd;
mod builder;
pub(crate) mod delegate;
mod nothing;
mod split;
mod stream;
mod tcp_listener;
mod tcp_stream;
mod udp;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub use address::{Address, lookup_host};
pub use async_fd::{AsyncFd, Ready, WouldBlock};
pub use builder::SocketBuilder;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::UnixListener;
pub use unix_stream::UnixStream;
