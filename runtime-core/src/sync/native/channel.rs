//! An unbounded channel for many senders and one receiver: crossbeam-channel's.

pub use crossbeam_channel::{Receiver, SendError, Sender, TryRecvError, unbounded};
