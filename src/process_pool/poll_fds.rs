//! Waiting for a worker's reply, its exit, and a deadline, all at once.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The time at which a wait ends; `None` means never.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    pub(super) fn now() -> Deadline {
        Deadline(Some(Instant::now()))
    }

    pub(super) fn after(limit: Option<Duration>) -> Deadline {
        Deadline(limit.and_then(|limit| Instant::now().checked_add(limit)))
    }

    /// This deadline, or the end of a slice of time that begins now, whichever is earlier.
    pub(super) fn or_after(self, slice: Duration) -> Deadline {
        let slice = Instant::now() + slice;
        Deadline(Some(self.0.map_or(slice, |deadline| deadline.min(slice))))
    }

    pub(super) fn instant(self) -> Option<Instant> {
        self.0
    }

    pub(super) fn has_passed(self) -> bool {
        self.0.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// The time left, never rounded down: a wait that times out has lasted until the deadline.
    fn left(self) -> Option<Timespec> {
        let left = self.0?.saturating_duration_since(Instant::now());
        Some(Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            // The type depends on the system. Less than a second fits each of them.
            tv_nsec: left.subsec_nanos() as _,
        })
    }
}

/// The readiness of a worker's descriptors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReadyEnds {
    pub(super) socket: bool,
    /// The process has exited.
    pub(super) exit: bool,
}

/// Waits until the socket is ready, the process of the pidfd has exited, or the deadline has
/// passed. The wait may end earlier, with no descriptor ready.
pub(super) fn wait_for_either(
    socket: (&UnixStream, PollFlags),
    exit: Option<&OwnedFd>,
    deadline: Deadline,
) -> ReadyEnds {
    let mut fds = Vec::with_capacity(2);
    fds.push(PollFd::new(socket.0, socket.1));
    fds.extend(exit.map(|exit| PollFd::new(exit, PollFlags::IN)));
    if poll(&mut fds, deadline.left().as_ref()).is_err() {
        // `poll` fails because of a signal or too little memory. The caller checks the deadline and
        // calls again.
        return ReadyEnds::default();
    }
    let is_ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
    ReadyEnds { socket: is_ready(&fds[0]), exit: fds.get(1).is_some_and(is_ready) }
}
