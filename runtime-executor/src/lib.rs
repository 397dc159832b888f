//! The event loop of the [aside](https://docs.rs/aside) runtime: one thread that polls futures
//! from a ready queue.
//!
//! The package starts no thread. Tasks stay on the loop's thread, so their futures need not be
//! `Send`; other threads reach the loop through its [`Handle`] and the wakers of its tasks.
//!
//! # The life of a task
//!
//! The code, the traces and the observers use these numbers.
//!
//! 1. `spawn`: a completion cell and a boxed future go into a slot of the slab, and the task's key
//!    goes to the ready queue. If the first finished task had the same type, its box and cell are
//!    recycled.
//! 2. A turn takes the key from the ready queue and polls the future.
//! 3. The future is pending: a clone of the waker is stored in a cell, a timer or a socket.
//! 4. A wake pushes the key to the ready queue; a wake on another thread sends a message to the
//!    inbox and unparks the loop.
//! 5. The future is ready: it is dropped, the cell is completed, which wakes the awaiting task, and
//!    the slot is vacated or recycled.
//!
//! # Modules
//!
//! In reading order:
//!
//! - `scheduler`: the loop. `current` (which loop a thread is turning), `core` (the part that only
//!   its own thread uses, where a task begins), `turn` and `block_on`, `shared` (the part that all
//!   threads share); then [`EventLoop`] and [`Handle`].
//! - `task`: one task. `future_task` (its box), `waker` (how it is woken), `task_cell` (where its
//!   completion cell lies), `task_slots` (where the task lies), `recycle`.
//! - `time`: the timer queue, [`sleep`], [`timeout`], [`interval`], and the virtual clock.
//! - `survey`: the list of the tasks, and what each waits for.
//! - `reactor`: sockets, with the feature `net` on Unix.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "net", unix))]
pub mod reactor;
#[cfg(not(all(feature = "net", unix)))]
#[path = "reactor/disabled.rs"]
mod reactor;
mod scheduler;
mod survey;
mod task;
mod time;
mod unwind_safe;

pub use scheduler::current::try_spawn;
pub use scheduler::enter::EnteredLoop;
pub use scheduler::event_loop::{Config, EventLoop};
pub use scheduler::handle::Handle;
pub use scheduler::no_runtime::NoRuntimeError;
pub use scheduler::observer::{Observer, TaskHistory};
pub use scheduler::report::{AlreadyTurning, NextTurn, Turn};
#[cfg(all(feature = "net", unix))]
pub use scheduler::socket_watch::{SocketWatch, SocketWatcher};
pub use scheduler::yield_now::{YieldNow, yield_now};
#[doc(hidden)]
pub use survey::VisitWaits;
pub use time::clock_hold::ClockHold;
pub use time::interval::{Interval, MissedTicks, interval, interval_at};
#[doc(hidden)]
pub use time::sleep::sleep_remotely;
pub use time::sleep::{Sleep, sleep, sleep_until};
pub use time::timeout::{Elapsed, Timeout, timeout, timeout_at};
