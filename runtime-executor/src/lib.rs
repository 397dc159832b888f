//! The event loop of the [aside](https://docs.rs/aside) runtime: one thread that polls futures
//! from a ready queue.
//!
//! It never starts a thread. The life of a task, with the numbers that the code and the traces
//! use:
//!
//! 1. `spawn`: a completion cell and a boxed future, in a slot of the slab; the id goes on the
//!    ready queue. The last finished task lends both, if it was of the same type.
//! 2. A turn pops the ready queue and polls.
//! 3. `Pending`: a clone of the waker waits in a cell, a timer, a socket.
//! 4. A wake: onto the ready queue, or, from another thread, into the inbox, and unpark.
//! 5. `Ready`: drop the future, complete the cell, wake who awaits it, free the slot, and keep what
//!    is left of the task for the next one.
//!
//! In reading order: `local` (the loop from inside, where a task begins), `slab` (where it lies),
//! `task` (what is in its box), `turn` (the loop itself) and `block_on` (a future driven by turns),
//! `waker` (how a task is woken), `remote` (the loop from outside), `current` (which loop this
//! thread belongs to), `executor` and `handle`, which are the doors, `sleeper` (a thread that waits
//! without turning a loop), then the timers: `timer_queue`, `sleep`, `timeout`, `interval`.
//! With the feature `net`, on Unix, there are sockets: `reactor`, and `listen`, where the loop
//! meets it.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "net", unix))]
pub mod reactor;
#[cfg(not(all(feature = "net", unix)))]
#[path = "reactor/disabled.rs"]
mod reactor;
mod scheduler;
mod task;
mod time;

pub use scheduler::current::{EnterGuard, try_spawn};
pub use scheduler::event_loop::{Config, EventLoop};
pub use scheduler::handle::Handle;
pub use scheduler::no_runtime::NoRuntimeError;
pub use scheduler::observer::Observer;
pub use scheduler::report::{NextTurn, Turn};
pub use scheduler::yield_now::{YieldNow, yield_now};
pub use time::clock_hold::ClockHold;
pub use time::interval::{Interval, MissedTicks, interval};
pub use time::sleep::{Sleep, sleep, sleep_until};
pub use time::timeout::{Elapsed, Timeout, timeout, timeout_at};
