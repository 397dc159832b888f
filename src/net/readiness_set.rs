//! Readiness of both directions of a descriptor: a set of directions, and the ticks at which they
//! were seen as ready.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;

use runtime_executor::reactor::{Direction, Interest, Registration, Tick};

/// The directions in which a socket was ready when a wait returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ready {
    readable: bool,
    writable: bool,
}

impl Ready {
    /// Ready for reads alone.
    pub const READABLE: Ready = Ready { readable: true, writable: false };

    /// Ready for writes alone.
    pub const WRITABLE: Ready = Ready { readable: false, writable: true };

    /// Returns whether a read was reported as possible. Accepting a connection and finding the end
    /// of the stream are reads.
    pub const fn is_readable(self) -> bool {
        self.readable
    }

    /// Returns whether a write was reported as possible.
    pub const fn is_writable(self) -> bool {
        self.writable
    }
}

/// The ticks of the directions that were ready at some time. `None` if the direction was not ready,
/// or has been cleared since.
pub(super) struct SeenTicks<'a> {
    registration: &'a Registration,
    read: Option<Tick>,
    write: Option<Tick>,
}

impl<'a> SeenTicks<'a> {
    pub(super) fn of(
        registration: &'a Registration,
        direction: Direction,
        tick: Tick,
    ) -> SeenTicks<'a> {
        match direction {
            Direction::Read => SeenTicks { registration, read: Some(tick), write: None },
            Direction::Write => SeenTicks { registration, read: None, write: Some(tick) },
        }
    }

    /// Returns the ticks for an operation that is tried now, whatever is ready.
    pub(super) fn now(
        registration: &'a Registration,
        interest: Interest,
    ) -> io::Result<SeenTicks<'a>> {
        // Each call also finds out whether the loop is gone.
        let read = registration.current_tick(Direction::Read)?;
        let write = registration.current_tick(Direction::Write)?;
        Ok(SeenTicks {
            registration,
            read: read.filter(|_| interest.is_readable()),
            write: write.filter(|_| interest.is_writable()),
        })
    }

    /// Waits until an event has reported a direction of interest as ready.
    pub(super) async fn wait(
        registration: &'a Registration,
        interest: Interest,
    ) -> io::Result<SeenTicks<'a>> {
        let mut reads = pin!(registration.ready(Direction::Read));
        let mut writes = pin!(registration.ready(Direction::Write));
        poll_fn(|cx| {
            let mut seen = SeenTicks { registration, read: None, write: None };
            if interest.is_readable()
                && let Poll::Ready(tick) = reads.as_mut().poll(cx)
            {
                seen.read = Some(tick?);
            }
            if interest.is_writable()
                && let Poll::Ready(tick) = writes.as_mut().poll(cx)
            {
                seen.write = Some(tick?);
            }
            if seen.read.is_none() && seen.write.is_none() {
                return Poll::Pending;
            }
            Poll::Ready(Ok(seen))
        })
        .await
    }

    pub(super) fn ready(&self) -> Ready {
        Ready { readable: self.read.is_some(), writable: self.write.is_some() }
    }

    /// Clears the readiness. Reports that are newer than the ticks are kept.
    pub(super) fn clear(&mut self) {
        self.clear_matching(Ready { readable: true, writable: true });
    }

    /// Clears the readiness of some directions, as `clear` does.
    pub(super) fn clear_matching(&mut self, directions: Ready) {
        if let Some(seen) = self.read.take_if(|_| directions.readable) {
            self.registration.clear(Direction::Read, seen);
        }
        if let Some(seen) = self.write.take_if(|_| directions.writable) {
            self.registration.clear(Direction::Write, seen);
        }
    }

    /// Clears the readiness if the result says that the operation would have blocked.
    pub(super) fn clear_if_blocked<R>(&mut self, result: &io::Result<R>) -> bool {
        let is_blocked =
            result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        if is_blocked {
            self.clear();
        }
        is_blocked
    }
}

impl fmt::Debug for SeenTicks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ready().fmt(f)
    }
}
