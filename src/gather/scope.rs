//! Children that come while others run, and borrow from outside: [`scope`].
//!
//! The children live in the scope's future, which alone polls and drops them. A [`Scope`] is only a
//! way to it: spawning leaves the child in a shared place, cancelling leaves a mark there, and the
//! future looks at both when it is polled. So a `Scope` that a child holds does not hold the child,
//! except between spawning and the next poll; and the future, when it ends or is dropped, empties
//! that place and closes it. Nothing is left that could hold itself.
//!
//! What happens to a scope while it is not polled rings its *bell*: a waker of the group's, of a
//! slot that has no child.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::engine::Gather;
use super::nursery::{BELL, Nursery};
use super::roster::Roster;
use super::scoped_handle::{ScopedHandle, report};

/// Runs a body and the children that it spawns, concurrently, within the awaiting task.
///
/// The body is given a [`Scope`] to spawn with. Children may borrow whatever lives outside the
/// scope, need not be `Send`, and may hold a clone of the `Scope` to spawn siblings. The future is
/// ready when the body and all children have finished, and yields what the body yielded, as
/// `std::thread::scope` does for threads.
///
/// The scope belongs to one task, so its future is not `Send`. Use [`gather`](super::gather()) for
/// children that are known beforehand.
///
/// # Examples
///
/// ```
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # fn now<T>(future: impl Future<Output = T>) -> T {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => panic!("the example waits"),
/// #     }
/// # }
/// use aside::scope;
/// use std::cell::Cell;
///
/// let words = [String::from("from"), String::from("outside")];
/// let letters = Cell::new(0);
/// let (words, letters) = (&words, &letters);
/// now(scope(|scope| async move {
///     for word in words {
///         scope.spawn(async move { letters.set(letters.get() + word.len()) });
///     }
/// }));
/// assert_eq!(letters.get(), 11);
/// ```
///
/// # Panics
///
/// A panic of the body, or of a child, goes at once through the poll of the scope's future; a
/// destructor of a finished child counts as the child. The scope has then ended: the other children
/// are dropped when its future is, and polling it again panics, as it does after completion.
///
/// # Cancel safety
///
/// Dropping the future drops the body and all children.
pub fn scope<'env, F, Fut>(body: F) -> ScopeFuture<'env, Fut>
where
    F: FnOnce(Scope<'env>) -> Fut,
    Fut: Future,
{
    let mut roster = Roster::new(0);
    let shared = Rc::new(Shared {
        phase: Cell::new(Phase::Idle),
        spawned: RefCell::new(Vec::new()),
        cancelled: Cell::new(false),
        bell: roster.waker(BELL),
    });
    // Before the body is called: should it spawn and panic, the end still empties the place.
    let end = End { shared: Rc::clone(&shared) };
    let body = body(Scope { shared: Rc::clone(&shared) });
    ScopeFuture { group: Gather::with_roster(Nursery::new(end, body), roster), shared }
}

/// The way to a scope, for spawning into it: see [`scope`].
///
/// Cheap to clone. It may outlive the scope, and then refuses what is spawned.
#[derive(Clone)]
pub struct Scope<'env> {
    shared: Rc<Shared<'env>>,
}

/// What a scope's future shares with everybody who can spawn.
pub(super) struct Shared<'env> {
    phase: Cell<Phase>,
    /// Children not yet taken by the scope's poll, in the order they were spawned.
    pub(super) spawned: RefCell<Vec<Child<'env>>>,
    /// The scope is to drop the children it has.
    pub(super) cancelled: Cell<bool>,
    /// Makes sure that the scope is polled.
    pub(super) bell: Waker,
}

pub(super) type Child<'env> = Pin<Box<dyn Future<Output = ()> + 'env>>;

/// Where in its life a scope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not being polled: who changes something rings the bell.
    Idle,
    /// Being polled: it looks for changes before it returns.
    Polled,
    /// Finished, panicked, or dropped: nothing is accepted any more.
    Ended,
}

impl<'env> Scope<'env> {
    /// Adds a child to the scope.
    ///
    /// It is first polled in the poll of the scope that is under way if the body spawned it, or a
    /// child that was there before this poll; else in the next. If the scope has ended, the future
    /// is dropped at once and the handle yields [`Cancelled`](super::Cancelled).
    pub fn spawn<F>(&self, future: F) -> ScopedHandle<F::Output>
    where
        F: Future + 'env,
    {
        let (reporter, handle) = report();
        let child = Box::pin(async move {
            let output = future.await;
            reporter.finish(output);
        });
        match self.shared.phase.get() {
            Phase::Ended => drop(child),
            Phase::Polled => self.shared.spawned.borrow_mut().push(child),
            Phase::Idle => {
                self.shared.spawned.borrow_mut().push(child);
                self.shared.bell.wake_by_ref();
            }
        }
        handle
    }

    /// Drops the children that were spawned so far and have not finished; their handles yield
    /// [`Cancelled`](super::Cancelled).
    ///
    /// The body is not a child, and goes on; so does the scope, which accepts new children. None of
    /// the old ones is polled again: a child that cancels its own scope ends at its next `.await`
    /// that waits. They are dropped before the poll of the scope that is under way returns, or
    /// during the next one if none is.
    ///
    /// # Panics
    ///
    /// If the destructor of a child panics that was spawned since the scope was last polled; those
    /// of the others panic in the poll of the scope.
    pub fn cancel(&self) {
        self.shared.cancelled.set(true);
        let unseen = self.shared.spawned.take();
        if self.shared.phase.get() == Phase::Idle {
            self.shared.bell.wake_by_ref();
        }
        drop(unseen);
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scope").field(&self.shared.phase.get()).finish()
    }
}

/// Ends a scope when dropped: closes it, then drops the children it has not seen yet.
pub(super) struct End<'env> {
    pub(super) shared: Rc<Shared<'env>>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.shared.phase.set(Phase::Ended);
        drop(self.shared.spawned.take());
    }
}

pin_project! {
    /// The future of a [`scope`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the body and all children.
    #[must_use = "futures do nothing unless you `.await` them"]
    pub struct ScopeFuture<'env, Fut>
    where
        Fut: Future,
    {
        #[pin]
        group: Gather<Nursery<'env, Fut, Fut::Output>>,
        shared: Rc<Shared<'env>>,
    }
}

impl<Fut: Future> Future for ScopeFuture<'_, Fut> {
    type Output = Fut::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fut::Output> {
        let this = self.project();
        let polled = Polled::begin(this.shared);
        let poll = this.group.poll(cx);
        if poll.is_pending() {
            polled.go_on();
        }
        poll
    }
}

impl<Fut: Future> fmt::Debug for ScopeFuture<'_, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopeFuture").field(&self.group).finish()
    }
}

/// A poll of the scope. The scope ends with it, by a panic or its output, unless told to go on.
struct Polled<'a> {
    phase: &'a Cell<Phase>,
    after: Phase,
}

impl<'a> Polled<'a> {
    fn begin(shared: &'a Shared<'_>) -> Self {
        shared.phase.set(Phase::Polled);
        Self { phase: &shared.phase, after: Phase::Ended }
    }

    fn go_on(mut self) {
        self.after = Phase::Idle;
    }
}

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        self.phase.set(self.after);
    }
}
