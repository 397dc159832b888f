//! The sync facade in a build: types of parking_lot, crossbeam-channel and std.

pub mod atomic;
pub mod channel;
mod mutex;
pub mod thread;

pub use mutex::{Mutex, MutexGuard, lock_unless};
