//! A handle that cancels its task or job when it is dropped.

use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::join::JoinHandle;
use crate::join_error::JoinError;

/// A [`JoinHandle`] that [aborts](JoinHandle::abort) its task or job when it is dropped.
///
/// # Cancel safety
/// Dropping the handle cancels the task or job. In all other respects the handle behaves as
/// [`JoinHandle`] does.
#[must_use = "dropping it cancels the task or job"]
#[derive(Debug)]
pub struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> JoinHandle<T> {
    /// Returns a handle that aborts the task or job when it is dropped.
    pub fn abort_on_drop(self) -> AbortOnDrop<T> {
        AbortOnDrop(self)
    }
}

impl<T> Deref for AbortOnDrop<T> {
    type Target = JoinHandle<T>;

    fn deref(&self) -> &JoinHandle<T> {
        &self.0
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
