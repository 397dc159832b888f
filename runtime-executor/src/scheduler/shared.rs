//! The loop as other threads see it: an inbox, and a way to be told.

use std::fmt;
use std::sync::Arc;

use runtime_core::clock::Clock;
use runtime_core::fork::{ForkCheck, ForkedError};
use runtime_core::park::Parker;
use runtime_core::sync::channel::{SendError, Sender};

use crate::reactor::Reactor;
use crate::scheduler::core::Local;
use crate::task::waker::TaskWaker;

/// What arrives in the inbox, the loop's waker channel.
pub(crate) enum Letter {
    /// A task was woken.
    Wake(Arc<TaskWaker>),
    /// Something to do at home: adopt a task, forget a timer, listen to sockets. Dropped unopened
    /// if the loop goes.
    Open(Errand),
}

/// What a letter has the loop do.
pub(crate) type Errand = Box<dyn FnOnce(&Local) + Send>;

/// The other threads' end of a loop. *Shared by* wakers, handles and sleeps, on any thread.
/// *Guarded by* the channel and the parker. *Woken by* [`post`](Remote::post).
pub(crate) struct Remote {
    /// The loop holds the receiver; when that is gone, letters come back.
    inbox: Sender<Letter>,
    pub(crate) parker: Parker,
    pub(crate) clock: Clock,
    /// Where sockets are registered.
    pub(crate) reactor: Arc<Reactor>,
    /// Where it was made.
    pub(crate) process: ForkCheck,
}

impl Remote {
    pub(crate) fn new(
        inbox: Sender<Letter>,
        parker: Parker,
        clock: Clock,
        reactor: Arc<Reactor>,
    ) -> Remote {
        let process = ForkCheck::here();
        Remote { inbox, parker, clock, reactor, process }
    }

    /// To be called before the first sleep of a call that may block. Asks the system.
    ///
    /// # Panics
    /// In a forked child of the process that made the loop: nobody might end the sleep.
    pub(crate) fn assert_not_forked(&self) {
        self.process.check().unwrap_or_else(fail);
    }

    /// To be called before its later sleeps. It is found out only if something else in the process
    /// has been told.
    ///
    /// # Panics
    /// As [`assert_not_forked`](Remote::assert_not_forked).
    #[inline]
    pub(crate) fn assert_not_forked_cheaply(&self) {
        self.process.check_cheaply().unwrap_or_else(fail);
    }

    /// Publish, then unpark. Never blocks: the inbox has no bound.
    pub(crate) fn post(&self, letter: Letter) -> Result<(), Letter> {
        self.inbox.send(letter).map_err(|SendError(letter)| letter)?;
        self.parker.unpark();
        Ok(())
    }
}

#[cold]
fn fail(forked: ForkedError) {
    panic!("the runtime cannot be used: {forked}");
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("parker", &self.parker)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
