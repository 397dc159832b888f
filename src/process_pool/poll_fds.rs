//! Waiting for a worker's reply, for its output, and for a deadline, all at once.

use std::io::PipeReader;
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

/// The readiness of the two descriptors.
pub(super) struct ReadyEnds {
    pub(super) socket: bool,
    pub(super) output: bool,
}

/// Waits until the socket or the output pipe is ready, or the deadline has passed. The wait may end
/// earlier, with neither descriptor ready.
pub(super) fn wait_for_either(
    socket: Option<(&UnixStream, PollFlags)>,
    output: Option<&PipeReader>,
    deadline: Deadline,
) -> ReadyEnds {
    let mut fds = Vec::with_capacity(2);
    fds.extend(socket.map(|(socket, events)| PollFd::new(socket, events)));
    fds.extend(output.map(|output| PollFd::new(output, PollFlags::IN)));
    if fds.is_empty() || poll(&mut fds, deadline.left().as_ref()).is_err() {
        // `poll` fails because of a signal or too little memory. The caller checks the deadline and
        // calls again.
        return ReadyEnds { socket: false, output: false };
    }
    let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
    ReadyEnds {
        socket: socket.is_some() && ready.next() == Some(true),
        output: output.is_some() && ready.next() == Some(true),
    }
}
