//! Observers of a loop: which tasks block the loop, and what the loop does.
//!
//! A runtime accepts one [`Observer`] ([`Builder::observer`](crate::Builder::observer)). This
//! module has two observers, [`SlowPolls`] and [`Counters`]. [`Both`] combines two observers.

mod both;
mod counters;
mod slow_polls;

pub use both::Both;
pub use counters::Counters;
pub use runtime_executor::Observer;
pub use slow_polls::SlowPolls;
