//! A state that lives on one thread.
//!
//! ```text
//!   open ─▶ OPENING ─ make ─▶ OPEN ─ close, or drop of the last handle ─▶ CLOSED ──▶ DROPPED
//!              │              │ ▲                                            │
//!              ▼              └─┘ call                                       └ run the accepted
//!      `make` panics or fails:                                                 calls, then drop
//!      there is no state                                                       the state
//! ```
//!
//! One thread makes the state, runs the calls in order, and drops the state. The state therefore
//! need not be `Send`, and has no lock. Other threads communicate with this thread through the
//! [queue](call_queue), which one mutex guards, and through the completion of each
//! [call](pinned_call), which wakes the awaiting task.
//!
//! In reading order: [`pinned_call`], [`call_queue`], [`state_thread`], [`pinned_handle`],
//! [`pinned_builder`], [`pending_close`].

mod call_queue;
mod pinned_call;
mod pinned_call_error;

mod state_thread;

mod pending_close;
mod pinned_builder;
mod pinned_handle;

pub use pending_close::PendingClose;
pub use pinned_builder::PinnedStateBuilder;
pub use pinned_call_error::PinnedCallError;
pub use pinned_handle::PinnedState;
