//! Children of different types, in a tuple. All are in one box, so that the group's future is
//! small, however large the children are.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Poll, Waker};

use pin_project_lite::pin_project;

use super::children::{Children, NextChild, poll_and_drop};
use super::growing_wake_set::{ChildSlot, GrowingWakeSet};
use super::into_gather::{IntoGather, OutputOf, marker};
use super::outcome::{All, Finish, IntoErrors, Outcome};

pin_project! {
    /// A child of a tuple, and later the kept part of its output.
    #[derive(Debug)]
    pub struct TupleChild<F, K> {
        waker: Option<Waker>,
        #[pin]
        child: Option<F>,
        kept: Option<K>,
    }
}

impl<F: Future, K> TupleChild<F, K> {
    fn new(child: F) -> Self {
        Self { waker: None, child: Some(child), kept: None }
    }

    /// Polls the child. Returns `Ready` if the child finishes in this poll, with `Break` if its
    /// output decides the output of the group.
    fn poll<V>(
        self: Pin<&mut Self>,
        slot: ChildSlot,
        wake_set: &mut GrowingWakeSet,
    ) -> Poll<ControlFlow<V::Decision>>
    where
        V: Outcome<F::Output, Kept = K>,
    {
        let this = self.project();
        let waker = this.waker.get_or_insert_with(|| wake_set.waker(slot));
        poll_and_drop(this.child, waker).map(|output| {
            *this.kept = Some(V::of(output)?);
            ControlFlow::Continue(())
        })
    }

    fn take(self: Pin<&mut Self>) -> K {
        self.project().kept.take().expect("every child has finished, and none has decided")
    }
}

/// Defines the struct for the children of a tuple of one size, and its implementations.
macro_rules! tuple {
    ($name:ident $len:literal $($index:tt $field:ident $F:ident $K:ident $E:ident),+) => {
        pin_project! {
            /// The children of a tuple.
            #[derive(Debug)]
            pub struct $name<V, $($F),+> {
                started: usize,
                running: usize,
                outcome: PhantomData<V>,
                $(#[pin] $field: $F,)+
            }
        }

        impl<V, Decided, $($F, $K),+> Children for $name<V, $(TupleChild<$F, $K>),+>
        where
            $($F: Future, V: Outcome<OutputOf<$F>, Kept = $K, Decision = Decided>,)+
            V: Finish<($($K,)+), Decided>,
        {
            const NAME: &'static str = V::NAME;
            type Output = V::Output;

            fn size_hint(&self) -> (usize, Option<usize>) {
                ($len, Some($len))
            }

            fn running(&self) -> usize {
                self.running
            }

            fn start(self: Pin<&mut Self>) -> NextChild {
                let this = self.project();
                if *this.started == $len {
                    return NextChild::NoMore;
                }
                *this.started += 1;
                *this.running += 1;
                NextChild::InSlot(ChildSlot(*this.started - 1))
            }

            fn poll_child(
                self: Pin<&mut Self>,
                slot: ChildSlot,
                wake_set: &mut GrowingWakeSet,
            ) -> ControlFlow<V::Output> {
                let this = self.project();
                let poll = match slot.0 {
                    $($index => this.$field.poll::<V>(slot, wake_set),)+
                    _ => unreachable!("a tuple of {} has no child {}", $len, slot.0),
                };
                let Poll::Ready(flow) = poll else {
                    return ControlFlow::Continue(());
                };
                *this.running -= 1;
                flow.map_break(V::decided)
            }

            fn finish(self: Pin<&mut Self>) -> V::Output {
                let this = self.project();
                V::all_kept(($(this.$field.take(),)+))
            }
        }

        impl<V, Decided, $($F),+> IntoGather<marker::Tuples, V> for ($($F,)+)
        where
            $($F: Future, V: Outcome<OutputOf<$F>, Decision = Decided>,)+
            V: Finish<($(<V as Outcome<OutputOf<$F>>>::Kept,)+), Decided>,
        {
            type Children =
                Pin<Box<$name<V, $(TupleChild<$F, <V as Outcome<OutputOf<$F>>>::Kept>),+>>>;

            fn into_children(self) -> Self::Children {
                Box::pin($name {
                    started: 0,
                    running: 0,
                    outcome: PhantomData,
                    $($field: TupleChild::new(self.$index),)+
                })
            }
        }

        impl<Error> IntoErrors for ($($E,)+) {
            type Error = Error;
            fn into_errors(self) -> Vec<Error> {
                let ($($field,)+) = self;
                vec![$($field),+]
            }
        }
    };
}

/// Calls `tuple!` for one child, then for two, and so on to the end of the list.
macro_rules! tuples {
    ([$($before:tt)*]) => {};
    ([$($before:tt)*] $name:ident $len:literal $child:tt; $($after:tt)*) => {
        tuples!(@one $name $len [$($before)*] $child);
        tuples!(@next [$($before)*] $child $($after)*);
    };
    (@one $name:ident $len:literal [$($before:tt)*] ($($child:tt)*)) => {
        tuple!($name $len $($before)* $($child)* Error);
    };
    (@next [$($before:tt)*] ($($child:tt)*) $($after:tt)*) => {
        tuples!([$($before)* $($child)* Error,] $($after)*);
    };
}

tuples! { []
    Tuple1 1 (0 a A KeptA);
    Tuple2 2 (1 b B KeptB);
    Tuple3 3 (2 c C KeptC);
    Tuple4 4 (3 d D KeptD);
    Tuple5 5 (4 e E KeptE);
    Tuple6 6 (5 f F KeptF);
    Tuple7 7 (6 g G KeptG);
    Tuple8 8 (7 h H KeptH);
    Tuple9 9 (8 i I KeptI);
    Tuple10 10 (9 j J KeptJ);
    Tuple11 11 (10 k K KeptK);
    Tuple12 12 (11 l L KeptL);
}

/// The empty group `()`.
#[derive(Debug)]
pub struct Tuple0;

impl Children for Tuple0 {
    const NAME: &'static str = <All as Finish<(), Infallible>>::NAME;
    type Output = ();

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(0))
    }

    fn running(&self) -> usize {
        0
    }

    fn start(self: Pin<&mut Self>) -> NextChild {
        NextChild::NoMore
    }

    fn poll_child(
        self: Pin<&mut Self>,
        slot: ChildSlot,
        _wake_set: &mut GrowingWakeSet,
    ) -> ControlFlow<()> {
        unreachable!("an empty group has no child {}", slot.0)
    }

    fn finish(self: Pin<&mut Self>) {}
}

impl IntoGather<marker::Tuples> for () {
    type Children = Tuple0;

    fn into_children(self) -> Tuple0 {
        Tuple0
    }
}
