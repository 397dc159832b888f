//! The parts that threads play in a recording.

use std::collections::HashMap;
use std::fmt;

use runtime_core::record::event::Event;

use crate::recording::Recording;

/// A lane of the drawing. In the order of the drawing: loops, workers, other threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum LaneKind {
    /// A thread that turns the loop, by order of appearance.
    Loop(u32),
    /// A row of the pool's worker table. The threads that used it in turn share one lane.
    Worker(u32),
    /// Any other thread, by its number.
    Other(u64),
}

impl fmt::Display for LaneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LaneKind::Loop(0) => f.write_str("loop"),
            LaneKind::Loop(number) => write!(f, "loop, thread {}", number + 1),
            LaneKind::Worker(row) => write!(f, "worker {row}"),
            LaneKind::Other(thread) => write!(f, "thread {thread}"),
        }
    }
}

/// The lanes of a recording's threads.
pub(crate) struct Threads {
    lanes: HashMap<u64, LaneKind>,
}

impl Threads {
    pub(crate) fn of(recording: &Recording) -> Threads {
        let mut lanes = HashMap::new();
        let mut loops = 0;
        for recorded in &recording.events {
            if lanes.contains_key(&recorded.thread) {
                continue;
            }
            if let Some(row) = own_row(&recorded.event) {
                lanes.insert(recorded.thread, LaneKind::Worker(row));
            } else if is_of_loop(&recorded.event) {
                lanes.insert(recorded.thread, LaneKind::Loop(loops));
                loops += 1;
            }
        }
        Threads { lanes }
    }

    pub(crate) fn lane_of(&self, thread: u64) -> LaneKind {
        self.lanes.get(&thread).copied().unwrap_or(LaneKind::Other(thread))
    }

    /// The lanes of the loop and of the workers, without repetition.
    pub(crate) fn lanes(&self) -> Vec<LaneKind> {
        let mut lanes: Vec<_> = self.lanes.values().copied().collect();
        lanes.sort_unstable();
        lanes.dedup();
        lanes
    }
}

/// The row of the worker whose own thread records this event.
fn own_row(event: &Event) -> Option<u32> {
    match *event {
        Event::JobTaken { worker, .. }
        | Event::JobEnded { worker, .. }
        | Event::WorkerStarted { worker }
        | Event::WorkerIdle { worker }
        | Event::MonitorBegan { worker }
        | Event::MonitorEnded { worker }
        | Event::WorkerRetired { worker } => Some(worker),
        _ => None,
    }
}

/// Returns whether only a thread that turns the loop records this event.
fn is_of_loop(event: &Event) -> bool {
    matches!(
        event,
        Event::LoopEntered
            | Event::LoopLeft
            | Event::TurnEnded { .. }
            | Event::BatchTaken { .. }
            | Event::Parked { .. }
            | Event::Unparked { .. }
            | Event::MainBegan { .. }
            | Event::MainEnded
            | Event::PollBegan { .. }
            | Event::PollEnded { .. }
            | Event::MessageReceived { .. }
    )
}
