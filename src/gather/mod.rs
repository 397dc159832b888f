//! Concurrency within one task: [`gather()`] and its kin, and [`scope()`].
//!
//! A group of futures is awaited as one. Its children run by turns inside the task that awaits it:
//! they need be neither `Send` nor `'static`, they may borrow, and when the group is dropped they
//! are dropped with it. Nothing is spawned.
//!
//! | to await                                 | use                    |
//! |------------------------------------------|------------------------|
//! | all of them                              | [`gather()`]           |
//! | all of them, or the first error          | [`try_gather()`]       |
//! | the first to finish                      | [`race()`]             |
//! | the first to succeed                     | [`first_ok()`]         |
//! | some that come while others run          | [`scope()`]            |
//! | many, but few at a time                  | [`Gather::limit`]      |
//!
//! What all of them promise:
//!
//! 1. A child is polled when it was woken, and once per poll of the group. A child that wakes
//!    itself is polled again in the group's next poll, after the event loop has had its turn.
//! 2. Every child is polled whenever it was woken, whatever its siblings do: a child that waits for
//!    a lock which a sibling holds gets it when the sibling lets go.
//! 3. A wake costs what was woken, never the size of the group.
//! 4. A child is dropped as soon as it has finished. All are dropped with the group.
//! 5. A child that panics panics through the poll of the group, and ends it.
//! 6. Wakers that outlive the group do nothing.
//!
//! The modules, in reading order: `combinators` has the four functions, `into_gather` says what can
//! be gathered; `engine` has the one poll loop, over children that live in a `tuple`, a `sequence`
//! or a `nursery` (a scope's), whose outputs are judged by a `verdict`; `roster` and
//! [`woken`](WokenSet) know who was woken.

mod combinators;
mod engine;
mod into_gather;
mod nursery;
mod roster;
mod scope;
mod scoped_handle;
mod sequence;
mod tuple;
mod verdict;
mod woken;

pub use combinators::{first_ok, gather, race, try_gather};
pub use engine::Gather;
pub use into_gather::{IntoGather, marker};
pub use scope::{Scope, ScopeFuture, scope};
pub use scoped_handle::{Cancelled, ScopedHandle};
