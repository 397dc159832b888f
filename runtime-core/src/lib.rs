//! The parts that the event loop and the blocking pool of the [aside](https://docs.rs/aside)
//! runtime share.
//!
//! The event loop (`runtime-executor`) and the pool (`runtime-blocking`) do not depend on each
//! other. They share the types of this crate, which starts no thread, polls no future by itself,
//! and makes no system call except to sleep. Its modules, in reading order:
//!
//! - [`sync`]: the facade from which all threads, mutexes, atomics and channels are taken, so that
//!   loom can check the code above it;
//! - [`park`]: how a thread sleeps and is woken;
//! - [`spin`]: the bounded spin of a thread before it sleeps;
//! - [`metadata`]: the number, name and location of a task or job;
//! - [`completion`]: the cell that passes a result to the task that awaits it, and [`join`], its
//!   reading end;
//! - [`awaiter`]: the waker of the task that awaits such a cell, and [`task_list`], a list of tasks
//!   and what they wait for;
//! - [`slab`]: a table of values that are found by generational keys, and [`bit_set`], its vacant
//!   slots;
//! - [`clock`]: system time and virtual time;
//! - [`catch_panic`]: calls to users' code whose panic must not propagate;
//! - [`unwinding`]: the drop of a future whose poll panics;
//! - [`large`]: futures and closures that are too large for the stack;
//! - [`context`]: the role of the current thread;
//! - [`budget`]: the number of operations that a task completes before it yields;
//! - [`fork`]: detection of forked children;
//! - [`runtime_gone`]: the error of an operation whose runtime is gone;
//! - [`record`]: the events of a runtime, for traces;
//! - [`blocking_driver`]: the way in which a thread blocks on a future.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod abort_handle;
pub mod abort_on_drop;
pub mod awaiter;
pub mod bit_set;
pub mod blocking_driver;
pub mod budget;
pub mod catch_panic;
pub mod clock;
pub mod completion;
pub mod context;
mod debug_message;
pub mod fork;
mod host_signal;
pub mod join;
mod join_error;
pub mod large;
pub mod metadata;
pub mod park;
pub mod record;
pub mod runtime_gone;
pub mod slab;
pub mod spin;
pub mod sync;
pub mod task_list;
mod unwind_safe;
pub mod unwinding;
pub mod watched_loop;
