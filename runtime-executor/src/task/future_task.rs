//! A task: one pinned box with its future and the references to its waker and completion cell.
//!
//! The box lies in the loop's slab. The loop takes it out for a poll, which moves two words, and
//! puts it back if the future is pending. No other thread can reach the box, so it has neither a
//! reference count nor a state machine that decides who may poll it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use runtime_core::catch_panic::catch_panic;
use runtime_core::context::set_task;
use runtime_core::join::JoinError;
use runtime_core::metadata::Metadata;
use runtime_core::unwinding::poll_or_drop;

use crate::task::task_cell::TaskCell;

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
    pub(crate) struct FutureTask<F: Future, C> {
        // The completion cell and the wakers, or the way to them.
        pub(crate) cell: C,
        // `None` once the future has been dropped. The future is dropped before the cell is
        // completed, and readers of the result may rely on this order.
        #[pin]
        pub(crate) future: Option<F>,
    }
}

impl<F: Future, C: TaskCell<F::Output>> FutureTask<F, C> {
    /// Step 5 of a task's life.
    fn end(self: Pin<&mut Self>, result: Result<F::Output, JoinError>) {
        let mut this = self.project();
        // The result is kept even if the destructor panics.
        catch_panic(|| this.future.set(None));
        this.cell.complete(result);
    }
}

impl<F: Future, C: TaskCell<F::Output>> Task for FutureTask<F, C> {
    fn poll(mut self: Pin<&mut Self>) -> Poll<()> {
        let this = self.as_mut().project();
        let (task, polling) = (this.cell.task(), this.cell.polling());
        task.clear_ready();
        set_task(Some(this.cell.metadata().id()));
        if this.cell.is_cancel_requested() {
            self.cancel();
            return Poll::Ready(());
        }
        let mut cx = Context::from_waker(polling);
        let result = match catch_unwind(AssertUnwindSafe(|| poll_or_drop(this.future, &mut cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(JoinError::panicked(this.cell.metadata().clone(), payload)),
        };
        self.end(result);
        Poll::Ready(())
    }

    #[cold]
    fn cancel(self: Pin<&mut Self>) {
        let cancelled = JoinError::cancelled(self.cell.metadata().clone());
        set_task(Some(self.cell.metadata().id()));
        self.cell.task().record_cancelled();
        self.end(Err(cancelled));
    }

    fn metadata(&self) -> &Metadata {
        self.cell.metadata()
    }
}
