//! What can be gathered.

use std::future::Future;

use super::engine::Children;
use super::verdict::All;

/// A group of futures: a tuple of up to twelve, an array, a vector, or any iterator of futures.
///
/// `Marker` tells the implementations apart, so that a type could be an iterator and something else
/// besides; it is always inferred. `V` says what a finished child means, and differs between
/// [`gather`](super::gather()) and its kin.
///
/// # Examples
///
/// A function over anything that can be gathered into a vector of numbers:
///
/// ```
/// use aside::{gather, group::IntoGather};
/// # use std::future::Future;
///
/// async fn sum<M, G, F>(group: G) -> u32
/// where
///     G: IntoGather<M> + IntoIterator<Item = F>,
///     F: Future<Output = u32>,
/// {
///     gather(group.into_iter()).await.into_iter().sum()
/// }
/// # drop(sum(vec![std::future::ready(1)]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a group of futures that fits here",
    note = "a group is a tuple of 1 to 12 futures, or an array, a `Vec` or an iterator of futures",
    note = "`try_gather` and `first_ok` want futures of `Result`, in a tuple with the same error \
            (`try_gather`) or the same types (`first_ok`); `race` wants the same output of all"
)]
pub trait IntoGather<Marker, V = All>: Sized {
    /// The group's children and their outputs.
    type Children: Children;

    /// Makes the group. Nothing is polled, and no iterator is asked.
    fn into_children(self) -> Self::Children;
}

/// The markers of [`IntoGather`]'s implementations.
pub mod marker {
    /// An iterator of futures.
    #[derive(Debug)]
    pub enum Iterators {}
    /// A vector of futures.
    #[derive(Debug)]
    pub enum Vectors {}
    /// An array of futures.
    #[derive(Debug)]
    pub enum Arrays {}
    /// A tuple of futures.
    #[derive(Debug)]
    pub enum Tuples {}
}

/// The output of a group's child: shorthand for the implementations.
pub(super) type OutputOf<F> = <F as Future>::Output;
