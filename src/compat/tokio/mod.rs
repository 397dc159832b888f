//! The streams by tokio's traits, for codecs and clients that are written against those. With the
//! feature `tokio-io`.
//!
//! # The problem
//!
//! Much that reads and writes asks for `AsyncRead` and `AsyncWrite` of tokio, whatever runtime it
//! runs on. The traits need nothing of tokio's runtime, but they are not those of `futures`.
//!
//! # The idea
//!
//! Our streams have both, by value: of `net` [`TcpStream`](crate::net::TcpStream),
//! [`UnixStream`](crate::net::UnixStream), the owned halves of the two, and
//! [`AsyncFd`](crate::net::AsyncFd); of `unblock` [`Unblock`](crate::Unblock), which also has
//! `AsyncBufRead`, as has [`File`](crate::fs::File) of `fs`, and the streams of
//! [`stdio`](crate::io::stdio); of [`process`](crate::process) the pipes. tokio is taken without its
//! default features, so there is no second runtime in the build.
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
//! # What holds
//!
//! - Each does what it does by the traits of `futures`, with the same errors and the same cancel
//!   safety. A shutdown is a close: it ends the writing of a socket, and flushes and drops what an
//!   `Unblock` has.
//! - What else of tokio needs its runtime (its timers, its sockets, its tasks) does not work here,
//!   and panics to say so.
//!
//! # Limits
//!
//! - A socket has a `shutdown` of its own, and [`TcpStream`](crate::net::TcpStream) a `read` and a
//!   `write`: `AsyncWriteExt::shutdown(&mut stream)` is tokio's.
//! - There is no `AsyncSeek`. tokio's is two calls, with a position kept between them; the `Compat`
//!   of tokio-util, put round an [`Unblock`](crate::Unblock) or a `File`, has a place for it.
//! - Memory that nobody has written to is cleared before it is read into, for each read 64 KiB at
//!   most: std's readers take nothing else from code without `unsafe`.

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

/// The most that is cleared for one read. A reader with a large buffer and a slow peer would
/// otherwise clear all of it for every few bytes; and a system call for each 64 KiB is hardly more
/// than one for all of it.
const CLEARED_MAX: usize = 64 * 1024;

fn read<S: futures_io::AsyncRead>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let cleared = buffer.initialized().len() - buffer.filled().len();
    let length = buffer.remaining().min(cleared.max(CLEARED_MAX));
    let count = ready!(stream.poll_read(cx, buffer.initialize_unfilled_to(length)))?;
    buffer.advance(count);
    Poll::Ready(Ok(()))
}

/// The method of `AsyncRead`.
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
