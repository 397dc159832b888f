//! The loop's end of the reactor.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::park::{Parker, Unparked};

use super::kernel::{Listen, Readiness};
use super::shared::{Reactor, Source};

/// Where a loop listens. It comes to the loop with the first registration, and its end is the end
/// of the reactor, wherever it is dropped.
pub(crate) struct Ear {
    reactor: Arc<Reactor>,
    listener: Box<dyn Listen>,
    /// What the kernel has just said; between two looks only room for it.
    events: Vec<(usize, Readiness)>,
    heard: Vec<Heard>,
}

/// Something to be told.
pub(crate) type Heard = (Arc<Source>, Readiness);

impl Ear {
    pub(super) fn new(reactor: Arc<Reactor>, listener: Box<dyn Listen>) -> Ear {
        Ear { reactor, listener, events: Vec::new(), heard: Vec::new() }
    }

    /// Whether there is anybody to be heard.
    pub(crate) fn is_of_use(&self) -> bool {
        self.reactor.is_of_use()
    }

    /// Listens without sleeping.
    pub(crate) fn look(&mut self) -> io::Result<()> {
        self.listen(Some(Duration::ZERO))
    }

    /// Sleeps until something is heard, the parker is unparked, or the deadline.
    pub(crate) fn park(
        &mut self,
        parker: &Parker,
        until: Option<Instant>,
    ) -> (Unparked, io::Result<()>) {
        let mut listened = Ok(());
        let unparked = parker.park_in(|| {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            listened = self.listen(left);
        });
        (unparked, listened)
    }

    fn listen(&mut self, at_most: Option<Duration>) -> io::Result<()> {
        self.listener.listen(at_most, &mut self.events)?;
        self.reactor.find(&mut self.events, &mut self.heard);
        Ok(())
    }

    /// What was heard, to be told while the ear is not borrowed: who is woken may use it.
    pub(crate) fn take_heard(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    /// Gives the room back.
    pub(crate) fn put_back(&mut self, told: Vec<Heard>) {
        if self.heard.is_empty() {
            self.heard = told;
        }
    }

    /// Step 4: tells one of those.
    pub(crate) fn tell((source, readiness): Heard) {
        source.tell(readiness);
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.reactor.end();
    }
}
