//! The children of a group: the interface between the poll loop and the collections that store
//! them.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

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
/// The child's output is lost if its destructor panics.
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
