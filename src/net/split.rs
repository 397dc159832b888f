//! A stream in two halves, each of which is owned by somebody.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::delegate::{delegate_end, delegate_read, delegate_write};

/// A stream that can be split.
pub trait Stream {
    #[doc(hidden)]
    fn end_writing(&self);
}

/// The half of a stream that reads: see [`TcpStream::into_split`](super::TcpStream::into_split).
pub struct OwnedReadHalf<S> {
    stream: Arc<S>,
}

/// The half of a stream that writes: see [`TcpStream::into_split`](super::TcpStream::into_split).
///
/// # Drop
/// Ends the writing: the peer reads to its end.
pub struct OwnedWriteHalf<S: Stream> {
    /// `None` when it was [reunited](OwnedReadHalf::reunite) or forgotten.
    stream: Option<Arc<S>>,
}

pub(super) fn halves<S: Stream>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    (OwnedReadHalf { stream: Arc::clone(&stream) }, OwnedWriteHalf { stream: Some(stream) })
}

impl<S: Stream> OwnedReadHalf<S> {
    /// Puts the halves together again.
    ///
    /// # Errors
    /// [`ReuniteError`] gives them back if they are of two streams.
    pub fn reunite(self, mut write: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        let is_own = write.stream.as_ref().is_some_and(|own| Arc::ptr_eq(own, &self.stream));
        if !is_own {
            return Err(ReuniteError(self, write));
        }
        write.stream = None;
        // Nobody clones a half, so this one is the last.
        Ok(Arc::into_inner(self.stream).expect("two halves are all there are"))
    }
}

impl<S> AsRef<S> for OwnedReadHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

impl<S: Stream> OwnedWriteHalf<S> {
    /// Drops this half without ending the writing: that happens when the other half is dropped too.
    pub fn forget(mut self) {
        self.stream = None;
    }

    fn stream(&self) -> &S {
        self.stream.as_ref().expect("only who consumes it takes it")
    }
}

impl<S: Stream> AsRef<S> for OwnedWriteHalf<S> {
    fn as_ref(&self) -> &S {
        self.stream()
    }
}

impl<S: Stream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.end_writing();
        }
    }
}

impl<S> AsyncRead for OwnedReadHalf<S>
where
    for<'a> &'a S: AsyncRead,
{
    delegate_read!(|this| &*this.stream);
}

impl<S: Stream> AsyncWrite for OwnedWriteHalf<S>
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

impl<S: Stream + fmt::Debug> fmt::Debug for OwnedWriteHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedWriteHalf").field(&self.stream()).finish()
    }
}

/// The two halves are of two streams. Here they are.
pub struct ReuniteError<S: Stream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

impl<S: Stream> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReuniteError")
    }
}

impl<S: Stream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are of two streams")
    }
}

impl<S: Stream> Error for ReuniteError<S> {}
