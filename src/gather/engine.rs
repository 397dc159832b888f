//! The one poll loop of all groups.
//!
//! A group is its children (a [`Children`]: a tuple, a sequence, a scope), their
//! [`Roster`], and a limit. One poll visits the children that were woken, once each, lowest slot
//! first, then starts new ones while there is room, polling each as it starts; then it returns.
//! What a child wakes meanwhile is left for the next poll, before which the loop has its turn.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::roster::Roster;

/// Where the children of a group live, and what their outputs come to.
pub trait Children {
    /// The name that panic messages use.
    const NAME: &'static str;
    /// The output of the group.
    type Output;
    /// How many children there will be at least, and at most if that is known.
    fn size_hint(&self) -> (usize, Option<usize>);
    /// How many were started and are not finished.
    fn running(&self) -> usize;
    /// Puts the next child into a slot: a free one, or the one after all used so far.
    fn start(self: Pin<&mut Self>) -> Start;
    /// Polls the child in a slot, if there is one, and drops it if it has finished. Breaks with the
    /// group's output if that decides. The roster makes the slot's waker at its first poll.
    fn poll_child(
        self: Pin<&mut Self>,
        slot: usize,
        roster: &mut Roster,
    ) -> ControlFlow<Self::Output>;
    /// Takes the output of a group whose children have all finished.
    fn finish(self: Pin<&mut Self>) -> Self::Output;
}

/// What became of the wish to start one more child.
#[derive(Debug)]
pub enum Start {
    /// It is in this slot, not yet polled.
    Slot(usize),
    /// None in this poll, but there may be more.
    NotNow,
    /// There are no more children.
    NoMore,
}

pin_project! {
    /// The future of a group of concurrent children: what [`gather`](crate::gather::gather()),
    /// [`try_gather`](crate::gather::try_gather), [`race`](crate::gather::race()) and
    /// [`first_ok`](crate::gather::first_ok) return.
    ///
    /// Does nothing until it is awaited.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops every child, started or not, exactly once; outputs that were kept are
    /// lost.
    ///
    /// # Panics
    ///
    /// A child that panics panics through the poll of the group, at once. The other children are
    /// dropped when the group is. A destructor of a finished child counts as the child, and so does
    /// the iterator that yields the children. Polling the group again after such a panic, or after
    /// its completion, panics.
    #[must_use = "futures do nothing unless you `.await` them"]
    pub struct Gather<C> {
        // Before the children: what their destructors wake no longer reaches the task.
        roster: Roster,
        limit: usize,
        state: State,
        // Gone as soon as the output is known.
        #[pin]
        children: Option<C>,
    }
}

/// Whether a group may be polled.
#[derive(Debug, Clone, Copy)]
enum State {
    /// It may.
    Running,
    /// Its output was returned.
    Finished,
    /// User code panicked within its poll, or the poll is under way.
    Broken,
}

impl<C: Children> Gather<C> {
    pub(super) fn new(children: C) -> Self {
        let roster = Roster::new(children.size_hint().0);
        Self::with_roster(children, roster)
    }

    /// A group whose children had use for wakers before its first poll.
    pub(super) fn with_roster(children: C, roster: Roster) -> Self {
        Self { roster, limit: usize::MAX, state: State::Running, children: Some(children) }
    }

    /// Lets at most `children_max` children be started and unfinished at a time.
    ///
    /// The next child is started, and an iterator is asked for it, only when there is room. The
    /// outputs keep the order of the children.
    ///
    /// # Panics
    ///
    /// If `children_max` is zero: no child would ever be started.
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
    /// use aside::gather;
    ///
    /// let pages = (1..=100).map(|page| async move { page * 2 });
    /// let doubled = now(gather(pages).limit(8));
    /// assert_eq!(doubled[..3], [2, 4, 6]);
    /// ```
    #[track_caller]
    pub fn limit(mut self, children_max: usize) -> Self {
        assert!(children_max > 0, "a limit of zero children would never start one");
        self.limit = children_max;
        self.roster.limit(children_max);
        self
    }
}

impl<C: Children> Future for Gather<C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let mut this = self.project();
        this.state.check(C::NAME);
        this.roster.attend(cx.waker());
        // What stands if user code panics between here and the way out.
        *this.state = State::Broken;
        let children = this.children.as_mut().as_pin_mut().expect("a running group has children");
        match turn(children, this.roster, *this.limit) {
            ControlFlow::Continue(()) => {
                *this.state = State::Running;
                this.roster.leave(cx.waker());
                Poll::Pending
            }
            ControlFlow::Break(output) => {
                // Late wakes must find nobody, also those of the destructors that run now.
                *this.roster = Roster::new(0);
                this.children.set(None);
                *this.state = State::Finished;
                Poll::Ready(output)
            }
        }
    }
}

/// One poll of a group: who was woken, then who is new.
fn turn<C: Children>(
    mut children: Pin<&mut C>,
    roster: &mut Roster,
    limit: usize,
) -> ControlFlow<C::Output> {
    while let Some(slot) = roster.next_woken() {
        children.as_mut().poll_child(slot, roster)?;
    }
    while children.running() < limit {
        match children.as_mut().start() {
            Start::Slot(slot) => children.as_mut().poll_child(slot, roster)?,
            Start::NotNow => break,
            Start::NoMore if children.running() > 0 => break,
            Start::NoMore => return ControlFlow::Break(children.finish()),
        }
    }
    ControlFlow::Continue(())
}

impl State {
    fn check(self, name: &str) {
        match self {
            Self::Running => {}
            Self::Finished => panic!("{name} polled after completion"),
            Self::Broken => panic!("{name} polled after a child panicked"),
        }
    }
}

impl<C: Children> fmt::Debug for Gather<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(C::NAME)
            .field("state", &self.state)
            .field("running", &self.children.as_ref().map_or(0, C::running))
            .finish_non_exhaustive()
    }
}

/// Polls a child that may be gone, and drops it when it has finished.
///
/// Its output is lost if its destructor panics.
pub(super) fn poll_and_drop<F: Future>(
    mut child: Pin<&mut Option<F>>,
    waker: &Waker,
) -> Poll<F::Output> {
    let Some(future) = child.as_mut().as_pin_mut() else {
        return Poll::Pending;
    };
    let Poll::Ready(output) = future.poll(&mut Context::from_waker(waker)) else {
        return Poll::Pending;
    };
    child.set(None);
    Poll::Ready(output)
}
