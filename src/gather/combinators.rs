//! The four ways to await a group.

use super::engine::{Children, Gather};
use super::into_gather::IntoGather;
use super::verdict::{AllOk, First, FirstOk};

/// Awaits all the futures of a group, concurrently, and yields their outputs in the group's order.
///
/// The children run within the awaiting task: nothing is spawned, nothing must be `'static` or
/// `Send`, and they may borrow. Each is polled when it was woken, and a finished one is dropped at
/// once; all others keep being polled, whatever one of them waits for. An empty group is ready at
/// the first poll.
///
/// A tuple yields a tuple, an array an array, a vector or an iterator a vector. An iterator is not
/// asked before the first poll. See [`Gather::limit`] for not running all children at once.
///
/// # Examples
///
/// ```
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # fn now<T>(future: impl Future<Output = T>) -> T {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => panic!("the example waits"),
/// #     }
/// # }
/// use aside::gather;
///
/// let name = String::from("aside");
/// let (length, upper) = now(gather((async { name.len() }, async { name.to_uppercase() })));
/// assert_eq!((length, upper.as_str()), (5, "ASIDE"));
///
/// let squares = now(gather((1..=3).map(|n| async move { n * n })));
/// assert_eq!(squares, [1, 4, 9]);
/// ```
///
/// # Panics
///
/// At its polls, as told at [`Gather`].
///
/// # Cancel safety
///
/// Dropping the future drops all children; outputs that were kept are lost.
pub fn gather<G, M>(group: G) -> Gather<G::Children>
where
    G: IntoGather<M>,
{
    Gather::new(group.into_children())
}

/// Awaits all the futures of a group until one of them fails.
///
/// Like [`gather`], of children that yield a `Result` with one error type. If all succeed, their
/// values are in the `Ok`; at the first error the other children are dropped and the error is
/// returned. Of several errors in one poll, the first child's polled is returned, which is the one
/// of the lowest index unless a limit made it start later; the others are not polled any more.
///
/// # Examples
///
/// ```
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # fn now<T>(future: impl Future<Output = T>) -> T {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => panic!("the example waits"),
/// #     }
/// # }
/// use aside::try_gather;
///
/// let good = now(try_gather([async { "1".parse::<u8>() }]));
/// assert_eq!(good, Ok([1]));
///
/// let texts = ["1", "x", "3"];
/// let bad = now(try_gather(texts.iter().map(|text| async { text.parse::<u8>() })));
/// assert!(bad.is_err());
/// ```
///
/// # Errors
///
/// The first error of a child.
///
/// # Panics
///
/// At its polls, as told at [`Gather`].
///
/// # Cancel safety
///
/// Dropping the future drops all children; values that were kept are lost.
pub fn try_gather<G, M>(group: G) -> Gather<G::Children>
where
    G: IntoGather<M, AllOk>,
{
    Gather::new(group.into_children())
}

/// Awaits the first future of a group to finish, and drops the others.
///
/// Children are polled in order: of several that are ready at once, the lowest index wins, and
/// those after it are not polled. The losers are dropped, in the middle of whatever they were
/// doing; what must not be interrupted has no place in a race.
///
/// # Examples
///
/// ```
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # fn now<T>(future: impl Future<Output = T>) -> T {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => panic!("the example waits"),
/// #     }
/// # }
/// use aside::race;
/// use std::future::{pending, ready};
///
/// assert_eq!(now(race((pending(), ready("swift"), ready("late")))), "swift");
/// ```
///
/// # Panics
///
/// If the group is known to be empty, or at the first poll if that is when it turns out to be. A
/// race without runners has no winner, and to wait for one for ever would be a hang that names
/// nobody.
///
/// At its polls, as told at [`Gather`].
///
/// # Cancel safety
///
/// Dropping the future drops all children.
#[track_caller]
pub fn race<G, M>(group: G) -> Gather<G::Children>
where
    G: IntoGather<M, First>,
{
    let children = group.into_children();
    assert!(children.size_hint().1 != Some(0), "race of no futures: nobody can win it");
    Gather::new(children)
}

/// Awaits the first future of a group to succeed, and drops the others.
///
/// Of children that yield a `Result`: a failed one is out, the others go on. If all fail, the
/// errors are returned in the group's order.
///
/// # Examples
///
/// ```
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # fn now<T>(future: impl Future<Output = T>) -> T {
/// #     match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => panic!("the example waits"),
/// #     }
/// # }
/// use aside::first_ok;
///
/// let mirrors = ["down", "up", "slow"];
/// let fetch = |mirror| async move { if mirror == "up" { Ok(mirror) } else { Err(mirror) } };
/// assert_eq!(now(first_ok(mirrors.map(fetch))), Ok("up"));
/// assert_eq!(now(first_ok([fetch("down"), fetch("slow")])), Err(vec!["down", "slow"]));
/// ```
///
/// # Errors
///
/// All the children's errors, if none succeeded; no errors at all if there were no children.
///
/// # Panics
///
/// At its polls, as told at [`Gather`].
///
/// # Cancel safety
///
/// Dropping the future drops all children; errors that were kept are lost.
pub fn first_ok<G, M>(group: G) -> Gather<G::Children>
where
    G: IntoGather<M, FirstOk>,
{
    Gather::new(group.into_children())
}
