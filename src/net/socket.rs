//! The parts that all sockets have in common: conversion from and to std's sockets, and `Debug`.

use std::fmt;
use std::io;

/// Implements the conversions to and from std's socket for a struct whose field is `io:
/// AsyncFd<$std>`. `$short_transfer` states what a short transfer means for the readiness of this
/// socket.
macro_rules! impl_socket {
    ($socket:ident, $std:ty, $short_transfer:expr) => {
        impl $socket {
            /// Puts a socket of std into non-blocking mode. The socket belongs to the current
            /// runtime.
            ///
            /// # Errors
            /// Those of the operating system, and an error if this thread has no runtime or the
            /// runtime is gone.
            pub fn from_std(socket: $std) -> io::Result<$socket> {
                let handle = Handle::try_current().map_err(io::Error::other)?;
                $socket::register(&handle, socket)
            }

            pub(super) fn register(handle: &Handle, socket: $std) -> io::Result<$socket> {
                socket.set_nonblocking(true)?;
                super::send::suppress_sigpipe(&socket)?;
                Ok($socket { io: AsyncFd::of_socket(handle, socket, $short_transfer)? })
            }

            /// Deregisters the socket, puts it into blocking mode, and returns it as a socket of
            /// std.
            ///
            /// # Errors
            /// Those of the operating system.
            pub fn into_std(self) -> io::Result<$std> {
                let socket = self.io.into_inner();
                socket.set_nonblocking(false)?;
                Ok(socket)
            }

            /// Takes the pending error of the socket, if there is one.
            ///
            /// # Errors
            /// Those of the operating system.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.io.get_ref().take_error()
            }
        }

        /// Converts a socket of std as `from_std` does.
        ///
        /// # Errors
        /// Those of `from_std`.
        impl TryFrom<$std> for $socket {
            type Error = io::Error;

            fn try_from(socket: $std) -> io::Result<$socket> {
                $socket::from_std(socket)
            }
        }

        /// Converts a descriptor, which must be one of such a socket, as `from_std` does.
        ///
        /// # Errors
        /// Those of `from_std`.
        impl TryFrom<OwnedFd> for $socket {
            type Error = io::Error;

            fn try_from(descriptor: OwnedFd) -> io::Result<$socket> {
                $socket::from_std(descriptor.into())
            }
        }

        /// Deregisters the socket. It stays in non-blocking mode, unlike that of `into_std`.
        impl From<$socket> for OwnedFd {
            fn from(socket: $socket) -> OwnedFd {
                socket.io.into_inner().into()
            }
        }

        impl AsFd for $socket {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.io.as_fd()
            }
        }

        impl AsRawFd for $socket {
            fn as_raw_fd(&self) -> RawFd {
                self.io.as_raw_fd()
            }
        }
    };
}

/// Implements the constructor of an accepted connection for a struct whose field is `io:
/// AsyncFd<$std>`.
macro_rules! impl_accepted {
    ($socket:ident, $std:ty, $short_transfer:expr) => {
        impl $socket {
            /// Makes a connection, which is in non-blocking mode, belong to its listener's loop.
            pub(super) fn accepted<L: AsFd>(
                listener: &AsyncFd<L>,
                socket: $std,
            ) -> io::Result<$socket> {
                super::send::suppress_sigpipe(&socket)?;
                Ok($socket { io: listener.accepted(socket, $short_transfer)? })
            }
        }
    };
}

pub(super) use {impl_accepted, impl_socket};

/// Formats a socket with the addresses that the system returns for it.
pub(super) fn fmt_socket(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    local: io::Result<impl fmt::Debug>,
    peer: Option<io::Result<impl fmt::Debug>>,
) -> fmt::Result {
    let mut socket = f.debug_struct(name);
    if let Ok(local) = local {
        socket.field("local", &local);
    }
    if let Some(Ok(peer)) = peer {
        socket.field("peer", &peer);
    }
    socket.finish_non_exhaustive()
}
