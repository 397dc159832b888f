//! The four ways to await a group.

use super::children::Children;
use super::group::Gather;
use super::into_gather::IntoGather;
use super::outcome::{AllOk, First, FirstOk};

/// Awaits all futures of a group concurrently, and returns their outputs in the group's order.
///
/// The children run within the awaiting task: nothing is spawned, nothing needs to be `'static` or
/// `Send`, and children may borrow. Each child is polled only after it was woken, and dropped as
/// soon as it has finished. An empty group is ready at the first poll.
///
/// The children lie on the heap, so the group's future is small. A build without optimisation
/// copies the children several times on the stack on their way there: pass `Box::pin(child)` if a
/// child has hundreds of KiB.
///
/// The output has the form of the group: a tuple for a tuple, an array for an array, and a vector
/// for a vector or an iterator. An iterator is not advanced before the first poll. Use
/// [`Gather::limit`] to run only some children at a time.
///
/// # Examples
///
/// ```
/// aside::run(async {
///     let name = String::from("aside");
///     let (length, upper) =
///         aside::gather((async { name.len() }, async { name.to_uppercase() })).await;
///     assert_eq!((length, upper.as_str()), (5, "ASIDE"));
///
///     let squares = aside::gather((1..=3).map(|n| async move { n * n })).await;
///     assert_eq!(squares, [1, 4, 9]);
/// });
/// ```
///
/// # Panics
///
/// Polling the future may panic: see [`Gather`].
///
/// # Cancel safety
///
/// Dropping the future drops all children. Outputs of finished children are lost.
#[doc(alias("join", "join_all", "asyncio", "zip", "join!"))]
pub fn gather<G, M>(group: G) -> Gather<G::Children>
where
    G: IntoGather<M>,
{
    Gather::new(group.into_children())
}

/// Awaits all futures of a group concurrently, until one of them fails.
///
/// Like [`gather`], for children that yield a `Result` with one error type. If all succeed, the
/// output is `Ok` with their values. At the first error the other children are dropped and the
/// error is returned. If several children fail in one poll, the error of the child that was polled
/// first is returned. This is the child with the lowest index, unless a limit made that child start
/// later. The children after it are not polled.
///
/// # Examples
///
/// ```
/// aside::run(async {
///     let good = aside::try_gather([async { "1".parse::<u8>() }]).await;
///     assert_eq!(good, Ok([1]));
///
///     let texts = ["1", "x", "3"];
///     let bad = aside::try_gather(texts.iter().map(|text| async { text.parse::<u8>() })).await;
///     assert!(bad.is_err());
/// });
/// ```
///
/// # Errors
///
/// The first error of a child.
///
/// # Panics
///
/// Polling the future may panic: see [`Gather`].
///
/// # Cancel safety
///
/// Dropping the future drops all children. Values of finished children are lost.
#[doc(alias("try_join", "try_join_all", "asyncio", "try_join!", "try_zip"))]
pub fn try_gather<G, M>(group: G) -> Gather<G::Children>
where
    G: IntoGather<M, AllOk>,
{
    Gather::new(group.into_children())
}

/// Awaits the first future of a group to finish, and drops the others.
///
/// Children are polled in order. If several are ready at once, the child with the lowest index
/// wins, and the children after it are not polled. The other children are dropped at the `.await`
/// that they have reached, so do not race work that must not be interrupted.
///
/// # Examples
///
/// ```
/// use std::future::{pending, ready};
///
/// aside::run(async {
///     assert_eq!(aside::race((pending(), ready("first"), ready("late"))).await, "first");
/// });
/// ```
///
/// # Panics
///
/// If the group is known to be empty when this function is called. If an iterator only turns out to
/// be empty at the first poll, that poll panics. A race without children has no winner, and would
/// wait forever without a diagnosis.
///
/// Polling the future may panic: see [`Gather`].
///
/// # Cancel safety
///
/// Dropping the future drops all children.
#[track_caller]
#[doc(alias("select", "select_all", "FIRST_COMPLETED", "select!", "or", "wait"))]
pub fn race<G, M>(group: G) -> Gather<G::Children>
where
    G: IntoGather<M, First>,
{
    let children = group.into_children();
    assert!(children.size_hint().1 != Some(0), "race of no futures: there is no winner");
    Gather::new(children)
}

/// Awaits the first future of a group to succeed, and drops the others.
///
/// The children must yield a `Result`. When a child fails, the others continue. If all fail, their
/// errors are returned in the group's order.
///
/// # Examples
///
/// ```
/// aside::run(async {
///     let fetch = |mirror| async move { if mirror == "up" { Ok(mirror) } else { Err(mirror) } };
///     assert_eq!(aside::first_ok(["down", "up", "slow"].map(fetch)).await, Ok("up"));
///     assert_eq!(aside::first_ok(["down", "slow"].map(fetch)).await, Err(vec!["down", "slow"]));
/// });
/// ```
///
/// # Errors
///
/// The errors of all children, if none succeeded. The vector is empty if there were no children.
///
/// # Panics
///
/// Polling the future may panic: see [`Gather`].
///
/// # Cancel safety
///
/// Dropping the future drops all children. Errors of finished children are lost.
#[doc(alias("select_ok", "race_ok", "any"))]
pub fn first_ok<G, M>(group: G) -> Gather<G::Children>
where
    G: IntoGather<M, FirstOk>,
{
    Gather::new(group.into_children())
}
