//! The connection of the scheduler to the reactor: a handle registers sockets with its loop.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use crate::reactor::{self, Interest, Poller, Registration, ShortTransfer};
use crate::scheduler::current;
use crate::scheduler::handle::Handle;
use crate::scheduler::shared::Shared;
use crate::task::waker::Message;

impl Handle {
    /// Registers a descriptor with this loop. The descriptor must be in non-blocking mode. A wait
    /// for a direction that is not of `interest` may never end.
    ///
    /// # Errors
    /// The errors of the operating system, for example if no descriptor is left for the loop's
    /// selector. A regular file is refused, too, because it is always ready. Another error if the
    /// loop is gone, or in a forked child of the process that made the loop.
    pub fn register(
        &self,
        descriptor: BorrowedFd<'_>,
        interest: Interest,
        short_transfer: ShortTransfer,
    ) -> io::Result<Registration> {
        let shared = self.shared();
        // Without this check, a forked child's descriptor would be reported to the parent, under a
        // token that the parent may have given to another source.
        shared.process.check().map_err(io::Error::other)?;
        let deliver = |poller| deliver(shared, poller);
        Registration::new(&shared.reactor, descriptor, interest, short_transfer, deliver)
    }

    /// Returns a descriptor that is readable while this loop has events of sockets to receive, for
    /// a program that turns the loop from an event loop of its own.
    ///
    /// # Errors
    /// The errors of the operating system. Another error if the loop is gone.
    pub fn socket_events(&self) -> io::Result<OwnedFd> {
        let shared = self.shared();
        reactor::watch(&shared.reactor, |poller| deliver(shared, poller))
    }
}

/// Brings the poller to its loop. From then on the loop sleeps in the selector and is woken there.
/// If the loop is gone, the poller is dropped.
fn deliver(shared: &Arc<Shared<Message>>, poller: Poller) {
    shared.parker.set_poll_waker(poller.waker());
    match current::turning().filter(|core| Arc::ptr_eq(&core.shared, shared)) {
        Some(core) => core.poller.install(poller),
        None => {
            let command = move || {
                if let Some(core) = current::turning() {
                    core.poller.install(poller);
                }
            };
            drop(shared.post(Message::Command(Box::new(command))));
        }
    }
}
