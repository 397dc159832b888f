//! [`IntoGather`]: the types that can be gathered.

use std::future::Future;

use super::children::Children;
use super::outcome::All;

/// A group of futures: a tuple of up to twelve, an array, a vector, or any iterator of futures.
///
/// The parameter `Marker` keeps the implementations from overlapping; the compiler always infers
/// it. `V` defines what a child's output means for the group; each of the four combinators has its
/// own `V`.
///
/// # Examples
///
/// A function that accepts everything that can be gathered into a vector of numbers:
///
/// ```
/// use aside::{gather, group::IntoGather};
///
/// async fn sum<M, G, F>(group: G) -> u32
/// where
///     G: IntoGather<M> + IntoIterator<Item = F>,
///     F: Future<Output = u32>,
/// {
///     gather(group.into_iter()).await.into_iter().sum()
/// }
///
/// aside::run(async {
///     assert_eq!(sum(vec![std::future::ready(1), std::future::ready(2)]).await, 3);
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a group of futures that fits here",
    note = "a group is a tuple of 1 to 12 futures, or an array, a `Vec` or an iterator of futures",
    note = "`try_gather` and `first_ok` need futures of `Result`, in a tuple with the same error \
            (`try_gather`) or the same types (`first_ok`); `race` needs the same output of all"
)]
pub trait IntoGather<Marker, V = All>: Sized {
    /// The group's children and their outputs.
    type Children: Children;

    /// Makes the group. Polls no future, and does not advance an iterator.
    fn into_children(self) -> Self::Children;
}

/// The markers of [`IntoGather`]'s implementations.
pub mod marker {
    /// Marks an iterator of futures.
    #[derive(Debug)]
    pub enum Iterators {}
    /// Marks a vector of futures.
    #[derive(Debug)]
    pub enum Vectors {}
    /// Marks an array of futures.
    #[derive(Debug)]
    pub enum Arrays {}
    /// Marks a tuple of futures.
    #[derive(Debug)]
    pub enum Tuples {}
}

/// The output of a group's child.
pub(super) type OutputOf<F> = <F as Future>::Output;
