//! The standard streams, for async code.
//!
//! # The problem
//!
//! A read of stdin cannot be interrupted, and may last forever. A job of the runtime that reads
//! stdin would keep the program from exiting, and bytes that it reads after its reader was dropped
//! would be lost.
//!
//! # The idea
//!
//! A process has one stdin, so there is one [`Unblock`] of it, on a thread that belongs to no
//! runtime and does not keep the process from exiting. Every [`Stdin`] reads from the buffer of
//! this one `Unblock`.
//!
//! ```
//! use std::time::Duration;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! aside::run(async {
//!     let mut answer = [0; 64];
//!     let mut stdin = aside::io::stdio::stdin();
//!     let asked = aside::timeout(Duration::from_millis(1), stdin.read(&mut answer));
//!     let text = if asked.await.is_ok() { "an answer\n" } else { "no answer\n" };
//!     let mut stdout = aside::io::stdio::stdout();
//!     stdout.write_all(text.as_bytes()).await?;
//!     stdout.flush().await
//! })?;
//! // If there was no answer, the read is still under way; the program exits all the same.
//! # std::io::Result::Ok(())
//! ```
//!
//! # Limits
//!
//! [`std::io::stdin`] does not see bytes that were read ahead here, and this module does not see
//! bytes that std has buffered: use only one of the two.
//!
//! **An abandoned read of [`stdin`] takes the input of a child process.** If a read is dropped, by
//! a timeout for example, its thread still waits in the system's `read`. A read also takes up to 8
//! KiB, even if only a line was requested. This program loses none of these bytes, but a child that
//! inherits stdin (an editor, a pager, a shell, `sudo`) never gets them. There are three ways to
//! avoid it:
//!
//! - Start such children before the first read, or await every read before a child is started.
//! - Give the child a stdin of its own, `Stdio::null()` or a pipe.
//! - Read the terminal or pipe through `net::AsyncFd` instead, over a descriptor of its own:
//!   `/dev/tty`, or on Linux `/proc/self/fd/0`, opened with `O_NONBLOCK`. Such a read takes bytes
//!   only when it is polled, and takes no more than it returns.

use std::io;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::AsyncWrite;

pub use super::stdin::{Stdin, stdin};
use crate::io::unblock::Unblock;

/// The standard output. See [`stdout`].
#[derive(Debug)]
pub struct Stdout {
    stream: Unblock<io::Stdout>,
    #[cfg_attr(not(unix), expect(dead_code, reason = "for the descriptor"))]
    std: io::Stdout,
}

/// The standard error. See [`stderr`].
#[derive(Debug)]
pub struct Stderr {
    stream: Unblock<io::Stderr>,
    #[cfg_attr(not(unix), expect(dead_code, reason = "for the descriptor"))]
    std: io::Stderr,
}

/// The standard output of the process, written by jobs on the current runtime's pool.
///
/// A flush is ready when all accepted bytes are written. Bytes that were accepted and not flushed
/// are written before [`run`](crate::run) returns, because `run` waits for the jobs on its pool.
/// Errors of these writes are lost: flush to receive them. Once a write has failed, every later
/// write, flush and close of this [`Stdout`] returns its error.
///
/// An output in non-blocking mode, which another process may have set on a shared pipe or terminal,
/// is written as in blocking mode: the job waits for room. If the output is a pipe that no process
/// reads, `run` therefore waits, as `println!` would. The order of bytes is kept only within one
/// [`Stdout`]: flush it before another one writes.
///
/// # Panics
/// On a thread without a runtime.
#[track_caller]
pub fn stdout() -> Stdout {
    Stdout { stream: Unblock::new(io::stdout()), std: io::stdout() }
}

/// The standard error of the process. Behaves like [`stdout`].
///
/// # Panics
/// On a thread without a runtime.
#[track_caller]
pub fn stderr() -> Stderr {
    Stderr { stream: Unblock::new(io::stderr()), std: io::stderr() }
}

macro_rules! writes_through {
    ($type:ty) => {
        impl AsyncWrite for $type {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.stream).poll_write(cx, bytes)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.stream).poll_flush(cx)
            }

            fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.stream).poll_close(cx)
            }
        }
    };
}

writes_through!(Stdout);
writes_through!(Stderr);

#[cfg(unix)]
macro_rules! lends_descriptor {
    ($($type:ty),*) => {
        $(
            /// Lends the descriptor. The system has neither the bytes that were read ahead nor
            /// those that were not flushed.
            impl AsFd for $type {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.std.as_fd()
                }
            }

            impl AsRawFd for $type {
                fn as_raw_fd(&self) -> RawFd {
                    self.std.as_raw_fd()
                }
            }
        )*
    };
}

#[cfg(unix)]
lends_descriptor!(Stdin, Stdout, Stderr);

/// Pushes a last flush, because std's buffer keeps a line that has no end.
impl Drop for Stdout {
    fn drop(&mut self) {
        self.stream.flush_before_drop();
    }
}
