//! [`Sequence`]: children of one type, from a vector, an array or an iterator. Each child is in a
//! box of its own. The kept outputs are in one vector.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::{array, vec};

use pin_project_lite::pin_project;

use super::children::{Children, NextChild, poll_and_drop};
use super::growing_wake_set::{ChildSlot, GrowingWakeSet};
use super::into_gather::{IntoGather, OutputOf, marker};
use super::outcome::{Finish, Outcome};

/// The children of a sequence.
///
/// `I` yields the futures `F`. `V` says what an output means for the group. `K` is the part of an
/// output that is kept. `S` says in which kind of collection the kept outputs are returned.
pub struct Sequence<I, F, K, V, S> {
    /// Yields the children that are not yet started. Dropped as soon as it is exhausted.
    source: Option<I>,
    /// A slot's box outlives its child, and is used again for the slot's next child.
    slots: Vec<Pin<Box<SequenceSlot<F>>>>,
    /// The slots whose child has finished, as long as the source may yield more children.
    free: Vec<usize>,
    running: usize,
    /// The kept outputs: one entry for each started child, in the order of the source.
    kept: Vec<Option<K>>,
    outcome: PhantomData<(V, S)>,
}

pin_project! {
    /// Holds one child at a time.
    struct SequenceSlot<F> {
        // Made at the first poll of the slot's first child, and kept for all later children.
        waker: Option<Waker>,
        // The index of the child in the source.
        position: usize,
        #[pin]
        child: Option<F>,
    }
}

/// Only the children are pinned, in their boxes.
impl<I, F, K, V, S> Unpin for Sequence<I, F, K, V, S> {}

impl<I, F, K, V, S> Sequence<I, F, K, V, S> {
    fn new(source: I) -> Self {
        Self {
            source: Some(source),
            slots: Vec::new(),
            free: Vec::new(),
            running: 0,
            kept: Vec::new(),
            outcome: PhantomData,
        }
    }

    /// Puts a child into a free slot, or a new one. The child is `Some`: it stays in its `Option`,
    /// because a large child should be moved as few times as possible.
    fn insert(&mut self, child: Option<F>) -> usize {
        let position = self.kept.len();
        self.kept.push(None);
        self.running += 1;
        if let Some(slot) = self.free.pop() {
            let mut place = self.slots[slot].as_mut().project();
            place.child.set(child);
            *place.position = position;
            return slot;
        }
        self.slots.push(Box::pin(SequenceSlot { waker: None, position, child }));
        self.slots.len() - 1
    }
}

impl<I, F, K, V, S, D> Children for Sequence<I, F, K, V, S>
where
    I: Iterator<Item = F>,
    F: Future,
    S: OutputCollection<K>,
    V: Outcome<OutputOf<F>, Kept = K, Decision = D> + Finish<S::Whole, D>,
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

    fn start(mut self: Pin<&mut Self>) -> NextChild {
        let Some(source) = &mut self.source else {
            return NextChild::NoMore;
        };
        let child = source.next();
        if child.is_none() {
            self.source = None;
            return NextChild::NoMore;
        }
        NextChild::InSlot(ChildSlot(self.insert(child)))
    }

    fn poll_child(
        mut self: Pin<&mut Self>,
        slot: ChildSlot,
        wake_set: &mut GrowingWakeSet,
    ) -> ControlFlow<V::Output> {
        let this = &mut *self;
        let place = this.slots[slot.0].as_mut().project();
        let waker = place.waker.get_or_insert_with(|| wake_set.waker(slot));
        let Poll::Ready(output) = poll_and_drop(place.child, waker) else {
            return ControlFlow::Continue(());
        };
        this.running -= 1;
        if this.source.is_some() {
            this.free.push(slot.0);
        }
        match V::of(output) {
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

/// The kind of collection in which a sequence returns its outputs.
pub trait OutputCollection<K> {
    /// The collection.
    type Whole;
    /// Collects the outputs, none of which is `None`.
    fn assemble(kept: Vec<Option<K>>) -> Self::Whole;
}

/// Marks a sequence that returns its outputs in a vector.
#[derive(Debug)]
pub enum InVector {}

impl<K> OutputCollection<K> for InVector {
    type Whole = Vec<K>;
    fn assemble(kept: Vec<Option<K>>) -> Vec<K> {
        kept.into_iter().map(unwrap_kept).collect()
    }
}

/// Marks a sequence that returns its outputs in an array as long as the array of children.
#[derive(Debug)]
pub enum InArray<const N: usize> {}

impl<K, const N: usize> OutputCollection<K> for InArray<N> {
    type Whole = [K; N];
    fn assemble(kept: Vec<Option<K>>) -> [K; N] {
        let mut kept = kept.into_iter();
        array::from_fn(|_| unwrap_kept(kept.next().flatten()))
    }
}

fn unwrap_kept<K>(kept: Option<K>) -> K {
    kept.expect("every child has finished, and none has decided")
}

impl<I, V, D> IntoGather<marker::Iterators, V> for I
where
    I: Iterator,
    I::Item: Future,
    V: Outcome<OutputOf<I::Item>, Decision = D> + Finish<Vec<V::Kept>, D>,
{
    type Children = Sequence<I, I::Item, V::Kept, V, InVector>;
    fn into_children(self) -> Self::Children {
        Sequence::new(self)
    }
}

impl<F, V, D> IntoGather<marker::Vectors, V> for Vec<F>
where
    F: Future,
    V: Outcome<F::Output, Decision = D> + Finish<Vec<V::Kept>, D>,
{
    type Children = Sequence<vec::IntoIter<F>, F, V::Kept, V, InVector>;
    fn into_children(self) -> Self::Children {
        Sequence::new(self.into_iter())
    }
}

impl<F, V, D, const N: usize> IntoGather<marker::Arrays, V> for [F; N]
where
    F: Future,
    V: Outcome<F::Output, Decision = D> + Finish<[V::Kept; N], D>,
{
    type Children = Sequence<vec::IntoIter<F>, F, V::Kept, V, InArray<N>>;
    fn into_children(self) -> Self::Children {
        // A vector, because the group's future would otherwise be as large as all its children.
        let children: Box<[F]> = Box::new(self);
        Sequence::new(children.into_vec().into_iter())
    }
}
