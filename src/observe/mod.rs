//! Observers of a loop: which tasks block the loop, and what the loop does.
//!
//! A runtime accepts any number of [`Observer`]s ([`Builder::observer`](crate::Builder::observer)),
//! each of which receives every event. This module has two observers, [`SlowPolls`] and
//! [`Counters`]. [`Both`] combines two observers.
//!
//! A program that uses [`run`](crate::run()) need not be changed: with the environment variable
//! `ASIDE_SLOW_POLLS=50ms`, each poll that takes longer is reported on stderr, with the task's name
//! and location. Without the variable, no clock is read.

mod both;
mod counters;
pub(crate) mod slow_polls;
mod slow_polls_variable;

pub use both::Both;
pub use counters::Counters;
pub use runtime_executor::Observer;
pub use slow_polls::SlowPolls;
