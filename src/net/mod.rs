//! Sockets: TCP, UDP, Unix, and any other descriptor that can be waited for. On Unix, with the
//! default feature `net`.
//!
//! # The problem
//!
//! A socket waits for a peer: most of the time it has nothing to read. One thread per socket would
//! mostly sleep, and a few hundred idle connections would occupy every thread of a pool for
//! blocking calls.
//!
//! # The idea
//!
//! The event loop asks the operating system which of its sockets have become ready, and wakes the
//! tasks that wait for these sockets. Each operation is tried first, and waits only if it would
//! block. A read that finds data is therefore one system call, on the thread of the task that
//! reads.
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
//! - [`TcpStream`] and [`TcpListener`]; [`SocketBuilder`] and [`TcpSocket`] set options before a
//!   socket is bound or connected; [`OwnedReadHalf`] and [`OwnedWriteHalf`] are the halves of a
//!   stream.
//! - [`UdpSocket`].
//! - [`UnixStream`], [`UnixListener`], [`UnixDatagram`]; [`UnixSocket`] before it is one of them.
//! - [`lookup_host`] and [`ToSocketAddrs`]: the addresses of a name.
//! - [`AsyncFd`]: any other descriptor.
//!
//! # Common rules
//!
//! - *Errors* are those of the operating system, as std returns them. An operation that would block
//!   waits, and an operation that a signal interrupted is repeated.
//! - A socket *belongs to the runtime* that was current when it was made. Any thread and any
//!   executor may use it, as long as that runtime lives and is turned. When the runtime is gone,
//!   every operation returns an error, including operations that are waiting.
//!   [`is_runtime_gone`](crate::is_runtime_gone) recognises this error.
//! - *Registration*: the system is asked to report a socket when a task first waits for it, and for
//!   the direction (reads or writes) for which the task waits. A connection whose request has
//!   arrived already is accepted, answered and closed without a registration. If the system refuses
//!   one, for lack of memory for example, that wait returns the error, and the next wait tries
//!   again. An [`AsyncFd`] is registered when it is made.
//! - *Waiting tasks*: the `async` methods serve any number of tasks. The poll methods of the traits
//!   keep the waker of the last poll of their direction, and only that waker is woken. So do all
//!   methods whose names begin with `poll_`.
//! - *Readiness*: `readable` and `writable` wait for a report of the system, and a `try_` method
//!   asks the system at once, whatever has been reported.
//! - *A lack of memory in the kernel* may keep the loop from receiving events. The loop tries again
//!   every 10 ms. After 200 ms, operations that wait, and new registrations, return the system's
//!   error. When the loop receives events again, the sockets work as before.
//! - *SIGPIPE*: no write to a socket of this module raises the signal. A write to a connection that
//!   is over returns [`BrokenPipe`](std::io::ErrorKind::BrokenPipe), also in a program in which the
//!   signal has its default action. An [`AsyncFd`] writes by the methods of its object, which may
//!   raise the signal. The guide shows what to do about pipes.
//! - *Abstract names*: on Linux, a path for a Unix socket that begins with a NUL byte, such as
//!   `"\0name"`, is a name in the abstract space. It has no file, and vanishes with its last
//!   socket. `local_addr` and `peer_addr` return it as an address of std, and so does a peer's
//!   address. The functions whose names end in `_addr` accept such addresses, and those of paths.
//! - *Zero-length* reads and writes of a stream return at once, ready or not. A datagram may be
//!   empty: it is sent and received like any other.
//! - *Cancel safety*: the poll in which an operation takes effect returns its result. A future that
//!   is dropped before that poll has done nothing.
//! - *Fairness*: a task whose sockets are always ready yields after 64 operations, so the loop
//!   serves the other tasks, timers and sockets: see [`coop`](crate::coop).
//! - *A busy loop* polls its sockets after 64 polls of tasks, at the beginning of the next turn.
//! - *With a virtual clock* an operation on a socket takes no virtual time, and does not keep the
//!   clock from advancing. When no task can run, the loop receives the pending events. If there are
//!   none, the time advances to the next deadline. A test that waits for a real peer should
//!   therefore use the system's clock, or set no deadline.
//! - *Deadlines* of a loop with sockets are accurate to a millisecond, and never early.
//! - *A runtime that another loop [turns](crate::Runtime::turn)* receives the events of its sockets
//!   in its turns. A turn is due when its [descriptor](crate::Runtime::descriptor) is readable.

mod accept;
mod address;
mod address_race;
mod async_fd;
mod buffers;
mod builder;
mod datagram;
pub(crate) mod delegate;
mod fd_operations;
mod fd_stream;
mod incoming;
#[cfg(all(feature = "peer-cred", any(target_os = "android", target_os = "linux")))]
mod peer_cred;
mod readiness_methods;
mod readiness_set;
mod ready_guard;
mod register_error;
mod send;
mod socket;
mod socket_options;
mod split;
mod stream;
mod tcp_listener;
mod tcp_socket;
mod tcp_stream;
mod udp;
mod unix_address;
mod unix_datagram;
mod unix_listener;
mod unix_socket;
mod unix_stream;

pub use address::{ToSocketAddrs, lookup_host};
pub use async_fd::AsyncFd;
pub use builder::SocketBuilder;
pub use incoming::Incoming;
#[cfg(all(feature = "peer-cred", any(target_os = "android", target_os = "linux")))]
pub use peer_cred::UCred;
pub use readiness_set::Ready;
pub use ready_guard::{ReadyGuard, ReadyMutGuard, WouldBlock};
pub use register_error::RegisterError;
pub use runtime_executor::reactor::Interest;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use tcp_listener::TcpListener;
pub use tcp_socket::TcpSocket;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::UnixListener;
pub use unix_socket::UnixSocket;
pub use unix_stream::UnixStream;
