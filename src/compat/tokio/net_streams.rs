//! The traits for the streams of `net`.

use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::translate_read;
use crate::compat::write_traits::translate_write;
use crate::net::{AsyncFd, OwnedReadHalf, OwnedWriteHalf, TcpStream, UnixStream};

impl AsyncRead for TcpStream {
    translate_read!();
}

/// A shutdown closes the write side, so the peer reaches the end of the stream.
impl AsyncWrite for TcpStream {
    translate_write!(|this| this, true);
}

impl AsyncRead for UnixStream {
    translate_read!();
}

/// A shutdown closes the write side, so the peer reaches the end of the stream.
impl AsyncWrite for UnixStream {
    translate_write!(|this| this, true);
}

impl AsyncRead for OwnedReadHalf<TcpStream> {
    translate_read!();
}

impl AsyncWrite for OwnedWriteHalf<TcpStream> {
    translate_write!(|this| this, true);
}

impl AsyncRead for OwnedReadHalf<UnixStream> {
    translate_read!();
}

impl AsyncWrite for OwnedWriteHalf<UnixStream> {
    translate_write!(|this| this, true);
}

impl<T: Unpin> AsyncRead for AsyncFd<T>
where
    for<'a> &'a T: Read,
{
    translate_read!();
}

/// A shutdown flushes, and closes nothing. Only dropping the object closes the descriptor.
impl<T: Unpin> AsyncWrite for AsyncFd<T>
where
    for<'a> &'a T: Write,
{
    // Every descriptor can write several slices in one call.
    translate_write!(|this| this, true);
}
