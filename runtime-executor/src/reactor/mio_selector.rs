//! The selector of the operating system, through mio: epoll on Linux, kqueue on the BSDs and macOS.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Poll, Registry, Waker};

use super::selector::{
    EVENTS_MAX, Interest, ReadinessEvent, Selector, SelectorParts, Token, WaitForEvents,
    WaitUntilReadable,
};

/// The longest wait. epoll takes its timeout as 32 bits of milliseconds (24 days), and kqueue
/// rejects a timeout of more than some years. A wait may end early, so a longer one is divided.
const TIMEOUT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The events that are requested for reads. Urgent data is reported only on request.
#[cfg(any(target_os = "linux", target_os = "android"))]
const READABLE: mio::Interest = mio::Interest::READABLE.add(mio::Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const READABLE: mio::Interest = mio::Interest::READABLE;

/// True on systems whose events show every condition other than data. On these systems, a short
/// transfer clears the readiness if the last event showed data alone: see `readiness.rs`.
const SHOWS_MORE_THAN_DATA: bool = cfg!(any(target_os = "linux", target_os = "android"));

pub(super) fn open() -> io::Result<SelectorParts> {
    let poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), mio_token(Token::WAKER))?;
    let registry = poll.registry().try_clone()?;
    let wait = MioPoll { poll, events: Events::with_capacity(EVENTS_MAX) };
    Ok((Arc::new(MioSelector { registry, waker }), Box::new(wait)))
}

struct MioSelector {
    registry: Registry,
    waker: Waker,
}

impl Selector for MioSelector {
    fn register(&self, descriptor: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let (token, interest) = (mio_token(token), mio_interest(interest));
        self.registry.register(&mut SourceFd(&descriptor), token, interest)
    }

    fn reregister(&self, descriptor: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let (token, interest) = (mio_token(token), mio_interest(interest));
        self.registry.reregister(&mut SourceFd(&descriptor), token, interest)
    }

    fn deregister(&self, descriptor: RawFd) -> io::Result<()> {
        self.registry.deregister(&mut SourceFd(&descriptor))
    }

    fn wake(&self) {
        // The wake increments a counter in the kernel. mio resets the counter when it is full.
        let _cannot_fail = self.waker.wake();
    }

    fn descriptor(&self) -> io::Result<OwnedFd> {
        self.registry.as_fd().try_clone_to_owned()
    }

    fn watch(&self) -> io::Result<Box<dyn WaitUntilReadable>> {
        let watched = self.descriptor()?;
        let poll = Poll::new()?;
        poll.registry().register(
            &mut SourceFd(&watched.as_raw_fd()),
            WATCHED,
            mio::Interest::READABLE,
        )?;
        Ok(Box::new(MioWatch { poll, watched, events: Events::with_capacity(1) }))
    }
}

/// A second selector, which watches the descriptor of the first one.
struct MioWatch {
    poll: Poll,
    watched: OwnedFd,
    events: Events,
}

/// The token of the only descriptor of a second selector.
const WATCHED: mio::Token = mio::Token(0);

impl WaitUntilReadable for MioWatch {
    fn wait_until_readable(&mut self) -> io::Result<()> {
        // The descriptor is registered edge-triggered. Registering it again reports it at once if
        // it has been readable since before this call.
        let watched = self.watched.as_raw_fd();
        let watched = &mut SourceFd(&watched);
        self.poll.registry().reregister(watched, WATCHED, mio::Interest::READABLE)?;
        loop {
            match self.poll.poll(&mut self.events, None) {
                Ok(()) if self.events.is_empty() => {}
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

struct MioPoll {
    poll: Poll,
    events: Events,
}

impl WaitForEvents for MioPoll {
    fn wait(
        &mut self,
        timeout: Option<Duration>,
        events: &mut Vec<ReadinessEvent>,
    ) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.min(TIMEOUT_MAX));
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal interrupted the wait. The loop computes the remaining time again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        for event in &self.events {
            if event.token() != mio_token(Token::WAKER) {
                events.push(readiness_event(event));
            }
        }
        Ok(())
    }
}

fn mio_token(Token(token): Token) -> mio::Token {
    mio::Token(token)
}

fn mio_interest(interest: Interest) -> mio::Interest {
    match (interest.is_readable(), interest.is_writable()) {
        (true, true) => READABLE.add(mio::Interest::WRITABLE),
        (true, false) => READABLE,
        (false, _) => mio::Interest::WRITABLE,
    }
}

/// Translates an event. An error or a hang-up makes the descriptor ready, so that the task tries
/// again and gets the error.
#[inline]
fn readiness_event(event: &Event) -> ReadinessEvent {
    let (read_closed, write_closed) = (event.is_read_closed(), event.is_write_closed());
    let is_error = event.is_error();
    let shows_more = read_closed | write_closed | is_error | event.is_priority();
    ReadinessEvent {
        token: Token(event.token().0),
        readable: event.is_readable() | read_closed | is_error,
        writable: event.is_writable() | write_closed | is_error,
        beyond_data: shows_more | !SHOWS_MORE_THAN_DATA,
    }
}
