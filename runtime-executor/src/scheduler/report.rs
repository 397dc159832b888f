//! Reports of turns: what they did, and when the next one is due.

use std::time::Instant;

/// The report of one [turn](crate::EventLoop::turn): what it did, and when the next one is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Messages taken from the inbox: wakes and spawns by other threads.
    pub received: usize,
    /// Timers that fired.
    pub fired: usize,
    /// Polls of tasks.
    pub polled: usize,
    /// Tasks that are alive.
    pub tasks: usize,
    /// When the loop needs its next turn.
    pub next: NextTurn,
}

/// When a loop needs its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextTurn {
    /// At once: something is ready.
    Now,
    /// At this time, or earlier if the loop is woken.
    At(Instant),
    /// When the loop is woken.
    OnWake,
}

/// The work of the turns since the counts were reset.
#[derive(Clone, Copy, Default)]
pub(crate) struct TurnCounts {
    pub(crate) received: usize,
    pub(crate) fired: usize,
    pub(crate) polled: usize,
}

impl TurnCounts {
    pub(crate) fn is_anything(&self) -> bool {
        self.received + self.fired + self.polled > 0
    }
}
