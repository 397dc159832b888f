//! What aside promises, tried out: one binary, a module for each feature, a sentence for each test.
//!
//! A comment `P23` names the row of `docs/verification/pitfalls.md` that a test answers, `promise 3`
//! the promise in the crate's documentation. No test asserts how long something took: what is asserted is
//! order, counts, virtual time, and that nothing hangs ([`watchdog`]).
#![allow(clippy::unwrap_used)]
// A handle is carried out of one runtime to be awaited in another.
#![allow(clippy::async_yields_async)]

mod strange;
mod watchdog;

mod reuse;
mod tasks;

mod foreign_wakers;
mod wakers;

mod fairness;
mod timeouts;
mod timers;

mod clock;
mod seeds;

mod blocking;
mod combinators;
mod handle;
mod nesting;
mod pinned;
mod reentry;
mod sync_primitives;
mod turn;

mod destruction;
mod panics;
mod shutdown;
mod thread_exit;

mod idle;
mod observer;

#[cfg(feature = "fs")]
mod fs;
#[cfg(feature = "fs")]
mod fs_file;
#[cfg(feature = "fs")]
mod fs_lost;
#[cfg(feature = "fs")]
mod fs_model;

#[cfg(all(feature = "net", unix))]
mod net_broken;
#[cfg(all(feature = "net", unix))]
mod net_gone;
#[cfg(all(feature = "net", unix))]
mod net_nothing;
#[cfg(all(feature = "net", unix))]
mod net_reactor;
#[cfg(all(feature = "net", unix))]
mod net_short;
#[cfg(all(feature = "net", unix))]
mod net_signals;
#[cfg(all(feature = "net", unix))]
mod net_tcp;
#[cfg(all(feature = "net", feature = "unblock", target_os = "linux"))]
mod net_terminal;
#[cfg(all(feature = "net", unix))]
mod net_udp;
#[cfg(all(feature = "net", unix))]
mod net_unix;
#[cfg(all(feature = "net", unix))]
mod net_wakers;

#[cfg(feature = "unblock")]
mod stdio;
#[cfg(feature = "unblock")]
mod unblock;
#[cfg(feature = "unblock")]
mod unblock_out;

mod types;

mod records;
mod repository;
mod tidy;
