//! Waiting for a worker: for its reply, for what it prints, and not for ever.

use std::io::PipeReader;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Until when to wait; for ever if there is none.
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

    /// Never too little, so that a wait that times out has really lasted so long.
    fn left(self) -> Option<Timespec> {
        let left = self.0?.saturating_duration_since(Instant::now());
        Some(Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        })
    }
}

/// What a look has found.
pub(super) struct ReadyEnds {
    pub(super) socket: bool,
    pub(super) output: bool,
}

/// Waits for either.
pub(super) fn wait_for_either(
    socket: Option<(&UnixStream, PollFlags)>,
    output: Option<&PipeReader>,
    deadline: Deadline,
) -> ReadyEnds {
    let mut watched = Vec::with_capacity(2);
    watched.extend(socket.map(|(socket, events)| PollFd::new(socket, events)));
    watched.extend(output.map(|output| PollFd::new(output, PollFlags::IN)));
    if watched.is_empty() || poll(&mut watched, deadline.left().as_ref()).is_err() {
        // A signal, or no memory: who waits looks at the time and comes again.
        return ReadyEnds { socket: false, output: false };
    }
    let mut ready = watched.iter().map(|fd| !fd.revents().is_empty());
    ReadyEnds {
        socket: socket.is_some() && ready.next() == Some(true),
        output: output.is_some() && ready.next() == Some(true),
    }
}
