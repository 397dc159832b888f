//! Concurrency within one task: [`gather()`] and its relatives, and [`scope()`].
//!
//! A group of futures is awaited as one future. Its children run interleaved inside the awaiting
//! task: they need not be `Send` or `'static`, they may borrow, and they are dropped with the
//! group. Nothing is spawned.
//!
//! | to await                                 | use                    |
//! |------------------------------------------|------------------------|
//! | all children                             | [`gather()`]           |
//! | all children, or the first error         | [`try_gather()`]       |
//! | the first child to finish                | [`race()`]             |
//! | the first child to succeed               | [`first_ok()`]         |
//! | children that are added while others run | [`scope()`]            |
//! | many children, a few at a time           | [`Gather::limit`]      |
//!
//! All groups guarantee:
//!
//! - A child is polled only after it was woken, and at most once per poll of the group. A child
//!   that wakes itself is polled again in the group's next poll, after a turn of the event loop.
//! - Every woken child is polled, whatever its siblings do. For example, if a child waits for a
//!   lock that a sibling holds, the child acquires the lock when the sibling releases it.
//! - The time of a poll depends on the number of woken children, not on the number of all children.
//! - A child is dropped as soon as it has finished. The others are dropped with the group.
//! - A panic of a child propagates through the poll of the group, and ends the group.
//! - Wakers that outlive the group do nothing.
//!
//! # How a wake reaches its child
//!
//! Each child has a waker of its own, which records in a set that the child was woken. A child's
//! waker, on any thread:
//!
//! - G1, G2. It sets the child's bit in the set. If that is not the first bit set since the last
//!   poll, the waker is done.
//! - G3. The waker that set the first bit wakes the awaiting task, unless the group is being
//!   polled.
//!
//! The poll of the group:
//!
//! - G4. It registers the task's waker, if that waker has changed.
//! - G5. It marks the group as being polled, and takes all bits that are set.
//! - G6. It polls each woken child once, lowest slot first. Then it starts new children while the
//!   limit and the task's [budget](crate::coop) allow, and polls each new child at once.
//! - G7. It clears the mark. If a bit was set since G5, it wakes its own task, once.
//!
//! ```text
//!     the group's poll            the waker of child 2        the set        the task
//!                                                             {}             asleep
//!                                 sets its bit: the first     {2}            woken
//!     G5: takes {2}                                           {polled}
//!     G6: polls child 2
//!                                 sets its bit                {2, polled}    not woken
//!     G7: finds {2}                                           {2}            wakes itself
//!     (a turn of the event loop)
//!     G5: takes {2}                                           {polled}
//! ```
//!
//! The module `wake_set` describes the steps for sets of several words, and the races.
//!
//! # In reading order
//!
//! `combinators` has the four functions, and `into_gather` the types that they accept. `group`
//! implements the poll above. `children` is its interface to the collections of children, which are
//! in `tuple`, `sequence` and `scope_children`. `outcome` defines what a child's output means for
//! its group. `growing_wake_set` and `wake_set` record which children were woken.

mod children;
mod combinators;
mod group;
pub(crate) mod growing_wake_set;
mod into_gather;
mod outcome;
mod scope;
mod scope_children;
mod scope_state;
mod scoped_handle;
mod sequence;
mod tuple;
mod wake_set;

pub use combinators::{first_ok, gather, race, try_gather};
pub use group::Gather;
pub use into_gather::{IntoGather, marker};
pub use scope::{Scope, ScopeFuture, scope};
pub use scoped_handle::{ChildCancelled, ScopedHandle};
