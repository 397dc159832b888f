//! Children of one type, from a vector, an array or an iterator: each in a box of its own, their
//! outputs in one vector.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::{array, vec};

use pin_project_lite::pin_project;

use super::engine::{Children, Start, poll_and_drop};
use super::into_gather::{IntoGather, OutputOf, marker};
use super::roster::Roster;
use super::verdict::{Conclude, Verdict};

/// The children of a sequence.
///
/// `I` yields them, each an `F`; of their outputs a `K` is kept; `V` is the verdict and `S` the
/// shape of the result.
pub struct Sequence<I, F, K, V, S> {
    /// Who yields the children not yet started; dropped as soon as it has no more.
    source: Option<I>,
    /// The box outlives the child, and is used for the next one in this slot.
    slots: Vec<Pin<Box<Slot<F>>>>,
    /// The slots whose child has finished, while there is a source to fill them.
    free: Vec<usize>,
    running: usize,
    /// One per child started, in the order of the source.
    kept: Vec<Option<K>>,
    verdict: PhantomData<(V, S)>,
}

pin_project! {
    /// A place for one child at a time.
    struct Slot<F> {
        // Made at the first poll of the first child here, and kept for all.
        waker: Option<Waker>,
        // Which of the source's children it is.
        position: usize,
        #[pin]
        child: Option<F>,
    }
}

/// A child is pinned in its box, and nothing else of the sequence is.
impl<I, F, K, V, S> Unpin for Sequence<I, F, K, V, S> {}

impl<I, F, K, V, S> Sequence<I, F, K, V, S> {
    fn new(source: I) -> Self {
        Self {
            source: Some(source),
            slots: Vec::new(),
            free: Vec::new(),
            running: 0,
            kept: Vec::new(),
            verdict: PhantomData,
        }
    }

    /// Puts a child into a free slot, or a new one.
    fn seat(&mut self, child: F) -> usize {
        let position = self.kept.len();
        self.kept.push(None);
        self.running += 1;
        if let Some(slot) = self.free.pop() {
            let mut place = self.slots[slot].as_mut().project();
            place.child.set(Some(child));
            *place.position = position;
            return slot;
        }
        self.slots.push(Box::pin(Slot { waker: None, position, child: Some(child) }));
        self.slots.len() - 1
    }
}

impl<I, F, K, V, S, D> Children for Sequence<I, F, K, V, S>
where
    I: Iterator<Item = F>,
    F: Future,
    S: Shape<K>,
    V: Verdict<OutputOf<F>, Kept = K, Decision = D> + Conclude<S::Whole, D>,
{
    const NAME: &'static str = V::NAME;
    type Output = V::Output;

    fn size_hint(&self) -> (usize, Option<usize>) {
        let started = self.kept.len();
        let (least, most) = self.source.as_ref().map_or((0, Some(0)), I::size_hint);
        (least.saturating_add(started), most.and_then(|most| most.checked_add(started)))
    }

    fn running(&self) -> usize {
        self.running
    }

    fn start(mut self: Pin<&mut Self>) -> Start {
        let Some(source) = &mut self.source else {
            return Start::NoMore;
        };
        match source.next() {
            Some(child) => Start::Slot(self.seat(child)),
            None => {
                self.source = None;
                Start::NoMore
            }
        }
    }

    fn poll_child(
        mut self: Pin<&mut Self>,
        slot: usize,
        roster: &mut Roster,
    ) -> ControlFlow<V::Output> {
        let this = &mut *self;
        let place = this.slots[slot].as_mut().project();
        let waker = place.waker.get_or_insert_with(|| roster.waker(slot));
        let Poll::Ready(output) = poll_and_drop(place.child, waker) else {
            return ControlFlow::Continue(());
        };
        this.running -= 1;
        if this.source.is_some() {
            this.free.push(slot);
        }
        match V::judge(output) {
            ControlFlow::Continue(kept) => {
                this.kept[*place.position] = Some(kept);
                ControlFlow::Continue(())
            }
            ControlFlow::Break(decision) => ControlFlow::Break(V::decided(decision)),
        }
    }

    fn finish(mut self: Pin<&mut Self>) -> V::Output {
        V::all_kept(S::assemble(std::mem::take(&mut self.kept)))
    }
}

impl<I, F, K, V, S> fmt::Debug for Sequence<I, F, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequence").field("running", &self.running).finish_non_exhaustive()
    }
}

/// What the outputs of a sequence are put into.
pub trait Shape<K> {
    /// All of them.
    type Whole;
    /// Takes them out of their options, none of which is empty.
    fn assemble(kept: Vec<Option<K>>) -> Self::Whole;
}

/// A vector, of as many as there were children.
#[derive(Debug)]
pub enum Listed {}

impl<K> Shape<K> for Listed {
    type Whole = Vec<K>;
    fn assemble(kept: Vec<Option<K>>) -> Vec<K> {
        kept.into_iter().map(kept_by_now).collect()
    }
}

/// An array, of as many as the array of children had.
#[derive(Debug)]
pub enum Fixed<const N: usize> {}

impl<K, const N: usize> Shape<K> for Fixed<N> {
    type Whole = [K; N];
    fn assemble(kept: Vec<Option<K>>) -> [K; N] {
        let mut kept = kept.into_iter();
        array::from_fn(|_| kept_by_now(kept.next().flatten()))
    }
}

fn kept_by_now<K>(kept: Option<K>) -> K {
    kept.expect("every child has finished, and none has decided")
}

impl<I, V, D> IntoGather<marker::Iterators, V> for I
where
    I: Iterator,
    I::Item: Future,
    V: Verdict<OutputOf<I::Item>, Decision = D> + Conclude<Vec<V::Kept>, D>,
{
    type Children = Sequence<I, I::Item, V::Kept, V, Listed>;
    fn into_children(self) -> Self::Children {
        Sequence::new(self)
    }
}

impl<F, V, D> IntoGather<marker::Vectors, V> for Vec<F>
where
    F: Future,
    V: Verdict<F::Output, Decision = D> + Conclude<Vec<V::Kept>, D>,
{
    type Children = Sequence<vec::IntoIter<F>, F, V::Kept, V, Listed>;
    fn into_children(self) -> Self::Children {
        Sequence::new(self.into_iter())
    }
}

impl<F, V, D, const N: usize> IntoGather<marker::Arrays, V> for [F; N]
where
    F: Future,
    V: Verdict<F::Output, Decision = D> + Conclude<[V::Kept; N], D>,
{
    type Children = Sequence<array::IntoIter<F, N>, F, V::Kept, V, Fixed<N>>;
    fn into_children(self) -> Self::Children {
        Sequence::new(self.into_iter())
    }
}
