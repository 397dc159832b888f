//! Reports of turns: what they did, and when the next turn is due.

use std::error::Error;
use std::fmt;
#[cfg(feature = "record")]
use std::mem;
use std::time::{Duration, Instant};

use runtime_core::debug_as_message;

/// The report of one [turn](crate::EventLoop::turn): what the turn did, and when the next turn is
/// due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// The number of messages taken from the inbox: wakes and spawns by other threads.
    pub received: usize,
    /// The number of timers that fired.
    pub fired: usize,
    /// The number of polls of tasks.
    pub polled: usize,
    /// The number of tasks that are alive.
    pub tasks: usize,
    /// The time at which the loop needs its next turn.
    pub next: NextTurn,
}

/// The time at which a loop needs its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextTurn {
    /// At once: something is ready.
    Now,
    /// At this time, or earlier if the loop is woken.
    At(Instant),
    /// When the loop is woken.
    OnWake,
}

impl NextTurn {
    /// Returns for how long a host may sleep before the turn: zero for [`Now`](NextTurn::Now), and
    /// `None`, without a limit, for [`OnWake`](NextTurn::OnWake).
    ///
    /// A host whose timers are coarser than this duration rounds it *up*. A duration that is
    /// rounded down to zero makes the host turn in vain until the deadline has passed.
    pub fn timeout(self) -> Option<Duration> {
        match self {
            NextTurn::Now => Some(Duration::ZERO),
            NextTurn::At(deadline) => Some(deadline.saturating_duration_since(Instant::now())),
            NextTurn::OnWake => None,
        }
    }
}

/// The error of a turn inside a turn of the same loop. The loop runs one turn at a time: the task
/// that is being polled further up on the thread's stack must return first.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlreadyTurning;

impl fmt::Display for AlreadyTurning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the loop is being turned by a call further up on this thread's stack")
    }
}

debug_as_message!(AlreadyTurning);

impl Error for AlreadyTurning {}

/// The amount of work that the turns have done since the counts were reset.
#[derive(Clone, Copy, Default)]
pub(crate) struct TurnCounts {
    pub(crate) received: usize,
    pub(crate) fired: usize,
    pub(crate) polled: usize,
    /// The amount that the recorder has seen.
    #[cfg(feature = "record")]
    recorded: [usize; 3],
}

impl TurnCounts {
    /// The messages, timers and polls since the last call.
    #[cfg(feature = "record")]
    pub(crate) fn take_unrecorded(&mut self) -> [usize; 3] {
        let all = [self.received, self.fired, self.polled];
        let seen = mem::replace(&mut self.recorded, all);
        std::array::from_fn(|count| all[count] - seen[count])
    }

    pub(crate) fn is_anything(&self) -> bool {
        self.received + self.fired + self.polled > 0
    }
}
