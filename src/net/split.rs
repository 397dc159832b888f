//! The two halves of a stream, each with an owner of its own.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::delegate::{delegate_end, delegate_read, delegate_write};

/// A stream that can be split into halves.
pub trait SplitStream {
    #[doc(hidden)]
    fn shut_down_writing(&self);
}

/// The half of a stream that reads: see [`TcpStream::into_split`](super::TcpStream::into_split).
pub struct OwnedReadHalf<S> {
    stream: Arc<S>,
}

/// The half of a stream that writes: see [`TcpStream::into_split`](super::TcpStream::into_split).
///
/// # Drop
/// Shuts down writing, so the peer reaches the end of the stream.
pub struct OwnedWriteHalf<S: SplitStream> {
    /// `None` after [`reunite`](OwnedReadHalf::reunite) or [`forget`](OwnedWriteHalf::forget).
    stream: Option<Arc<S>>,
}

pub(super) fn halves<S: SplitStream>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    (OwnedReadHalf { stream: Arc::clone(&stream) }, OwnedWriteHalf { stream: Some(stream) })
}

impl<S: SplitStream> OwnedReadHalf<S> {
    /// Joins the two halves into the stream again.
    ///
    /// # Errors
    /// A [`ReuniteError`], which contains both halves, if they belong to different streams.
    pub fn reunite(self, mut write: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        let is_own = write.stream.as_ref().is_some_and(|own| Arc::ptr_eq(own, &self.stream));
        if !is_own {
            return Err(ReuniteError(self, write));
        }
        write.stream = None;
        // A half cannot be cloned, so this reference is the last one.
        Ok(Arc::into_inner(self.stream).expect("a stream has two halves"))
    }
}

impl<S> AsRef<S> for OwnedReadHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: SplitStream> OwnedWriteHalf<S> {
    /// Drops this half without shutting down writing. Dropping the other half closes the stream.
    pub fn forget(mut self) {
        self.stream = None;
    }

    fn stream(&self) -> &S {
        self.stream.as_ref().expect("only a method that consumes the half takes the stream")
    }
}

impl<S: SplitStream> AsRef<S> for OwnedWriteHalf<S> {
    fn as_ref(&self) -> &S {
        self.stream()
    }
}

impl<S: SplitStream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.shut_down_writing();
        }
    }
}

impl<S> AsyncRead for OwnedReadHalf<S>
where
    for<'a> &'a S: AsyncRead,
{
    delegate_read!(|this| &*this.stream);
}

impl<S: SplitStream> AsyncWrite for OwnedWriteHalf<S>
where
    for<'a> &'a S: AsyncWrite,
{
    delegate_write!(|this| this.stream());
    delegate_end!(|this| this.stream());
}

impl<S: fmt::Debug> fmt::Debug for OwnedReadHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedReadHalf").field(&self.stream).finish()
    }
}

impl<S: SplitStream + fmt::Debug> fmt::Debug for OwnedWriteHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedWriteHalf").field(&self.stream()).finish()
    }
}

/// The error of reuniting halves of different streams. It contains the halves.
pub struct ReuniteError<S: SplitStream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

impl<S: SplitStream> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReuniteError")
    }
}

impl<S: SplitStream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves belong to different streams")
    }
}

impl<S: SplitStream> Error for ReuniteError<S> {}
