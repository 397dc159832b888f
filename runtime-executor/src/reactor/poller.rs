//! The loop's end of the reactor.

use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use runtime_core::park::{Parker, Unparked};

use super::driver::Reactor;
use super::selector::{Listen, Readiness};

/// Where a loop listens. It comes to the loop with the first registration, and its end is the end
/// of the reactor, wherever it is dropped.
pub(crate) struct Ear {
    reactor: Arc<Reactor>,
    listener: Box<dyn Listen>,
    /// What the kernel has just said; between two looks only room for it.
    events: Vec<(usize, Readiness)>,
    /// Who is to be woken for it.
    called: Vec<Waker>,
}

impl Ear {
    pub(super) fn new(reactor: Arc<Reactor>, listener: Box<dyn Listen>) -> Ear {
        Ear { reactor, listener, events: Vec::new(), called: Vec::new() }
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
        self.reactor.tell(&mut self.events, &mut self.called);
        Ok(())
    }

    /// Who is to be woken, while the ear is not borrowed: who is woken may use it.
    pub(crate) fn take_called(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.called)
    }

    /// Gives the room back.
    pub(crate) fn put_back(&mut self, woken: Vec<Waker>) {
        if self.called.is_empty() {
            self.called = woken;
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.reactor.end();
    }
}
