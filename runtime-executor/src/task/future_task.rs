//! A task: one pinned box with everything in it.
//!
//! The box holds the task's identity (waker and flags), its completion cell and its future. It
//! lies in a slot of the [slab](crate::task::slab), is taken out to be polled, which moves two words,
//! and is put back if the future is pending. No other thread can reach it, so there is no
//! reference count on it and no state machine to claim it by.
//!
//! A finished task is an empty box with its identity and its cell. It stays with its slot, and the
//! next task is offered to it:
//!
//! 1. A future of the same type is moved into the box. The cell serves again if its reader has
//!    gone; a reader that is late keeps it, and the task gets a new one. Nothing is allocated.
//! 2. For a future of another type a box is made, which takes over the identity.
//! 3. If somebody still has a waker of it, nothing is kept: that waker must not wake another task.
//!
//! What is kept is small: a future of more than 256 bytes lies in a box of its own, which is freed
//! when it ends, and a task whose output is larger than that is not kept.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use runtime_core::catch_panic::catch_panic;
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::scheduler::core::Local;
use crate::task::key::TaskKey;
use crate::task::waker::{Identity, TaskWaker};

/// The most bytes that a finished task keeps for the next one's future, and for its output.
pub(crate) const KEPT_BYTES_MAX: usize = 256;

const AT_WORK: &str = "a task that is not finished has its parts";

/// A task whose type has been forgotten.
pub(crate) type BoxedTask = Pin<Box<dyn Task>>;

/// What the loop does with a task.
pub(crate) trait Task {
    /// Polls the future once, unless cancelling was asked for. When it ends in any way, drops it,
    /// completes the cell (which wakes who awaits it), and gives back the canceller that the cell
    /// was lent. Never unwinds.
    fn poll(self: Pin<&mut Self>) -> Poll<Waker>;

    /// Ends a task unfinished: as `poll`, with the cell completed as cancelled.
    fn cancel(self: Pin<&mut Self>) -> Waker;

    /// Fills the box of a finished task with the future of an [`Offer`], if it is of the type that
    /// the box was made for, and queues it. Runs nothing of the user's.
    fn refill(self: Pin<&mut Self>, home: &Local, offer: &mut dyn Any);

    /// Whether a finished task may be kept to be used again.
    fn is_spare(&self) -> bool;

    /// Takes the identity out of a finished task whose box is not to be used again.
    fn take_identity(self: Pin<&mut Self>) -> (Arc<TaskWaker>, Waker);

    fn metadata(&self) -> &Metadata;
}

/// A future on its way into the box of a finished task, with what else the new task begins with.
///
/// Field by field: several in one value would be written to memory and read back in other pieces,
/// for which the processor has to wait.
pub(crate) struct Offer<F: Future> {
    /// Some, like the next two, until a box takes all three.
    pub(crate) future: Option<F>,
    pub(crate) metadata: Option<Metadata>,
    /// Lent to the cell.
    pub(crate) canceller: Option<Waker>,
    /// What the box gives for them: its task, with the key of its slot.
    pub(crate) accepted: Option<(TaskKey, JoinHandle<F::Output>)>,
}

impl<F: Future> Offer<F> {
    #[inline]
    pub(crate) fn new(metadata: Metadata, canceller: Waker, future: F) -> Offer<F> {
        let metadata = Some(metadata);
        Offer { future: Some(future), metadata, canceller: Some(canceller), accepted: None }
    }
}

pin_project! {
    pub(crate) struct FutureTask<F: Future> {
        // Some until somebody takes it from the finished task. The third part of the identity, the
        // canceller, is lent to the cell while the task lives.
        identity: Option<(Arc<TaskWaker>, Waker)>,
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
        future: Option<F>,
    ) -> FutureTask<F> {
        FutureTask { identity: Some((shared, waker)), completion, future }
    }

    /// Step 5 of a task's life.
    fn end(self: Pin<&mut Self>, result: Result<F::Output, JoinError>) -> Waker {
        let mut this = self.project();
        // The destructor may panic. The result stands all the same.
        catch_panic(|| this.future.set(None));
        let canceller = this.completion.complete(result);
        // Who asked for cancelling has used it up.
        canceller.unwrap_or_else(|| this.identity.as_ref().expect(AT_WORK).1.clone())
    }
}

impl<F: Future + 'static> Task for FutureTask<F> {
    fn poll(mut self: Pin<&mut Self>) -> Poll<Waker> {
        let this = self.as_mut().project();
        let (shared, waker) = this.identity.as_ref().expect(AT_WORK);
        shared.clear_ready();
        if this.completion.is_cancel_requested() {
            return Poll::Ready(self.cancel());
        }
        let future = this.future.as_pin_mut().expect(AT_WORK);
        let mut cx = Context::from_waker(waker);
        let result = match catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(JoinError::panicked(this.completion.metadata().clone(), payload)),
        };
        Poll::Ready(self.end(result))
    }

    fn cancel(self: Pin<&mut Self>) -> Waker {
        let cancelled = JoinError::cancelled(self.completion.metadata().clone());
        self.end(Err(cancelled))
    }

    fn refill(self: Pin<&mut Self>, home: &Local, offer: &mut dyn Any) {
        let Some(offer) = offer.downcast_mut::<Offer<F>>() else { return };
        let Some(metadata) = offer.metadata.take() else { return };
        let mut this = self.project();
        let cell = Completion::new(metadata, offer.canceller.take());
        match Arc::get_mut(this.completion) {
            Some(left) => *left = cell,
            // The last reader is late, and has the old cell for itself.
            None => *this.completion = Arc::new(cell),
        }
        this.future.set(offer.future.take());
        let (shared, _) = this.identity.as_ref().expect(AT_WORK);
        home.make_ready(shared);
        offer.accepted = Some((shared.key(), JoinHandle::new(Arc::clone(this.completion))));
    }

    fn take_identity(self: Pin<&mut Self>) -> (Arc<TaskWaker>, Waker) {
        self.project().identity.take().expect(AT_WORK)
    }

    fn is_spare(&self) -> bool {
        size_of::<F::Output>() <= KEPT_BYTES_MAX
            && self.identity.as_ref().is_some_and(|(shared, _)| Identity::is_unshared(shared))
    }

    fn metadata(&self) -> &Metadata {
        self.completion.metadata()
    }
}
