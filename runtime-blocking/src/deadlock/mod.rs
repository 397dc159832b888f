//! Deadlock detection: jobs that block on jobs of their own pool.
//!
//! If every thread of a pool runs a job that waits for another job of the pool, no thread is left
//! to run the awaited jobs. Detection has three parts, each in a file:
//!
//! - `wait_tracking`: which job a blocked thread waits for, and whether anything else can wake it;
//! - `wait_graph`: the rule, a pure value, that decides which jobs can proceed;
//! - `detect`: applies the rule under the pool's lock, and refuses a job that no thread would run.
//!
//! `driver` connects them: it blocks a worker's thread on a future, and reports each wait.
//! `wait_table` holds the reported waits, and `deadlock_error` tells the user.
//!
//! The rest of the crate works without this folder. It calls in here at five places: a job that is
//! polled, a submitter that waits for room, a worker that starts, a thread that cannot be started,
//! and the field of the pool's state that holds the wait table.

pub(crate) mod deadlock_error;
pub(crate) mod detect;
pub(crate) mod driver;
pub(crate) mod wait_graph;
pub(crate) mod wait_table;
pub(crate) mod wait_tracking;
