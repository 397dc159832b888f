//! The part of a loop that all threads share: its inbox, and the parker that ends its sleep.

use std::sync::Arc;

use runtime_core::clock::Clock;
use runtime_core::fork::ForkCheck;
use runtime_core::park::Parker;
use runtime_core::record::Recorder;
use runtime_core::sync::channel::{SendError, Sender};

use crate::reactor::Reactor;
use crate::scheduler::loop_spin::LoopSpin;

/// The part of a loop that all threads share. It transports messages `M` and never inspects them.
///
/// *Shared by* the loop and all its wakers and handles, on any thread. *Guarded by* the channel and
/// the parker. *Woken by* [`post`](Shared::post).
pub(crate) struct Shared<M> {
    /// The loop holds the receiver. Once the receiver is dropped, `post` returns its message.
    pub(crate) inbox: Sender<M>,
    pub(crate) parker: Parker,
    pub(crate) spin: LoopSpin,
    pub(crate) clock: Clock,
    #[cfg_attr(not(all(feature = "net", unix)), allow(dead_code))]
    pub(crate) reactor: Arc<Reactor>,
    pub(crate) recorder: Recorder,
    /// The process that made the loop.
    pub(crate) process: ForkCheck,
}

impl<M> Shared<M> {
    /// Publishes a message, then unparks the loop. Never blocks: the inbox is unbounded.
    pub(crate) fn post(&self, message: M) -> Result<(), M> {
        self.inbox.send(message).map_err(|SendError(message)| message)?;
        self.parker.unpark();
        Ok(())
    }
}
