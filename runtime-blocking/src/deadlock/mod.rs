//! Deadlock detection: jobs that block on jobs of their own pool.
//!
//! If every thread of a pool runs a job that waits for another job of the pool, no thread is left
//! to run the awaited jobs. Detection has three parts, each in its own file:
//!
//! - `wait_tracking`: which job a blocked thread waits for, and whether anything else can wake it;
//! - `wait_graph`: the rule, a pure value, that decides which jobs can proceed;
//! - `detect`: applies the rule under the pool's lock, and refuses a job that no thread would run.
//!
//! `driver` connects them: it blocks a worker's thread on a future, and reports each wait.
//! `wait_table` holds the reported waits, and `deadlock_error` defines the error that the user
//! gets.
//!
//! The rest of the crate works without this folder, and refers to it in five places: where a job is
//! polled, where a submitter waits for room, where a worker starts, where a thread cannot be
//! started, and in the field of the pool's state that holds the wait table.

pub(crate) mod deadlock_error;
pub(crate) mod detect;
pub(crate) mod driver;
pub(crate) mod wait_graph;
pub(crate) mod wait_table;
pub(crate) mod wait_tracking;
