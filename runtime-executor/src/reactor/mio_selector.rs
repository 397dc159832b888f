//! The system, by mio: epoll on Linux, kqueue on the BSDs and macOS.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use super::registry::ALARM;
use super::selector::{Kernel, Listen, Opened, Readiness};

/// How much is heard at a time. What is more is heard by the next look.
const EVENTS_MAX: usize = 256;

/// Of urgent data an event tells only if it is asked for.
#[cfg(any(target_os = "linux", target_os = "android"))]
const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE).add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Whether an event that seems to tell of data alone does so, and a short read empties what it came
/// from: see `readiness.rs`.
const DATA_CAN_BE_ALONE: bool = cfg!(any(target_os = "linux", target_os = "android"));

pub(super) fn open() -> io::Result<Opened> {
    let poll = Poll::new()?;
    let alarm = Waker::new(poll.registry(), Token(ALARM))?;
    let registry = poll.registry().try_clone()?;
    let listener = MioListener { poll, events: Events::with_capacity(EVENTS_MAX) };
    Ok((Arc::new(MioKernel { registry, alarm }), Box::new(listener)))
}

struct MioKernel {
    registry: Registry,
    alarm: Waker,
}

impl Kernel for MioKernel {
    fn register(&self, descriptor: RawFd, token: usize) -> io::Result<()> {
        self.registry.register(&mut SourceFd(&descriptor), Token(token), INTEREST)
    }

    fn deregister(&self, descriptor: RawFd) -> io::Result<()> {
        self.registry.deregister(&mut SourceFd(&descriptor))
    }

    fn ring(&self) {
        // It adds one to a counter of the system's, which mio resets when it is full.
        let _cannot_fail = self.alarm.wake();
    }

    fn descriptor(&self) -> io::Result<OwnedFd> {
        self.registry.as_fd().try_clone_to_owned()
    }
}

struct MioListener {
    poll: Poll,
    events: Events,
}

impl Listen for MioListener {
    fn listen(
        &mut self,
        at_most: Option<Duration>,
        heard: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<()> {
        match self.poll.poll(&mut self.events, at_most) {
            Ok(()) => {}
            // A signal. The loop computes the time that is left anew.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        for event in &self.events {
            if event.token() != Token(ALARM) {
                heard.push((event.token().0, readiness(event)));
            }
        }
        Ok(())
    }
}

/// Who waits learns of an error or a hang-up by trying again.
#[inline]
fn readiness(event: &Event) -> Readiness {
    let (no_more, nobody_reads) = (event.is_read_closed(), event.is_write_closed());
    let is_error = event.is_error();
    Readiness {
        readable: event.is_readable() | no_more | is_error,
        writable: event.is_writable() | nobody_reads | is_error,
        beside_data: no_more | nobody_reads | is_error | event.is_priority() | !DATA_CAN_BE_ALONE,
    }
}
