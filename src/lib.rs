//! An async runtime for programs that must call blocking code: one event loop, and a pool of
//! threads aside.
//!
//! # The problem
//!
//! Async code waits for many things at a time on one thread, as long as nobody holds that thread.
//! But most of what a program calls knows nothing of async: file systems, database drivers,
//! compression, other people's libraries. Called in place, each such call stalls everything else.
//!
//! # The idea
//!
//! One thread turns an event loop and never blocks. Whatever blocks goes to a pool of threads and
//! is awaited like anything else. [`run`] makes the two and ends them; [`gather`] awaits many
//! things at once. Threads meet in five places only (the queue of jobs, the cell of a result, the
//! inbox of the loop, the desk of a blocking stream, the sides of a socket), so nothing else needs
//! a lock, tasks need not be `Send`, and there is no unsafe code.
//!
//! # The smallest program
//!
//! ```
//! use std::fs;
//! use aside::{gather, spawn_blocking};
//!
//! let sizes = aside::run(async {
//!     let size = |path| spawn_blocking(move || fs::metadata(path).map(|file| file.len()));
//!     gather(["Cargo.toml", "README.md"].map(size)).await
//! });
//! for size in sizes {
//!     println!("{} bytes", size??);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # In reading order
//!
//! - [`run`], [`spawn`], [`spawn_blocking`]: what most programs need.
//! - [`JoinHandle`] and [`JoinError`]: how a result comes back, or why it does not.
//! - [`gather()`], [`try_gather`], [`race`], [`first_ok`], [`scope`], and [`group`]: many futures
//!   as one.
//! - [`time`]: sleeping, giving up, ticking; real time and virtual time.
//! - [`Runtime`] and [`Handle`]: a runtime that is set up, kept, turned from another loop, reached
//!   from other threads, and shut down with a report.
//! - [`blocking`]: pools of one's own, for [`run_in_executor`]; and [`blocking::Pinned`], a state
//!   (a connection, an interpreter) that one thread makes, uses and drops.
//! - `net`: sockets, and whatever else has a descriptor (the feature `net`, a default one, on
//!   Unix).
//! - `fs`: files and directories (the feature `fs`, a default one).
//! - `process`: child processes (the feature `process`, on Unix).
//! - `signal`: ctrl-c and all other signals (the feature `signal`, on Unix).
//! - `io`: readers, writers and iterators that block, as streams (the feature
//!   `unblock`, a default one).
//! - `compat`, with the features `tokio-io` and `hyper`: our streams by tokio's traits, and HTTP by
//!   hyper.
//! - `process_pool`, with the feature `process-pool`: worker processes, for functions that may
//!   crash, leak or hang.
//! - [`observe`]: who holds the loop up, and what it does.
//!
//! The event loop is the package `runtime-executor`, the pool is `runtime-blocking`, and what both
//! need is `runtime-core`; their front pages tell how a task and a job live.
//!
//! # Limits
//!
//! - Async code runs on one thread for each runtime. Use several runtimes for several cores.
//! - Sockets are for Unix. On other systems `net` is not there.
//! - A job that runs cannot be stopped from outside, only asked to ([`blocking::check_cancelled`]),
//!   awaited or left (a process can be killed: `process_pool`); and it must own what it uses
//!   (`'static`), because no safe interface can lend to another thread from async code.
//! - A future that blocks stalls its loop. [`observe::SlowPolls`] says which one it was.

pub mod blocking;
#[cfg(any(
    feature = "hyper",
    all(feature = "tokio-io", any(all(feature = "net", unix), feature = "unblock"))
))]
pub mod compat;
#[cfg(doctest)]
mod compile_fail;
mod context;
#[cfg(feature = "fs")]
pub mod fs;
mod gather;
mod handle;
#[cfg(feature = "unblock")]
pub mod io;
mod named;
#[cfg(all(feature = "net", unix))]
pub mod net;
pub mod observe;
#[cfg(all(feature = "process", unix))]
pub mod process;
#[cfg(feature = "process-pool")]
pub mod process_pool;
mod run;
mod runtime;
#[cfg(all(feature = "signal", unix))]
pub mod signal;
pub mod time;

/// Several futures awaited as one, within one task: what [`gather()`] and its kin return and take.
pub mod group {
    pub use crate::gather::{
        Cancelled, Gather, IntoGather, Scope, ScopeFuture, ScopedHandle, marker,
    };
}

pub use blocking::spawn::{run_in_executor, spawn_blocking};
pub use gather::{first_ok, gather, race, scope, try_gather};
pub use handle::Handle;
#[cfg(feature = "unblock")]
pub use io::unblock::Unblock;
pub use named::{Named, named};
pub use run::{run, spawn};
pub use runtime::{Builder, Runtime, ShutdownReport};
pub use runtime_core::join::{AbortOnDrop, JoinError, JoinHandle};
pub use runtime_core::metadata::{Id, Metadata};
pub use runtime_executor::{
    NextTurn, NoRuntimeError, Turn, interval, sleep, sleep_until, timeout, timeout_at, yield_now,
};

/// The code in the README is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The code in the guide is tested.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/blocking-executor.md")]
struct Guide;

#[cfg(doctest)]
#[doc = include_str!("../docs/guide/sync-primitives.md")]
struct GuideToSyncPrimitives;

#[cfg(all(doctest, feature = "net", unix))]
#[doc = include_str!("../docs/guide/sockets.md")]
struct GuideToSockets;
