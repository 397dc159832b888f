//! Tasks: what [`spawn`](crate::spawn()) returns, sets of tasks, and the number of the current
//! task.
//!
//! | to | use |
//! |---|---|
//! | await the result of a task | [`JoinHandle`]; dropping it detaches the task |
//! | cancel a task when its owner is dropped | [`JoinHandle::abort_on_drop`] |
//! | cancel a task from elsewhere | [`AbortHandle`] |
//! | await many tasks in the order in which they end | [`JoinSet`] |
//! | await many futures within one task | [`gather`](crate::gather()), [`scope`](crate::scope()) |
//!
//! For all of these types, a job of the pool is a task, too:
//! [`spawn_blocking`](crate::spawn_blocking()) returns the same [`JoinHandle`].

mod current_id;
mod join_set;

pub use current_id::{id, try_id};
pub use join_set::JoinSet;

pub use crate::blocking::spawn::spawn_blocking;
pub use crate::run::spawn;
pub use runtime_core::abort_handle::AbortHandle;
pub use runtime_core::abort_on_drop::AbortOnDrop;
pub use runtime_core::join::{JoinError, JoinHandle};
pub use runtime_core::metadata::Id;
pub use runtime_executor::{YieldNow, yield_now};
