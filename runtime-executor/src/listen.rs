//! How a loop sleeps and hears: on its parker, and from the first socket on, where it listens.

use std::io;
use std::time::Instant;

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::park::Unparked;

use crate::reactor::Ear;
use crate::scheduler::core::Local;

impl Local {
    /// Whether there has been a socket.
    #[inline]
    pub(crate) fn has_ear(&self) -> bool {
        self.ear.borrow().is_some()
    }

    /// Looks at the sockets, if there are any, without sleeping, and wakes whom they concern.
    #[inline]
    pub(crate) fn look_at_sockets(&self) {
        if self.has_ear() {
            self.look_by_ear();
        }
    }

    #[inline(never)]
    fn look_by_ear(&self) {
        let is_of_use = self.ear.borrow().as_ref().is_some_and(Ear::is_of_use);
        if is_of_use {
            self.hear(Ear::look);
        }
    }

    /// Sleeps until a wake, the deadline, or an event; whom that concerns is woken.
    pub(crate) fn park(&self, until: Option<Instant>) -> Unparked {
        let parker = &self.remote.parker;
        if !self.has_ear() {
            return parker.park(until);
        }
        let mut unparked = Unparked::Expired;
        self.hear(|ear| {
            let (why, listened) = ear.park(parker, until);
            unparked = why;
            listened
        });
        unparked
    }

    /// Listens, if there is an ear, and wakes whom it concerns when nothing is borrowed.
    fn hear(&self, listen: impl FnOnce(&mut Ear) -> io::Result<()>) {
        let mut ear = self.ear.borrow_mut();
        let Some(listener) = ear.as_mut() else { return };
        if listen(listener).is_err() {
            // A kernel that fails once fails always, and would keep the loop from ever sleeping.
            // Without it every socket gives an error, and the loop goes on.
            let deaf = ear.take();
            drop(ear);
            drop_catching(deaf);
            return;
        }
        let mut called = listener.take_called();
        drop(ear);
        called.drain(..).for_each(|waker| catch_panic(|| waker.wake()));
        if let Some(listener) = self.ear.borrow_mut().as_mut() {
            listener.put_back(called);
        }
    }

    /// Takes the ear, which comes with the first registration.
    #[cfg(all(feature = "net", unix))]
    pub(crate) fn listen_with(&self, ear: Ear) {
        let former = self.ear.borrow_mut().replace(ear);
        drop_catching(former);
    }

    /// Ends the listening: whoever waits for a socket is told.
    pub(crate) fn stop_listening(&self) {
        let ear = self.ear.borrow_mut().take();
        drop_catching(ear);
    }
}
