//! A task: one pinned box with its wakers, its completion cell and its future.
//!
//! The box lies in the loop's slab. The loop takes it out for a poll, which moves two words, and
//! puts it back if the future is pending. No other thread can reach the box, so it has neither a
//! reference count nor a state machine that decides who may poll it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use runtime_core::catch_panic::catch_panic;
use runtime_core::completion::Completion;
use runtime_core::context::set_task;
use runtime_core::join::JoinError;
use runtime_core::metadata::Metadata;
use runtime_core::unwinding::poll_or_drop;

use crate::task::own_wakers::OwnWakers;

/// The loop's view of a task, whose type is erased.
pub(crate) trait Task {
    /// Polls the future once, unless cancellation was requested. When the future ends in any way,
    /// this drops it and completes the cell, which wakes the awaiting task. Never unwinds.
    fn poll(self: Pin<&mut Self>) -> Poll<()>;

    /// Drops the future unfinished, and completes the cell as cancelled. Never unwinds.
    fn cancel(self: Pin<&mut Self>);

    fn metadata(&self) -> &Metadata;
}

pin_project! {
    pub(crate) struct FutureTask<F: Future> {
        // `None` once another task has taken over the wakers of this finished task.
        pub(crate) wakers: Option<OwnWakers>,
        pub(crate) completion: Arc<Completion<F::Output>>,
        // `None` once the future has been dropped. The future is dropped before the cell is
        // completed, and readers of the result may rely on this order.
        #[pin]
        pub(crate) future: Option<F>,
    }
}

/// The invariant of every unfinished task.
pub(crate) const IS_ALIVE: &str = "an unfinished task has its wakers and its future";

impl<F: Future> FutureTask<F> {
    /// Makes a task, and lends its canceller to the cell.
    #[inline]
    pub(crate) fn new(
        mut wakers: OwnWakers,
        metadata: Metadata,
        future: Option<F>,
    ) -> FutureTask<F> {
        let completion = Arc::new(Completion::new(metadata, Some(wakers.lend())));
        FutureTask { wakers: Some(wakers), completion, future }
    }

    /// Step 5 of a task's life.
    fn end(self: Pin<&mut Self>, result: Result<F::Output, JoinError>) {
        let mut this = self.project();
        // The result is kept even if the destructor panics.
        catch_panic(|| this.future.set(None));
        let unused = this.completion.complete(result);
        this.wakers.as_mut().expect(IS_ALIVE).take_back(unused);
    }
}

impl<F: Future> Task for FutureTask<F> {
    fn poll(mut self: Pin<&mut Self>) -> Poll<()> {
        let this = self.as_mut().project();
        let wakers = this.wakers.as_ref().expect(IS_ALIVE);
        wakers.task.clear_ready();
        set_task(Some(this.completion.metadata().id()));
        if this.completion.is_cancel_requested() {
            self.cancel();
            return Poll::Ready(());
        }
        let mut cx = Context::from_waker(&wakers.polling);
        let result = match catch_unwind(AssertUnwindSafe(|| poll_or_drop(this.future, &mut cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(JoinError::panicked(this.completion.metadata().clone(), payload)),
        };
        self.end(result);
        Poll::Ready(())
    }

    #[cold]
    fn cancel(self: Pin<&mut Self>) {
        let cancelled = JoinError::cancelled(self.completion.metadata().clone());
        set_task(Some(self.completion.metadata().id()));
        self.end(Err(cancelled));
    }

    fn metadata(&self) -> &Metadata {
        self.completion.metadata()
    }
}
