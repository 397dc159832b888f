//! Sends to sockets that do not raise `SIGPIPE`.
//!
//! A write to a connection that is over fails with `EPIPE`, and the system also raises the signal
//! `SIGPIPE`, whose default action ends the process. The runtime of Rust ignores that signal before
//! `main`. But the runtime may live in a library of a C program, or in a program that has restored
//! the default action. So every write to a socket must suppress the signal for that one call
//! (`MSG_NOSIGNAL`), which `write` and `writev` cannot do. On Apple's systems a socket has an
//! option instead, which [`suppress_sigpipe`] sets.

use std::io::{self, IoSlice};
use std::os::fd::AsFd;

use socket2::{SockAddr, SockRef};

use super::buffers::BUFFERS_PER_CALL_MAX;

#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: i32 = 0;

/// Sends bytes to the peer of a connected socket.
#[inline]
pub(super) fn send(socket: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    SockRef::from(socket).send_with_flags(bytes, NO_SIGNAL)
}

/// Sends several slices, one after the other, to the peer of a connected socket.
pub(super) fn send_vectored(socket: &impl AsFd, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    // More slices than the system takes in one call would be an error.
    let slices = &slices[..slices.len().min(BUFFERS_PER_CALL_MAX)];
    SockRef::from(socket).send_vectored_with_flags(slices, NO_SIGNAL)
}

/// Sends a datagram to an address.
pub(super) fn send_to(
    socket: &impl AsFd,
    datagram: &[u8],
    address: &SockAddr,
) -> io::Result<usize> {
    SockRef::from(socket).send_to_with_flags(datagram, address, NO_SIGNAL)
}

/// Sets the option of a socket that suppresses `SIGPIPE`, on the systems that have no flag for it.
#[cfg(target_vendor = "apple")]
pub(super) fn suppress_sigpipe(socket: &impl AsFd) -> io::Result<()> {
    match SockRef::from(socket).set_nosigpipe(true) {
        // The peer of an accepted socket has closed the connection already. Such a socket has the
        // option nevertheless, from its listener.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
        set => set,
    }
}

/// The flag of each call is enough.
#[cfg(not(target_vendor = "apple"))]
pub(super) fn suppress_sigpipe(_socket: &impl AsFd) -> io::Result<()> {
    Ok(())
}
