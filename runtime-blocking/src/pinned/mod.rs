//! A state that lives on one thread.
//!
//! ```text
//!   open ─▶ OPENING ── make ──▶ OPEN ── close, or the last handle goes ──▶ CLOSED ──▶ OVER
//!              │                │ ▲                                          │
//!              ▼                └─┘ call                                     └ run the calls that
//!         it panics, or fails:                                                 were accepted, then
//!         there is no state                                                    drop the state
//! ```
//!
//! One thread makes the state, runs the calls in order, and drops the state; so the state need not
//! be `Send`, and is never locked. Threads meet where they always do: in a [queue](call_queue) under one
//! small lock, and in the completion cell of each [call](pinned_call), which wakes whoever awaits it.
//!
//! In reading order: [`pinned_call`] (one closure on its way), [`call_queue`] (the queue, and who sleeps at
//! it), [`state_thread`] (the life of the thread), [`pinned_handle`], [`pinned_builder`].

mod call_queue;
mod pinned_call;
mod pinned_call_error;

mod state_thread;

mod pending_close;
mod pinned_builder;
mod pinned_handle;

pub use pending_close::PendingClose;
pub use pinned_builder::PinnedBuilder;
pub use pinned_call_error::PinnedCallError;
pub use pinned_handle::Pinned;
