//! A handle that cancels its task or job when it is dropped.

use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::join::JoinHandle;
use crate::join_error::JoinError;

/// A [`JoinHandle`] that [aborts](JoinHandle::abort) its task or job when it is dropped.
///
/// # Examples
/// ```
/// use std::{rc::Rc, time::Duration};
///
/// aside::run(async {
///     let shared = Rc::new(());
///     let held = Rc::clone(&shared);
///     let task = aside::spawn(async move {
///         aside::sleep(Duration::from_secs(3600)).await;
///         drop(held);
///     });
///     drop(task.abort_on_drop());
///     aside::yield_now().await;
///     assert_eq!(Rc::strong_count(&shared), 1, "the task is gone");
/// });
/// ```
///
/// # Cancel safety
/// Dropping the handle cancels the task or job. In all other respects the handle behaves as
/// [`JoinHandle`] does.
#[doc(alias("AbortOnDropHandle", "Task"))]
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
