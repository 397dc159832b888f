//! The children of a scope, and its body: the third kind of group (see the engine).
//!
//! Slot 0 is the scope's bell, which has no child; slot 1 is the body; the others are children,
//! each in the box it was spawned with.

use std::future::Future;
use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::vec;

use pin_project_lite::pin_project;

use super::engine::{Children, Start, poll_and_drop};
use super::roster::Roster;
use super::scope::{Child, End};

/// The slot whose waker makes the scope look for what was spawned or cancelled.
pub(super) const BELL: usize = 0;
const BODY: usize = 1;
const FIRST_CHILD: usize = 2;

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
    pub(super) fn new(end: End<'env>, body: Fut) -> Self {
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
