//! tokio's traits for the streams of this crate, for codecs and clients that require them.
//! Available with the feature `tokio-io`.
//!
//! # The problem
//!
//! Many libraries require tokio's `AsyncRead` and `AsyncWrite`, whatever runtime they run on. These
//! traits do not need tokio's runtime, but they differ from the traits of `futures`.
//!
//! # The idea
//!
//! These streams implement the traits of tokio and those of `futures`:
//!
//! - of `net`: [`TcpStream`](crate::net::TcpStream), [`UnixStream`](crate::net::UnixStream), their
//!   owned halves, and [`AsyncFd`](crate::net::AsyncFd);
//! - of `io`: [`Unblock`](crate::Unblock), and the streams of [`stdio`](crate::io::stdio);
//! - of `fs`: [`File`](crate::fs::File);
//! - of [`process`](crate::process): the pipes.
//!
//! `Unblock` and `File` also implement `AsyncBufRead`. tokio is used without its default features,
//! so there is no second runtime in the build.
//!
//! ```
//! use aside::net::UnixStream;
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//!
//! aside::run(async {
//!     let (mut near, far) = UnixStream::pair()?;
//!     near.write_all(b"one line\nand another\n").await?;
//!     AsyncWriteExt::shutdown(&mut near).await?;
//!     let mut lines = BufReader::new(far).lines();
//!     assert_eq!(lines.next_line().await?.as_deref(), Some("one line"));
//!     assert_eq!(lines.next_line().await?.as_deref(), Some("and another"));
//!     assert_eq!(lines.next_line().await?, None);
//!     std::io::Result::Ok(())
//! })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! # Guarantees
//!
//! - Each method behaves like the method of the `futures` traits, with the same errors and the same
//!   cancel safety. tokio's `shutdown` does the same as a close of the `futures` traits: it shuts
//!   down the write side of a socket, and flushes and drops the object of an `Unblock`.
//! - The parts of tokio that need its runtime (timers, sockets, tasks) do not work here, and panic.
//!
//! # Limits
//!
//! - A socket has its own method `shutdown`, and a [`TcpStream`](crate::net::TcpStream) also has
//!   its own `read` and `write`. To call tokio's methods instead, name the trait:
//!   `AsyncWriteExt::shutdown(&mut stream)`.
//! - `AsyncSeek` is not implemented. tokio's trait has two methods, and the position must be kept
//!   between their calls. tokio-util's `Compat` around an [`Unblock`](crate::Unblock) or a `File`
//!   keeps the position.
//! - Uninitialized memory is zeroed before a read into it, at most 64 KiB for each read. Without
//!   `unsafe` code, std's readers accept only initialized memory.

#[cfg(all(feature = "net", unix))]
mod net_streams;
#[cfg(all(feature = "process", unix))]
mod process_pipes;
#[cfg(feature = "unblock")]
mod unblock_streams;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

/// The maximum number of bytes that are zeroed for one read. A reader with a large buffer and a
/// slow peer would otherwise zero the entire buffer for every few bytes. One system call for each
/// 64 KiB costs hardly more than one call for all bytes.
const ZEROED_MAX: usize = 64 * 1024;

fn read<S: futures_io::AsyncRead>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let initialized = buffer.initialized().len() - buffer.filled().len();
    let length = buffer.remaining().min(initialized.max(ZEROED_MAX));
    let count = ready!(stream.poll_read(cx, buffer.initialize_unfilled_to(length)))?;
    buffer.advance(count);
    Poll::Ready(Ok(()))
}

/// Implements the method of `AsyncRead`.
macro_rules! translate_read {
    () => {
        #[inline]
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            super::read(self, cx, buffer)
        }
    };
}
use translate_read;
