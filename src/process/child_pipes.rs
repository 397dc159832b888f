//! The parent's ends of a child's pipes.

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

/// Registers the parent's end of a pipe and makes it non-blocking. The child's end stays blocking.
fn register<P: From<OwnedFd> + AsFd>(pipe: OwnedFd) -> io::Result<AsyncFd<P>> {
    ioctl_fionbio(&pipe, true)?;
    AsyncFd::new(P::from(pipe))
}

/// Makes a pipe blocking again, as a child expects its standard streams.
fn deregister<P: AsFd>(pipe: AsyncFd<P>) -> io::Result<P> {
    let pipe = pipe.into_inner();
    ioctl_fionbio(&pipe, false)?;
    Ok(pipe)
}

/// Implements the conversions from and to the types of std.
macro_rules! impl_conversions {
    ($name:ident, $std:ty) => {
        /// Takes a pipe of a child that std started. The pipe belongs to the current runtime.
        ///
        /// # Errors
        /// An error, if this thread has no runtime, or the pipe cannot be registered.
        impl TryFrom<$std> for $name {
            type Error = io::Error;

            fn try_from(pipe: $std) -> io::Result<$name> {
                $name::from_std(pipe)
            }
        }

        /// Makes the pipe blocking, as std's pipes are. See `into_stdio`.
        ///
        /// # Errors
        /// Those of `into_stdio`.
        impl TryFrom<$name> for OwnedFd {
            type Error = io::Error;

            fn try_from(pipe: $name) -> io::Result<OwnedFd> {
                pipe.into_owned_fd()
            }
        }

        /// Converts the pipe as `into_stdio` does.
        ///
        /// # Errors
        /// Those of `into_stdio`.
        impl TryFrom<$name> for Stdio {
            type Error = io::Error;

            fn try_from(pipe: $name) -> io::Result<Stdio> {
                pipe.into_stdio()
            }
        }
    };
}

/// Defines the type of a pipe that a child writes to.
macro_rules! child_output {
    ($(#[$doc:meta])* $name:ident, $std:ty) => {
        $(#[$doc])*
        ///
        /// It implements [`AsyncRead`], also by reference. A reader reaches the end when no process
        /// has the other end of the pipe open: neither the child nor a process that has inherited
        /// that end from the child.
        ///
        /// # Drop
        /// Closes the pipe. A process that writes to it then receives `SIGPIPE`.
        pub struct $name {
            io: AsyncFd<PipeReader>,
        }

        impl $name {
            /// Takes a pipe of a child that std started. The pipe belongs to the current runtime.
            ///
            /// # Errors
            /// An error, if this thread has no runtime, or the pipe cannot be registered.
            pub fn from_std(pipe: $std) -> io::Result<$name> {
                Ok($name { io: register(pipe.into())? })
            }

            pub(super) fn into_inner(self) -> AsyncFd<PipeReader> {
                self.io
            }

            /// Turns the pipe into the standard input of another command, which then reads the
            /// output of this child. (The other command keeps the pipe open until the command is
            /// dropped, or its input is set to another stream.)
            ///
            /// ```
            /// use std::process::Stdio;
            /// use aside::process::Command;
            ///
            /// aside::run(async {
            ///     let mut echo = Command::new("echo");
            ///     let mut echo = echo.arg("hello").stdout(Stdio::piped()).spawn()?;
            ///     let hello = echo.stdout.take().expect("it is piped").into_stdio()?;
            ///     let mut shout = Command::new("tr");
            ///     let shout = shout.args(["a-z", "A-Z"]).stdin(hello).output().await?;
            ///     assert_eq!(shout.stdout, b"HELLO\n");
            ///     echo.wait().await
            /// })?;
            /// # Ok::<(), std::io::Error>(())
            /// ```
            ///
            /// # Errors
            /// The system's error.
            pub fn into_stdio(self) -> io::Result<Stdio> {
                self.into_pipe().map(Stdio::from)
            }

            /// Turns the pipe into a descriptor that blocks, as std's pipes do.
            ///
            /// # Errors
            /// The system's error.
            pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
                self.into_pipe().map(OwnedFd::from)
            }

            fn into_pipe(self) -> io::Result<PipeReader> {
                deregister(self.io)
            }
        }

        impl AsyncRead for &$name {
            delegate_read!(|this| &this.io);
        }

        impl AsyncRead for $name {
            delegate_read!(|this| &this.io);
        }

        impl_conversions!($name, $std);

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
    /// The pipe from a child's standard output.
    ChildStdout, process::ChildStdout
}

child_output! {
    /// The pipe from a child's standard error.
    ChildStderr, process::ChildStderr
}

/// The maximum number of bytes that one poll reads, so that a child that writes fast does not stall
/// other tasks. The number is half of a pipe's capacity.
const READ_MAX: u64 = 32 * 1024;

/// Reads to the end of the pipe.
pub(super) async fn read_all(pipe: Option<AsyncFd<PipeReader>>) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let Some(pipe) = pipe else { return Ok(all) };
    loop {
        // If a read would block, the bytes that were read before it are in `all` already.
        let read = pipe.read_with(|pipe| pipe.take(READ_MAX).read_to_end(&mut all)).await?;
        if (read as u64) < READ_MAX {
            return Ok(all);
        }
        yield_now().await;
    }
}

/// The pipe to a child's standard input.
///
/// # Broken pipes
/// If the child has closed its input, a write returns [`BrokenPipe`](io::ErrorKind::BrokenPipe), as
/// long as the process ignores `SIGPIPE`, as every Rust program does by default. A pipe has no
/// write that leaves the signal out. In a host that keeps the signal's default action (a program
/// whose `main` is not Rust's), such a write ends the host: ignore or block the signal there. The
/// chapter [SIGPIPE](crate::guide::sockets) of the guide describes how.
///
/// # Drop
/// Closes the pipe, so the child reaches the end of its input.
pub struct ChildStdin {
    /// `None` once the pipe has been closed.
    io: Option<AsyncFd<PipeWriter>>,
}

impl ChildStdin {
    /// Takes the pipe of a child that std started. The pipe belongs to the current runtime.
    ///
    /// # Errors
    /// An error, if this thread has no runtime, or the pipe cannot be registered.
    pub fn from_std(pipe: process::ChildStdin) -> io::Result<ChildStdin> {
        Ok(ChildStdin { io: Some(register(pipe.into())?) })
    }

    /// Turns the pipe into the standard output of another command, whose output this child then
    /// reads. That command keeps the pipe open, and the child's input does not end, until the
    /// command is dropped.
    ///
    /// # Errors
    /// The system's error, or [`BrokenPipe`](io::ErrorKind::BrokenPipe) if the pipe has been
    /// closed.
    pub fn into_stdio(self) -> io::Result<Stdio> {
        self.into_pipe().map(Stdio::from)
    }

    /// Turns the pipe into a descriptor that blocks, as std's pipes do.
    ///
    /// # Errors
    /// Those of [`into_stdio`](ChildStdin::into_stdio).
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.into_pipe().map(OwnedFd::from)
    }

    fn into_pipe(self) -> io::Result<PipeWriter> {
        self.io.ok_or_else(closed).and_then(deregister)
    }

    fn open(&self) -> io::Result<&AsyncFd<PipeWriter>> {
        self.io.as_ref().ok_or_else(closed)
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the child's stdin was closed")
}

/// Closing the stream closes the pipe, so the child reaches the end of its input. Flushing does
/// nothing, because nothing is buffered.
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

impl_conversions!(ChildStdin, process::ChildStdin);

/// # Panics
/// If the pipe has been closed.
impl AsFd for ChildStdin {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_ref().expect("the child's stdin was closed").as_fd()
    }
}

/// # Panics
/// If the pipe has been closed.
impl AsRawFd for ChildStdin {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for ChildStdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pipe = self.io.as_ref().map(AsyncFd::get_ref);
        f.debug_struct("ChildStdin").field("pipe", &pipe).finish()
    }
}
