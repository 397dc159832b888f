//! The pipes of a child, as its parent has them.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::{self, Stdio};
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use rustix::io::ioctl_fionbio;

use crate::net::AsyncFd;
use crate::net::delegate::delegate_read;
use crate::yield_now;

/// The end of a pipe that belongs to the parent alone: the child's end keeps blocking.
fn register<P: From<OwnedFd> + AsFd>(pipe: OwnedFd) -> io::Result<AsyncFd<P>> {
    ioctl_fionbio(&pipe, true)?;
    AsyncFd::new(P::from(pipe))
}

/// As a child expects its standard streams, blocking.
fn deregister<P: AsFd>(pipe: AsyncFd<P>) -> io::Result<P> {
    let pipe = pipe.into_inner();
    ioctl_fionbio(&pipe, false)?;
    Ok(pipe)
}

/// A pipe that a child writes to.
macro_rules! child_output {
    ($(#[$doc:meta])* $name:ident, $std:ty) => {
        $(#[$doc])*
        ///
        /// It is read by the futures traits, also by reference. It ends when nobody can write to it
        /// any more: neither the child nor a child of its own that has inherited it.
        ///
        /// # Drop
        /// Closes the pipe; whoever writes to it then gets a `SIGPIPE`.
        pub struct $name {
            io: AsyncFd<PipeReader>,
        }

        impl $name {
            pub(super) fn of(pipe: $std) -> io::Result<$name> {
                Ok($name { io: register(pipe.into())? })
            }

            pub(super) fn into_inner(self) -> AsyncFd<PipeReader> {
                self.io
            }

            /// Gives the pipe on to another command, which reads what this child writes. (That
            /// command holds the pipe open until it is dropped, or set up otherwise.)
            ///
            /// ```
            /// use std::process::Stdio;
            /// use aside::process::Command;
            ///
            /// aside::run(async {
            ///     let mut echo = Command::new("echo");
            ///     let mut echo = echo.arg("hello").stdout(Stdio::piped()).spawn()?;
            ///     let hello = echo.stdout.take().expect("it was asked for").into_stdio()?;
            ///     let mut shout = Command::new("tr");
            ///     let shout = shout.args(["a-z", "A-Z"]).stdin(hello).output().await?;
            ///     assert_eq!(shout.stdout, b"HELLO\n");
            ///     echo.wait().await
            /// })?;
            /// # Ok::<(), std::io::Error>(())
            /// ```
            ///
            /// # Errors
            /// As the system gives them.
            pub fn into_stdio(self) -> io::Result<Stdio> {
                deregister(self.io).map(Stdio::from)
            }
        }

        impl AsyncRead for &$name {
            delegate_read!(|this| &this.io);
        }

        impl AsyncRead for $name {
            delegate_read!(|this| &this.io);
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.io.as_fd()
            }
        }

        impl AsRawFd for $name {
            fn as_raw_fd(&self) -> RawFd {
                self.io.as_raw_fd()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(self.io.get_ref()).finish()
            }
        }
    };
}

child_output! {
    /// What a child writes to its standard output.
    ChildStdout, process::ChildStdout
}

child_output! {
    /// What a child writes to its standard error.
    ChildStderr, process::ChildStderr
}

/// So much is read in one poll at most, so that a child that writes fast stalls nobody. Half of
/// what a pipe holds.
const READ_MAX: u64 = 32 * 1024;

/// All that comes until the pipe's end.
pub(super) async fn read_all(pipe: Option<AsyncFd<PipeReader>>) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let Some(pipe) = pipe else { return Ok(all) };
    loop {
        // What it reads before it would block is in `all` already.
        let read = pipe.read_with(|pipe| pipe.take(READ_MAX).read_to_end(&mut all)).await?;
        if (read as u64) < READ_MAX {
            return Ok(all);
        }
        yield_now().await;
    }
}

/// A pipe to a child's standard input.
///
/// # Drop
/// Closes the pipe: the child reads to its end.
pub struct ChildStdin {
    /// `None` once it was closed.
    io: Option<AsyncFd<PipeWriter>>,
}

impl ChildStdin {
    pub(super) fn of(pipe: process::ChildStdin) -> io::Result<ChildStdin> {
        Ok(ChildStdin { io: Some(register(pipe.into())?) })
    }

    /// Gives the pipe on to another command, which writes what this child reads. That command holds
    /// the pipe open, and so the child waits for its end, until it is dropped.
    ///
    /// # Errors
    /// As the system gives them. If it was closed.
    pub fn into_stdio(self) -> io::Result<Stdio> {
        let pipe = self.io.ok_or_else(closed)?;
        deregister(pipe).map(Stdio::from)
    }

    fn open(&self) -> io::Result<&AsyncFd<PipeWriter>> {
        self.io.as_ref().ok_or_else(closed)
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the child's stdin was closed")
}

/// Closing closes the pipe, so that the child reads to its end. Flushing does nothing, because
/// nothing is held back here.
impl AsyncWrite for ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.open()?).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.open()?).poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io = None;
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for ChildStdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pipe = self.io.as_ref().map(AsyncFd::get_ref);
        f.debug_struct("ChildStdin").field("pipe", &pipe).finish()
    }
}
