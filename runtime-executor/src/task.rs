//! A task: one pinned box with everything in it.
//!
//! The box holds the task's identity (waker and flags), its completion cell and its future. It
//! lies in a slot of the [slab](crate::slab), is taken out to be polled, which moves two words,
//! and is put back if the future is pending. No other thread can reach it, so there is no
//! reference count on it and no state machine to claim it by.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use runtime_core::completion::Completion;
use runtime_core::join::JoinError;
use runtime_core::origin::Origin;
use runtime_core::quietly::call_quietly;

use crate::local::Local;
use crate::waker::TaskWaker;

/// A task whose type has been forgotten.
pub(crate) type BoxedTask = Pin<Box<dyn Task>>;

/// What the loop does with a task.
pub(crate) trait Task {
    /// Polls the future once, unless cancelling was asked for. When it ends in any way, drops it,
    /// completes the cell (which wakes who awaits it), frees the slot, and says `Ready`. Never
    /// unwinds.
    fn poll(self: Pin<&mut Self>, home: &Local) -> Poll<()>;

    /// Ends a task unfinished: as `poll`, with the cell completed as cancelled.
    fn cancel(self: Pin<&mut Self>, home: &Local);

    fn origin(&self) -> &Origin;
}

pin_project! {
    pub(crate) struct FutureTask<F: Future> {
        // Some until the task has ended, both of them: together with the canceller, which the cell
        // holds meanwhile, they are the task's identity.
        shared: Option<Arc<TaskWaker>>,
        waker: Option<Waker>,
        completion: Arc<Completion<F::Output>>,
        // Some until the future is dropped, which is before the cell is completed: who reads the
        // result may rely on it.
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> FutureTask<F> {
    #[inline]
    pub(crate) fn new(
        shared: Arc<TaskWaker>,
        waker: Waker,
        completion: Arc<Completion<F::Output>>,
        future: F,
    ) -> FutureTask<F> {
        FutureTask { shared: Some(shared), waker: Some(waker), completion, future: Some(future) }
    }

    /// Step 5 of a task's life.
    fn end(self: Pin<&mut Self>, home: &Local, result: Result<F::Output, JoinError>) {
        let mut this = self.project();
        // The destructor may panic. The result stands all the same.
        call_quietly(|| this.future.set(None));
        let canceller = this.completion.complete(result);
        if let (Some(shared), Some(waker)) = (this.shared.take(), this.waker.take()) {
            let canceller = canceller.unwrap_or_else(|| waker.clone());
            home.retire(shared, waker, canceller);
        }
    }
}

impl<F: Future> Task for FutureTask<F> {
    fn poll(mut self: Pin<&mut Self>, home: &Local) -> Poll<()> {
        let this = self.as_mut().project();
        let (Some(shared), Some(waker)) = (this.shared, this.waker) else { return Poll::Ready(()) };
        let Some(future) = this.future.as_pin_mut() else { return Poll::Ready(()) };
        shared.clear_ready();
        if this.completion.is_cancel_requested() {
            self.cancel(home);
            return Poll::Ready(());
        }
        let mut cx = Context::from_waker(waker);
        let result = match catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(JoinError::panicked(this.completion.origin().clone(), payload)),
        };
        self.end(home, result);
        Poll::Ready(())
    }

    fn cancel(self: Pin<&mut Self>, home: &Local) {
        let cancelled = JoinError::cancelled(self.completion.origin().clone());
        self.end(home, Err(cancelled));
    }

    fn origin(&self) -> &Origin {
        self.completion.origin()
    }
}
