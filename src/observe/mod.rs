//! Observing a loop: tasks that block it, and what it does.
//!
//! A runtime accepts one [`Observer`] ([`Builder::observer`](crate::Builder::observer)). Two of
//! them are here, [`SlowPolls`] and [`Counters`]; [`Both`] combines two observers.

mod both;
mod counters;
mod slow_polls;

pub use both::Both;
pub use counters::Counters;
pub use runtime_executor::Observer;
pub use slow_polls::SlowPolls;
