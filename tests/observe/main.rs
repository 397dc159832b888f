//! Tests of the means by which a running program is watched, in a binary of their own, which
//! compiles quickly.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../it/support/watchdog.rs"]
mod watchdog;

mod asking;
mod asking_changes_nothing;
mod task_lists;
#[cfg(all(feature = "net", unix))]
mod waits_for_sockets;
mod watchdog_variable;
