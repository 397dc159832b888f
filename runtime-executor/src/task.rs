//! A task: one pinned box with everything in it.
//!
//! The box holds the task's identity (waker and flags), its completion cell and its future. It
//! lies in a slot of the [slab](crate::slab), is taken out to be polled, which moves two words,
//! and is put back if the future is pending. No other thread can reach it, so there is no
//! reference count on it and no state machine to claim it by.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use runtime_core::completion::Completion;
use runtime_core::join::JoinError;
use runtime_core::origin::Origin;
use runtime_core::quietly::drop_quietly;

use crate::waker::Identity;

/// A task whose type has been forgotten.
pub(crate) type BoxedTask = Pin<Box<dyn Task>>;

/// What the loop does with a task.
pub(crate) trait Task {
    /// Polls the future once, unless cancelling was asked for. When it ends in any way, drops it,
    /// completes the cell (which wakes who awaits it) and says `Ready`. Never unwinds.
    fn poll(self: Pin<&mut Self>) -> Poll<()>;

    /// Drops the future unfinished and completes the cell as cancelled. Never unwinds.
    fn cancel(self: Pin<&mut Self>);

    /// Takes out the identity of a task that has ended.
    fn take_identity(self: Pin<&mut Self>) -> Option<Identity>;

    fn origin(&self) -> &Origin;
}

pin_project! {
    pub(crate) struct FutureTask<F: Future> {
        // Some until the task has ended.
        identity: Option<Identity>,
        origin: Origin,
        completion: Arc<Completion<F::Output>>,
        // Some until the future is dropped, which is before the cell is completed: who reads the
        // result may rely on it.
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> FutureTask<F> {
    pub(crate) fn new(
        identity: Identity,
        origin: Origin,
        completion: Arc<Completion<F::Output>>,
        future: F,
    ) -> FutureTask<F> {
        FutureTask { identity: Some(identity), origin, completion, future: Some(future) }
    }

    /// Steps 3 and 5 of a task's life.
    fn end(self: Pin<&mut Self>, result: Result<F::Output, JoinError>) {
        let mut this = self.project();
        // The destructor may panic. The result stands all the same.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| this.future.set(None))) {
            drop_quietly(payload);
        }
        let waker = this.completion.complete(result);
        if let Some(identity) = this.identity {
            identity.return_waker(waker);
        }
    }
}

impl<F: Future> Task for FutureTask<F> {
    fn poll(mut self: Pin<&mut Self>) -> Poll<()> {
        let this = self.as_mut().project();
        let (Some(identity), Some(future)) = (this.identity, this.future.as_pin_mut()) else {
            return Poll::Ready(());
        };
        identity.shared.clear_ready();
        if this.completion.is_cancel_requested() {
            self.cancel();
            return Poll::Ready(());
        }
        let mut cx = Context::from_waker(&identity.waker);
        let result = match catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(JoinError::panicked(this.origin.clone(), payload)),
        };
        self.end(result);
        Poll::Ready(())
    }

    fn cancel(self: Pin<&mut Self>) {
        let cancelled = JoinError::cancelled(self.origin.clone());
        self.end(Err(cancelled));
    }

    fn take_identity(self: Pin<&mut Self>) -> Option<Identity> {
        self.project().identity.take()
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}
