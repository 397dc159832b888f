//! [`scope`]: children that are added while others run, and that borrow from outside.
//!
//! The children are owned by the scope's future, which alone polls and drops them. A [`Scope`] is a
//! handle. Spawning puts the child into a shared list, and cancelling sets a shared flag. The
//! future checks the list and the flag when it is polled. A `Scope` held by a child therefore does
//! not own that child, except between spawning and the next poll. When the future ends or is
//! dropped, it empties the list and refuses new children, so that no reference cycle remains.
//!
//! Spawning or cancelling while the scope is not being polled wakes the scope, through the waker of
//! a slot that has no child.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use runtime_core::heap_if_large;

use super::group::Gather;
use super::growing_wake_set::GrowingWakeSet;
use super::scope_children::{SCOPE_SLOT, ScopeChildren};
use super::scope_state::{ScopeEnd, ScopePhase, ScopePoll, ScopeState};
use super::scoped_handle::{ScopedHandle, scoped_child};

/// Runs a body and the children that it spawns, concurrently, within the awaiting task.
///
/// The body receives a [`Scope`] to spawn with. Children may borrow whatever lives outside the
/// scope, need not be `Send`, and may hold a clone of the `Scope` to spawn siblings. The future is
/// ready when the body and all children have finished, and yields the body's output, as
/// `std::thread::scope` does for threads.
///
/// The scope belongs to one task, so its future is not `Send`. Use [`gather`](super::gather()) for
/// children that are known beforehand.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
///
/// let words = [String::from("from"), String::from("outside")];
/// let letters = Cell::new(0);
/// let (words, letters) = (&words, &letters);
/// aside::run(aside::scope(|scope| async move {
///     for word in words {
///         scope.spawn(async move { letters.set(letters.get() + word.len()) });
///     }
/// }));
/// assert_eq!(letters.get(), 11);
/// ```
///
/// # Panics
///
/// A panic of the body or of a child propagates at once through the poll of the scope's future. A
/// panic of a finished child's destructor counts as a panic of the child. The scope has then ended:
/// the other children are dropped with the scope's future, and polling that future again panics.
/// Polling it after completion panics, too.
///
/// # Cancel safety
///
/// Dropping the future drops the body and all children.
#[doc(alias("TaskGroup", "nursery", "JoinSet", "FuturesUnordered", "asyncio", "as_completed"))]
pub fn scope<'env, F, Fut>(body: F) -> ScopeFuture<'env, Fut>
where
    F: FnOnce(Scope<'env>) -> Fut,
    Fut: Future,
{
    let mut wake_set = GrowingWakeSet::new(0);
    let state = Rc::new(ScopeState {
        phase: Cell::new(ScopePhase::Idle),
        spawned: RefCell::new(Vec::new()),
        cancelled: Cell::new(false),
        waker: wake_set.waker(SCOPE_SLOT),
    });
    // Made before the body is called, so that the list is emptied if the body spawns and then
    // panics.
    let end = ScopeEnd { state: Rc::clone(&state) };
    let body = Box::pin(body(Scope { state: Rc::clone(&state) }));
    ScopeFuture { group: Gather::with_wake_set(ScopeChildren::new(end, body), wake_set), state }
}

/// A handle of a [`scope`] that spawns children into it.
///
/// Cheap to clone. It may outlive the scope, and then refuses new children.
#[derive(Clone)]
pub struct Scope<'env> {
    state: Rc<ScopeState<'env>>,
}

impl<'env> Scope<'env> {
    /// Adds a child to the scope.
    ///
    /// The present poll of the scope polls the new child if it was spawned by the body, or by a
    /// sibling that an earlier poll has started. Otherwise the next poll of the scope polls it. If
    /// the scope has ended, the future is dropped at once and the handle yields
    /// [`ChildCancelled`](super::ChildCancelled).
    #[doc(alias("create_task", "spawn_local", "start_soon"))]
    pub fn spawn<F>(&self, future: F) -> ScopedHandle<F::Output>
    where
        F: Future + 'env,
    {
        let (child, handle) = heap_if_large!(Box::pin, future: F => scoped_child(future));
        match self.state.phase.get() {
            ScopePhase::Ended => drop(child),
            ScopePhase::Polled => self.state.spawned.borrow_mut().push(child),
            ScopePhase::Idle => {
                self.state.spawned.borrow_mut().push(child);
                self.state.waker.wake_by_ref();
            }
        }
        handle
    }

    /// Drops all spawned children that have not finished. Their handles yield
    /// [`ChildCancelled`](super::ChildCancelled).
    ///
    /// The body is not a child and continues. The scope continues, too, and accepts new children.
    /// None of the cancelled children is polled again: a child that cancels its own scope ends at
    /// its next `.await` that is pending. If the scope is being polled, the cancelled children are
    /// dropped before that poll returns. Otherwise they are dropped during the next poll.
    ///
    /// # Panics
    ///
    /// If a child was spawned since the scope was last polled, and its destructor panics. A panic
    /// of the other children's destructors propagates through the poll of the scope.
    pub fn cancel(&self) {
        self.state.cancelled.set(true);
        let not_taken = self.state.spawned.take();
        if self.state.phase.get() == ScopePhase::Idle {
            self.state.waker.wake_by_ref();
        }
        drop(not_taken);
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scope").field(&self.state.phase.get()).finish()
    }
}

pin_project! {
    /// The future of a [`scope`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the scope's future drops the body and all children.
    #[must_use = "futures do nothing unless you `.await` them"]
    pub struct ScopeFuture<'env, Fut>
    where
        Fut: Future,
    {
        #[pin]
        group: Gather<ScopeChildren<'env, Fut, Fut::Output>>,
        state: Rc<ScopeState<'env>>,
    }
}

impl<Fut: Future> Future for ScopeFuture<'_, Fut> {
    type Output = Fut::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fut::Output> {
        let this = self.project();
        let scope_poll = ScopePoll::begin(this.state);
        let poll = this.group.poll(cx);
        if poll.is_pending() {
            scope_poll.pending();
        }
        poll
    }
}

impl<Fut: Future> fmt::Debug for ScopeFuture<'_, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopeFuture").field(&self.group).finish()
    }
}
