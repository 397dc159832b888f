//! The children of a group: the interface between the poll loop and the collections that store
//! them.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use runtime_core::unwinding::poll_or_drop;

use super::growing_wake_set::{ChildSlot, GrowingWakeSet};

/// Implemented by each collection that stores the children of a group, and turns their outputs into
/// the group's output.
///
/// Each child is in a numbered *slot*, which also holds the child's waker. A slot may be used by
/// several children, one after the other. The slot keeps its waker (and, in a sequence, its box)
/// from one child to the next, so that a group with a limit allocates once per slot and not once
/// per child. That is why the collections have their own free lists instead of the slab of
/// `runtime-core`, which drops the contents of a freed slot. The slab's generations are not needed
/// here, because a stale waker only costs the slot's present child one needless poll.
pub trait Children {
    /// The combinator's name, for panic messages.
    const NAME: &'static str;
    /// The output of the group.
    type Output;
    /// Returns the minimum number of children, and the maximum number if it is known.
    fn size_hint(&self) -> (usize, Option<usize>);
    /// Returns how many children were started and have not finished.
    fn running(&self) -> usize;
    /// Puts the next child into a free slot or, if there is none, into a new slot after the others.
    fn start(self: Pin<&mut Self>) -> NextChild;
    /// Polls the child in a slot, if there is one, and drops it if it has finished. Returns `Break`
    /// with the group's output if the child's output decides it. `wake_set` makes the slot's waker
    /// when the slot is first polled.
    fn poll_child(
        self: Pin<&mut Self>,
        slot: ChildSlot,
        wake_set: &mut GrowingWakeSet,
    ) -> ControlFlow<Self::Output>;
    /// Takes the output of a group whose children have all finished.
    fn finish(self: Pin<&mut Self>) -> Self::Output;
}

/// Children in a box.
impl<C: Children> Children for Pin<Box<C>> {
    const NAME: &'static str = C::NAME;
    type Output = C::Output;

    fn size_hint(&self) -> (usize, Option<usize>) {
        C::size_hint(self)
    }

    fn running(&self) -> usize {
        C::running(self)
    }

    fn start(self: Pin<&mut Self>) -> NextChild {
        self.as_deref_mut().start()
    }

    fn poll_child(
        self: Pin<&mut Self>,
        slot: ChildSlot,
        wake_set: &mut GrowingWakeSet,
    ) -> ControlFlow<C::Output> {
        self.as_deref_mut().poll_child(slot, wake_set)
    }

    fn finish(self: Pin<&mut Self>) -> C::Output {
        self.as_deref_mut().finish()
    }
}

/// The result of [`Children::start`].
#[derive(Debug)]
pub enum NextChild {
    /// The child is in this slot, and was not polled yet.
    InSlot(ChildSlot),
    /// No child can be started in this poll; a later poll may start one.
    NotNow,
    /// There are no more children.
    NoMore,
}

/// Polls a child, unless it was dropped already, and drops it if it has finished.
///
/// The child's output is lost if its destructor panics. A child whose poll panics is dropped while
/// that panic unwinds.
pub(super) fn poll_and_drop<F: Future>(
    mut child: Pin<&mut Option<F>>,
    waker: &Waker,
) -> Poll<F::Output> {
    if child.is_none() {
        return Poll::Pending;
    }
    let mut cx = Context::from_waker(waker);
    let Poll::Ready(output) = poll_or_drop(child.as_mut(), &mut cx) else {
        return Poll::Pending;
    };
    child.set(None);
    Poll::Ready(output)
}
