//! [`LoopTask`]: a task or job as `async-rs` awaits it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::async_rs::util::TaskImpl;
use runtime_core::join::JoinHandle;

/// A task on the loop, or a job on the pool, that a [`LoopKit`](super::LoopKit) has spawned. It is
/// used through [`async_rs::util::Task`](::async_rs::util::Task).
///
/// # Panics
/// Awaiting it panics with the panic of the task. It also panics if the task has no output for
/// another reason: the task was cancelled, or its runtime is gone.
#[derive(Debug)]
pub struct LoopTask<T> {
    /// `None` after the task was joined, cancelled or detached.
    handle: Option<JoinHandle<T>>,
}

impl<T> LoopTask<T> {
    pub(super) fn new(handle: JoinHandle<T>) -> LoopTask<T> {
        LoopTask { handle: Some(handle) }
    }
}

impl<T> Future for LoopTask<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(handle) = &mut self.handle else {
            panic!("a task was polled after it had been joined or cancelled")
        };
        let joined = ready!(Pin::new(handle).poll(cx));
        self.handle = None;
        match joined {
            Ok(output) => Poll::Ready(output),
            Err(error) if error.is_panic() => error.resume(),
            Err(error) => panic!("{error}"),
        }
    }
}

impl<T: Send + 'static> TaskImpl for LoopTask<T> {
    /// Aborts the task and waits until it has ended. Returns its output if it ended by itself.
    // The form of the method to which the macro `async_trait` expands.
    fn cancel<'this, 'future>(
        &'this mut self,
    ) -> Pin<Box<dyn Future<Output = Option<T>> + Send + 'future>>
    where
        'this: 'future,
        Self: 'future,
    {
        let handle = self.handle.take();
        Box::pin(async move {
            let handle = handle?;
            handle.abort();
            handle.await.ok()
        })
    }

    fn detach(&mut self) {
        drop(self.handle.take());
    }
}
