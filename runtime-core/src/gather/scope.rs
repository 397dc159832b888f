//! Children that come while others run, and borrow from outside: [`scope`].
//!
//! The children live in the scope's future, which alone polls and drops them. A [`Scope`] is only a
//! way to it: spawning leaves the child in a shared place, cancelling leaves a mark there, and the
//! future looks at both when it is polled. So a `Scope` that a child holds does not hold the child,
//! except between spawning and the next poll; and the future, when it ends or is dropped, empties
//! that place and closes it. Nothing is left that could hold itself.
//!
//! The slots of the group (see the engine): slot 0 is the *bell*, which has no child and is rung by
//! what happens to the scope while it is not polled; slot 1 is the body; the others are children.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::vec;

use pin_project_lite::pin_project;

use super::engine::{Children, Gather, Start, poll_and_drop};
use super::roster::Roster;
use super::scoped_handle::{ScopedHandle, report};

const BELL: usize = 0;
const BODY: usize = 1;
const FIRST_CHILD: usize = 2;

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
/// use runtime_core::gather::scope;
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
struct Shared<'env> {
    phase: Cell<Phase>,
    /// Children not yet taken by the scope's poll, in the order they were spawned.
    spawned: RefCell<Vec<Child<'env>>>,
    /// The scope is to drop the children it has.
    cancelled: Cell<bool>,
    /// The waker of slot 0.
    bell: Waker,
}

type Child<'env> = Pin<Box<dyn Future<Output = ()> + 'env>>;

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
        if self.shared.phase.get() == Phase::Ended {
            return;
        }
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
struct End<'env> {
    shared: Rc<Shared<'env>>,
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

pin_project! {
    /// The body and the children of a scope.
    pub struct Nursery<'env, Fut, T> {
        // First, so that the destructors of the children find the scope closed.
        end: End<'env>,
        seats: Vec<Seat<'env>>,
        // The seats whose child is gone.
        free: Vec<usize>,
        // What was spawned until this poll began to start children, and is not yet seated.
        batch: vec::IntoIter<Child<'env>>,
        filling: Filling,
        // Children in seats, and the body.
        running: usize,
        body_waker: Option<Waker>,
        #[pin]
        body: Option<Fut>,
        output: Option<T>,
    }
}

/// A place for one child at a time.
struct Seat<'env> {
    /// Made at the first poll of the first child here, and kept for all.
    waker: Option<Waker>,
    child: Option<Child<'env>>,
}

/// How far the scope's poll has come with starting children.
#[derive(Debug, Clone, Copy)]
enum Filling {
    /// The body is to be started.
    Body,
    /// What was spawned is to be collected.
    Collect,
    /// What was collected is to be started; what is spawned by it waits for the next poll.
    Batch,
}

impl<'env, Fut, T> Nursery<'env, Fut, T> {
    fn new(end: End<'env>, body: Fut) -> Self {
        Self {
            end,
            seats: Vec::new(),
            free: Vec::new(),
            batch: Vec::new().into_iter(),
            filling: Filling::Body,
            running: 0,
            body_waker: None,
            body: Some(body),
            output: None,
        }
    }
}

impl<Fut: Future> Children for Nursery<'_, Fut, Fut::Output> {
    const NAME: &'static str = "scope";
    type Output = Fut::Output;

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, None)
    }

    fn running(&self) -> usize {
        self.running
    }

    fn start(self: Pin<&mut Self>) -> Start {
        let this = self.project();
        let shared = &this.end.shared;
        match *this.filling {
            Filling::Body => {
                *this.filling = Filling::Collect;
                *this.running += 1;
                return Start::Slot(BODY);
            }
            Filling::Collect => {
                *this.filling = Filling::Batch;
                *this.batch = shared.spawned.take().into_iter();
            }
            Filling::Batch => {}
        }
        if let Some(child) = this.batch.next() {
            *this.running += 1;
            return Start::Slot(FIRST_CHILD + seat(this.seats, this.free, child));
        }
        *this.filling = Filling::Collect;
        if shared.spawned.borrow().is_empty() {
            return Start::NoMore;
        }
        shared.bell.wake_by_ref();
        Start::NotNow
    }

    fn poll_child(
        mut self: Pin<&mut Self>,
        slot: usize,
        roster: &mut Roster,
    ) -> ControlFlow<Fut::Output> {
        let this = self.as_mut().project();
        if slot == BODY {
            let waker = this.body_waker.get_or_insert_with(|| roster.waker(slot));
            if let Poll::Ready(output) = poll_and_drop(this.body, waker) {
                *this.running -= 1;
                *this.output = Some(output);
            }
        } else if let Some(index) = slot.checked_sub(FIRST_CHILD) {
            let Seat { waker, child } = &mut this.seats[index];
            let waker = waker.get_or_insert_with(|| roster.waker(slot));
            if poll_and_drop(Pin::new(child), waker).is_ready() {
                *this.running -= 1;
                this.free.push(index);
            }
        }
        self.drop_cancelled();
        ControlFlow::Continue(())
    }

    fn finish(self: Pin<&mut Self>) -> Fut::Output {
        self.project().output.take().expect("the body has finished")
    }
}

impl<Fut, T> Nursery<'_, Fut, T> {
    /// Drops the children, if that was asked for; a destructor may ask for it again.
    fn drop_cancelled(self: Pin<&mut Self>) {
        let this = self.project();
        while this.end.shared.cancelled.take() {
            drop(mem::take(this.batch));
            for (index, seat) in this.seats.iter_mut().enumerate() {
                if let Some(child) = seat.child.take() {
                    *this.running -= 1;
                    this.free.push(index);
                    drop(child);
                }
            }
        }
    }
}

/// Puts a child into a free seat, or a new one.
fn seat<'env>(seats: &mut Vec<Seat<'env>>, free: &mut Vec<usize>, child: Child<'env>) -> usize {
    if let Some(index) = free.pop() {
        seats[index].child = Some(child);
        return index;
    }
    seats.push(Seat { waker: None, child: Some(child) });
    seats.len() - 1
}
