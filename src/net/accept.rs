//! The loop that accepts a connection, and its treatment of errors.
//!
//! There are three kinds of errors:
//!
//! - *Of one connection*: the connection is gone, and another one may be waiting. Linux also
//!   returns the pending network errors of the new connection from `accept`, which must not end a
//!   server. `accept` tries again. After each [`RUN`] such errors in succession it pauses before
//!   it tries again, so that it does not spin. After [`RUNS_MAX`] runs the listener itself
//!   is broken, and the error is returned.
//! - *Of exhausted resources*: the connection stays in the backlog, and the next call would
//!   probably fail, too. `accept` pauses, and then returns the error.
//! - All other errors are returned.

use std::io;
use std::net;
use std::os::unix::net as unix;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_executor::sleep;
#[cfg(any(target_os = "android", target_os = "linux"))]
use socket2::SockRef;

use super::async_fd::AsyncFd;

/// The length of a pause.
const PAUSE: Duration = Duration::from_millis(10);

/// The number of errors of single connections that `accept` skips before it pauses.
const RUN: u32 = 16;

/// The number of runs of such errors before `accept` returns the error: more than half a second of
/// errors alone.
const RUNS_MAX: u32 = 64;

/// Accepts a connection by `operation`. See [`TcpListener::accept`](super::TcpListener::accept).
pub(super) async fn accept<L, R>(
    listener: &AsyncFd<L>,
    mut operation: impl FnMut(&L) -> io::Result<R>,
) -> io::Result<R> {
    let mut skipped = 0;
    loop {
        match listener.read_with(&mut operation).await {
            Err(error) if is_of_the_connection(&error) => {
                skipped += 1;
                if skipped == RUN * RUNS_MAX {
                    return Err(error);
                }
                if skipped % RUN == 0 {
                    pause(listener).await;
                }
            }
            Err(error) if is_exhaustion(&error) => {
                pause(listener).await;
                return Err(error);
            }
            result => return result,
        }
    }
}

/// Polls for a connection by `operation`. Skips errors of single connections, up to the length of a
/// run, and never pauses. See [`TcpListener::poll_accept`](super::TcpListener::poll_accept).
pub(super) fn poll_accept<L, R>(
    listener: &AsyncFd<L>,
    cx: &mut Context<'_>,
    mut operation: impl FnMut(&L) -> io::Result<R>,
) -> Poll<io::Result<R>> {
    let mut skipped = 0;
    loop {
        match ready!(listener.poll_read_with(cx, &mut operation)) {
            Err(error) if is_of_the_connection(&error) && skipped + 1 < RUN => skipped += 1,
            result => return Poll::Ready(result),
        }
    }
}

/// Accepts a TCP connection in non-blocking mode. std's `accept` would need a second system call
/// for the mode.
#[cfg(any(target_os = "android", target_os = "linux"))]
pub(super) fn accept_tcp(
    listener: &net::TcpListener,
) -> io::Result<(net::TcpStream, net::SocketAddr)> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    let (socket, address) = SockRef::from(listener).accept4(flags)?;
    let address = address.as_socket().ok_or(io::ErrorKind::InvalidData)?;
    Ok((socket.into(), address))
}

/// Accepts a TCP connection, and puts it into non-blocking mode.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
pub(super) fn accept_tcp(
    listener: &net::TcpListener,
) -> io::Result<(net::TcpStream, net::SocketAddr)> {
    let (stream, address) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, address))
}

/// Accepts a Unix connection, and puts it into non-blocking mode. (Only std makes the address of a
/// Unix socket from what the system returns.)
pub(super) fn accept_unix(
    listener: &unix::UnixListener,
) -> io::Result<(unix::UnixStream, unix::SocketAddr)> {
    let (stream, address) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, address))
}

/// Waits for the length of a pause, or until the listener's loop closes.
///
/// The pause is a task of the listener's loop, because the caller may be on any thread.
async fn pause<L>(listener: &AsyncFd<L>) {
    let pause = listener.handle().spawn(Metadata::here(), async { sleep(PAUSE).await });
    let _over = pause.abort_on_drop().await;
}

/// Returns whether the error concerns one connection only, which is gone. In this case another
/// connection may be waiting.
///
/// The list is that of `accept(2)`. A firewall's rule causes `EPERM`.
fn is_of_the_connection(error: &io::Error) -> bool {
    let of_the_connection = [
        libc::ECONNABORTED,
        libc::ECONNRESET,
        libc::EPROTO,
        libc::EPERM,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::ENOPROTOOPT,
        libc::EOPNOTSUPP,
        libc::ETIMEDOUT,
        #[cfg(target_os = "linux")]
        libc::ENONET,
    ];
    error.raw_os_error().is_some_and(|code| of_the_connection.contains(&code))
}

/// Returns whether descriptors or memory are exhausted.
fn is_exhaustion(error: &io::Error) -> bool {
    let exhausted = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    error.raw_os_error().is_some_and(|code| exhausted.contains(&code))
}

#[cfg(test)]
mod tests;
