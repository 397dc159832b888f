//! An unbounded channel for many senders and one receiver.

pub use crossbeam_channel::{Receiver, SendError, Sender, TryRecvError, unbounded};
