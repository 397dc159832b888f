//! The children of a scope, and its body.
//!
//! Slot 0 belongs to the scope itself and has no child. Slot 1 is for the body. The other slots
//! hold children, each in the box in which it was spawned.

use std::future::Future;
use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::vec;

use pin_project_lite::pin_project;

use super::children::{Children, NextChild, poll_and_drop};
use super::growing_wake_set::{ChildSlot, GrowingWakeSet};
use super::scope_state::{BoxedChild, ScopeEnd};

/// The slot whose waker makes the scope look for spawned children and for a cancellation.
pub(super) const SCOPE_SLOT: ChildSlot = ChildSlot(0);
const BODY_SLOT: ChildSlot = ChildSlot(1);
const FIRST_CHILD: usize = 2;

pin_project! {
    /// The body and the children of a scope.
    pub struct ScopeChildren<'env, Fut, T> {
        // Dropped first, so that the destructors of the children find that the scope has ended.
        end: ScopeEnd<'env>,
        slots: Vec<ScopeSlot<'env>>,
        // The slots without a child.
        free: Vec<usize>,
        // Spawned children that this poll has taken and that have no slot yet.
        batch: vec::IntoIter<BoxedChild<'env>>,
        starting: Starting,
        // The number of children in slots, plus one while the body runs.
        running: usize,
        body_waker: Option<Waker>,
        // In a box, so that the scope's own future is small, however large the body is.
        body: Option<Pin<Box<Fut>>>,
        output: Option<T>,
    }
}

/// Holds one child at a time.
struct ScopeSlot<'env> {
    /// Made at the first poll of the slot's first child, and kept for all later children.
    waker: Option<Waker>,
    child: Option<BoxedChild<'env>>,
}

/// The next thing that the scope's poll starts.
#[derive(Debug, Clone, Copy)]
enum Starting {
    /// The body.
    Body,
    /// A new batch: all spawned children that no poll has taken yet.
    NewBatch,
    /// The rest of the batch. Children that are spawned by the batch's children wait for the next
    /// poll.
    Batch,
}

impl<'env, Fut, T> ScopeChildren<'env, Fut, T> {
    pub(super) fn new(end: ScopeEnd<'env>, body: Pin<Box<Fut>>) -> Self {
        Self {
            end,
            slots: Vec::new(),
            free: Vec::new(),
            batch: Vec::new().into_iter(),
            starting: Starting::Body,
            running: 0,
            body_waker: None,
            body: Some(body),
            output: None,
        }
    }
}

impl<Fut: Future> Children for ScopeChildren<'_, Fut, Fut::Output> {
    const NAME: &'static str = "scope";
    type Output = Fut::Output;

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, None)
    }

    fn running(&self) -> usize {
        self.running
    }

    fn start(self: Pin<&mut Self>) -> NextChild {
        let this = self.project();
        let state = &this.end.state;
        match *this.starting {
            Starting::Body => {
                *this.starting = Starting::NewBatch;
                *this.running += 1;
                return NextChild::InSlot(BODY_SLOT);
            }
            Starting::NewBatch => {
                *this.starting = Starting::Batch;
                *this.batch = state.spawned.take().into_iter();
            }
            Starting::Batch => {}
        }
        if let Some(child) = this.batch.next() {
            *this.running += 1;
            let index = insert(this.slots, this.free, child);
            return NextChild::InSlot(ChildSlot(FIRST_CHILD + index));
        }
        *this.starting = Starting::NewBatch;
        if state.spawned.borrow().is_empty() {
            return NextChild::NoMore;
        }
        state.waker.wake_by_ref();
        NextChild::NotNow
    }

    fn poll_child(
        mut self: Pin<&mut Self>,
        slot: ChildSlot,
        wake_set: &mut GrowingWakeSet,
    ) -> ControlFlow<Fut::Output> {
        let this = self.as_mut().project();
        if slot == BODY_SLOT {
            let waker = this.body_waker.get_or_insert_with(|| wake_set.waker(slot));
            if let Poll::Ready(output) = poll_and_drop(Pin::new(this.body), waker) {
                *this.running -= 1;
                *this.output = Some(output);
            }
        } else if let Some(index) = slot.0.checked_sub(FIRST_CHILD) {
            let ScopeSlot { waker, child } = &mut this.slots[index];
            let waker = waker.get_or_insert_with(|| wake_set.waker(slot));
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

impl<Fut, T> ScopeChildren<'_, Fut, T> {
    /// Drops the children if the scope was cancelled. Their destructors may cancel the scope again.
    fn drop_cancelled(self: Pin<&mut Self>) {
        let this = self.project();
        while this.end.state.cancelled.take() {
            drop(mem::take(this.batch));
            for (index, slot) in this.slots.iter_mut().enumerate() {
                if let Some(child) = slot.child.take() {
                    *this.running -= 1;
                    this.free.push(index);
                    drop(child);
                }
            }
        }
    }
}

/// Puts a child into a free slot, or a new one.
fn insert<'env>(
    slots: &mut Vec<ScopeSlot<'env>>,
    free: &mut Vec<usize>,
    child: BoxedChild<'env>,
) -> usize {
    if let Some(index) = free.pop() {
        slots[index].child = Some(child);
        return index;
    }
    slots.push(ScopeSlot { waker: None, child: Some(child) });
    slots.len() - 1
}
