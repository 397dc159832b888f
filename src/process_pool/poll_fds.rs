//! Waiting for a worker's reply, its output, its exit, and a deadline, all at once.

use std::io::PipeReader;
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

    pub(super) fn has_passed(self) -> bool {
        self.0.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// The time left, never rounded down: a wait that times out has lasted until the deadline.
    fn left(self) -> Option<Timespec> {
        let left = self.0?.saturating_duration_since(Instant::now());
        Some(Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        })
    }
}

/// The descriptors of one worker that a wait watches.
pub(super) struct WorkerEnds<'ends> {
    pub(super) socket: Option<(&'ends UnixStream, PollFlags)>,
    pub(super) output: Option<&'ends PipeReader>,
    /// A pidfd, which becomes readable when the process exits.
    pub(super) exit: Option<&'ends OwnedFd>,
}

/// The readiness of the descriptors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReadyEnds {
    pub(super) socket: bool,
    pub(super) output: bool,
    pub(super) exit: bool,
}

/// Waits until one of the descriptors is ready, or the deadline has passed. The wait may end
/// earlier, with no descriptor ready.
pub(super) fn wait_for_any(ends: &WorkerEnds<'_>, deadline: Deadline) -> ReadyEnds {
    let mut fds = Vec::with_capacity(3);
    fds.extend(ends.socket.map(|(socket, events)| PollFd::new(socket, events)));
    fds.extend(ends.output.map(|output| PollFd::new(output, PollFlags::IN)));
    fds.extend(ends.exit.map(|exit| PollFd::new(exit, PollFlags::IN)));
    if fds.is_empty() || poll(&mut fds, deadline.left().as_ref()).is_err() {
        // `poll` fails because of a signal or too little memory. The caller checks the deadline and
        // calls again.
        return ReadyEnds::default();
    }
    let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
    ReadyEnds {
        socket: ends.socket.is_some() && ready.next() == Some(true),
        output: ends.output.is_some() && ready.next() == Some(true),
        exit: ends.exit.is_some() && ready.next() == Some(true),
    }
}
