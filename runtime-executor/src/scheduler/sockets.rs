//! The connection of the scheduler to the reactor: registration of sockets, and the descriptor that
//! a host watches.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;

use crate::reactor::{self, Interest, Poller, Registration, Selector, ShortTransfer};
use crate::scheduler::current;
use crate::scheduler::event_loop::EventLoop;
use crate::scheduler::handle::Handle;
use crate::scheduler::shared::Shared;
use crate::scheduler::socket_watch::SocketWatcher;
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
        let registration = self.register_at_first_wait(descriptor, short_transfer)?;
        registration.add_interest(interest)?;
        Ok(registration)
    }

    /// Like [`register`](Handle::register), but the operating system is asked to report a direction
    /// of the descriptor when a task first waits for that direction. Until then the descriptor
    /// costs no system call.
    ///
    /// # Errors
    /// If no descriptor is left for the loop's selector, the loop is gone, or this process is a
    /// forked child of the process that made the loop. The operating system's errors of a
    /// registration are results of the first wait.
    pub fn register_at_first_wait(
        &self,
        descriptor: BorrowedFd<'_>,
        short_transfer: ShortTransfer,
    ) -> io::Result<Registration> {
        let shared = self.shared();
        shared.process.check().map_err(io::Error::other)?;
        let deliver = |poller| deliver(shared, poller);
        Registration::new(&shared.reactor, descriptor, short_transfer, deliver)
    }
}

impl EventLoop {
    /// Returns a descriptor that is readable while this loop has events of sockets to receive, and
    /// from a wake that finds the loop [detached](EventLoop::turn) until the next turn.
    ///
    /// # Errors
    /// The errors of the operating system. Another error in a forked child of the process that made
    /// the loop.
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        let descriptor = self.watched_selector()?.descriptor()?;
        self.core.shared.parker.signal_host_by_poll_waker();
        self.attend();
        Ok(descriptor)
    }

    /// Returns the body of a helper thread that unparks this loop when there are events of sockets,
    /// so that these events [call the hook](EventLoop::set_wake_hook), too.
    ///
    /// # Errors
    /// Those of [`descriptor`](EventLoop::descriptor).
    pub fn socket_watcher(&self) -> io::Result<SocketWatcher> {
        SocketWatcher::new(Arc::clone(&self.core.shared), self.watched_selector()?)
    }

    fn watched_selector(&self) -> io::Result<Arc<dyn Selector>> {
        let shared = &self.core.shared;
        shared.process.check().map_err(io::Error::other)?;
        let selector = reactor::watch(&shared.reactor, |poller| self.core.poller.install(poller))?;
        // Another thread that has opened the selector may not have come this far yet.
        shared.parker.set_poll_waker(reactor::waker(&selector));
        Ok(selector)
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
            shared.post_command(command);
        }
    }
}
