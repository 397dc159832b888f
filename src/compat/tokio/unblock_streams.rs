//! The traits for the streams of `io` and `fs`.

use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use super::translate_read;
use crate::Unblock;
use crate::compat::write_traits::translate_write;
#[cfg(feature = "fs")]
use crate::fs::File;
use crate::io::stdio::{Stderr, Stdin, Stdout};

impl<T: Read + Send + 'static> AsyncRead for Unblock<T> {
    translate_read!();
}

impl<T: Read + Send + 'static> AsyncBufRead for Unblock<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        futures_io::AsyncBufRead::poll_fill_buf(self, cx)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        futures_io::AsyncBufRead::consume(self, count);
    }
}

/// A shutdown flushes, and drops the object on the pool.
impl<T: Write + Send + 'static> AsyncWrite for Unblock<T> {
    // Each slice is a command of its own.
    translate_write!(|this| this, false);
}

#[cfg(feature = "fs")]
impl AsyncRead for File {
    translate_read!();
}

#[cfg(feature = "fs")]
impl AsyncBufRead for File {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        futures_io::AsyncBufRead::poll_fill_buf(self, cx)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        futures_io::AsyncBufRead::consume(self, count);
    }
}

/// A shutdown flushes, and closes the file.
#[cfg(feature = "fs")]
impl AsyncWrite for File {
    translate_write!(|this| this, false);
}

impl AsyncRead for Stdin {
    translate_read!();
}

impl AsyncWrite for Stdout {
    translate_write!(|this| this, false);
}

impl AsyncWrite for Stderr {
    translate_write!(|this| this, false);
}
