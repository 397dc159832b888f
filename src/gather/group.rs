//! [`Gather`]: the poll loop of all groups. The steps G4 to G7 are described in the parent module.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use runtime_core::budget;

use super::children::{Children, NextChild};
use super::growing_wake_set::GrowingWakeSet;

pin_project! {
    /// The future of a group of concurrent children. [`gather`](crate::gather::gather()),
    /// [`try_gather`](crate::gather::try_gather), [`race`](crate::gather::race()) and
    /// [`first_ok`](crate::gather::first_ok) return it.
    ///
    /// Does nothing until it is awaited.
    ///
    /// # Cancel safety
    ///
    /// Dropping the group drops every child, started or not, exactly once. Outputs of finished
    /// children are lost.
    ///
    /// # Panics
    ///
    /// A panic of a child propagates at once through the poll of the group. That child is dropped
    /// while the panic unwinds, and the other children are dropped with the group. A panic of a
    /// finished child's destructor, or of the iterator that yields the children, counts as a panic
    /// of a child. Polling the group again after such a panic, or after its completion, panics.
    #[must_use = "futures do nothing unless you `.await` them"]
    pub struct Gather<C> {
        // Dropped before the children, so that the children's destructors cannot wake the task.
        wake_set: GrowingWakeSet,
        limit: usize,
        state: GroupState,
        // `None` as soon as the output is known.
        #[pin]
        children: Option<C>,
    }
}

/// Says whether a group may be polled.
#[derive(Debug, Clone, Copy)]
enum GroupState {
    Running,
    /// The output was returned.
    Finished,
    /// User code panicked within a poll, or the poll is under way.
    Broken,
}

impl<C: Children> Gather<C> {
    pub(super) fn new(children: C) -> Self {
        let wake_set = GrowingWakeSet::new(children.size_hint().0);
        Self::with_wake_set(children, wake_set)
    }

    /// Makes a group with a given wake set, for children that need wakers before the first poll.
    pub(super) fn with_wake_set(children: C, wake_set: GrowingWakeSet) -> Self {
        Self { wake_set, limit: usize::MAX, state: GroupState::Running, children: Some(children) }
    }

    /// Runs at most `children_max` children at a time.
    ///
    /// Once that many children run, the next one is started (and taken from an iterator) only when
    /// another child has finished. The outputs keep the order of the children.
    ///
    /// # Panics
    ///
    /// If `children_max` is zero: no child would ever be started.
    ///
    /// # Examples
    ///
    /// ```
    /// aside::run(async {
    ///     let pages = (1..=100).map(|page| async move { page * 2 });
    ///     let doubled = aside::gather(pages).limit(8).await;
    ///     assert_eq!(doubled[..3], [2, 4, 6]);
    /// });
    /// ```
    #[track_caller]
    #[doc(alias("buffered", "buffer_unordered", "Semaphore"))]
    pub fn limit(mut self, children_max: usize) -> Self {
        assert!(children_max > 0, "a limit of zero children would never start one");
        self.limit = children_max;
        self.wake_set.limit(children_max);
        self
    }
}

impl<C: Children> Future for Gather<C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let mut this = self.project();
        this.state.assert_running(C::NAME);
        ready!(budget::poll_available(cx));
        // G4, G5.
        this.wake_set.attend(cx.waker());
        // The state stays `Broken` if user code panics from here on.
        *this.state = GroupState::Broken;
        let children = this.children.as_mut().as_pin_mut().expect("a running group has children");
        match poll_children(children, this.wake_set, *this.limit, cx) {
            ControlFlow::Continue(()) => {
                *this.state = GroupState::Running;
                // G7.
                this.wake_set.leave(cx.waker());
                Poll::Pending
            }
            ControlFlow::Break(output) => {
                // Later wakes must not reach the task, not even wakes by destructors that run now.
                *this.wake_set = GrowingWakeSet::new(0);
                this.children.set(None);
                *this.state = GroupState::Finished;
                budget::spend();
                Poll::Ready(output)
            }
        }
    }
}

/// Step G6: polls the woken children, then starts new ones.
///
/// A child that is ready at its first poll spends a unit of the task's budget, whatever it has
/// awaited. When the budget is used up, the next poll continues, because an iterator may yield
/// children without end. But each poll starts a child if the limit allows, and each child that is
/// polled may complete an operation, so no child keeps its siblings from proceeding.
fn poll_children<C: Children>(
    mut children: Pin<&mut C>,
    wake_set: &mut GrowingWakeSet,
    limit: usize,
    cx: &Context<'_>,
) -> ControlFlow<C::Output> {
    while let Some(slot) = wake_set.next_woken() {
        budget::leave_one();
        children.as_mut().poll_child(slot, wake_set)?;
    }
    let mut has_started = false;
    loop {
        let running = children.running();
        if running >= limit {
            break;
        }
        if budget::is_used_up() {
            if has_started {
                cx.waker().wake_by_ref();
                break;
            }
            budget::leave_one();
        }
        has_started = true;
        match children.as_mut().start() {
            NextChild::InSlot(slot) => {
                children.as_mut().poll_child(slot, wake_set)?;
                if children.running() <= running {
                    budget::spend();
                }
            }
            NextChild::NotNow => break,
            NextChild::NoMore if running > 0 => break,
            NextChild::NoMore => return ControlFlow::Break(children.finish()),
        }
    }
    ControlFlow::Continue(())
}

impl GroupState {
    fn assert_running(self, name: &str) {
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
