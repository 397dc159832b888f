//! The thread that turns the loop, and its counts of a turn.

use std::time::Duration;

use crate::reducer::change::{LoopWord, StateItem, StatePart};
use crate::reducer::step::Step;

/// The phase of a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoopPhase {
    /// No thread turns the loop.
    #[default]
    Outside,
    /// A thread turns the loop.
    Turning,
    /// The loop's thread is parked, at most until the deadline.
    Parked {
        /// The deadline, since the beginning of the trace.
        deadline: Option<Duration>,
    },
}

/// The loop itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoopState {
    pub(crate) phase: LoopPhase,
    /// The thread that owns the loop.
    pub(crate) thread: Option<u64>,
    /// The number of the thread's calls that turn the loop: a task may close the loop.
    depth: u32,
    pub(crate) turns: u64,
    pub(crate) is_closed: bool,
    pub(crate) turn: TurnTally,
}

/// The counts of the turn so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TurnTally {
    pub(crate) received: u32,
    pub(crate) fired: u32,
    pub(crate) polled: u32,
    /// True if the main future was ready, which ends the turn before the rest of its batch.
    pub(crate) is_cut: bool,
    /// True if the loop's own counts of this turn may cover more or less than the trace.
    pub(crate) is_unknown: bool,
}

const PHASE: StateItem = StateItem::Loop(LoopWord::Phase);
const TURNS: StateItem = StateItem::Loop(LoopWord::Turns);

impl LoopState {
    /// The rule that an event belongs to the thread of the loop.
    pub(crate) fn must_be_here(&mut self, act: &str, step: &mut Step<'_>) {
        let thread = *self.thread.get_or_insert(step.thread);
        let own = step.thread;
        step.must(thread == own, || {
            format!("{act} on thread {own}, but the loop belongs to thread {thread}")
        });
    }

    /// The rule that the thread turns the loop, and is not parked.
    pub(crate) fn must_turn(&mut self, act: &str, step: &mut Step<'_>) {
        self.must_be_here(act, step);
        let phase = self.phase;
        match phase {
            LoopPhase::Turning => {}
            LoopPhase::Outside => {
                step.must_if_whole(false, || format!("{act} while no thread turns the loop"));
            }
            LoopPhase::Parked { .. } => {
                step.must(false, || format!("{act} while the loop is parked"));
            }
        }
    }

    /// The rule that a thread turns the loop. It may be parked: a park receives events of sockets.
    pub(crate) fn must_be_entered(&mut self, act: &str, step: &mut Step<'_>) {
        self.must_be_here(act, step);
        let is_entered = self.phase != LoopPhase::Outside;
        step.must_if_whole(is_entered, || format!("{act} while no thread turns the loop"));
    }

    fn enter_phase(&mut self, phase: LoopPhase, step: &mut Step<'_>) {
        self.phase = phase;
        step.put(StatePart::Loop, PHASE);
    }

    pub(crate) fn entered(&mut self, step: &mut Step<'_>) {
        self.must_be_here("a turn begins", step);
        self.depth += 1;
        if self.depth == 1 {
            self.enter_phase(LoopPhase::Turning, step);
        }
    }

    /// Returns whether no call on the thread's stack turns the loop any more.
    pub(crate) fn left(&mut self, step: &mut Step<'_>) -> bool {
        self.must_be_entered("the loop is left", step);
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 {
            return false;
        }
        self.enter_phase(LoopPhase::Outside, step);
        let TurnTally { received, fired, polled, .. } = self.turn;
        if received + fired + polled > 0 {
            self.turn = TurnTally { is_unknown: true, ..TurnTally::default() };
        }
        true
    }

    pub(crate) fn parked(&mut self, deadline: Option<Duration>, step: &mut Step<'_>) {
        self.must_turn("the loop parks", step);
        self.enter_phase(LoopPhase::Parked { deadline }, step);
    }

    pub(crate) fn unparked(&mut self, step: &mut Step<'_>) {
        self.must_be_here("a park ends", step);
        let is_parked = matches!(self.phase, LoopPhase::Parked { .. });
        step.must_if_whole(is_parked, || "a park ends that has not begun".into());
        self.enter_phase(LoopPhase::Turning, step);
    }

    /// Compares the loop's own counts of the turn with those of the trace.
    pub(crate) fn turn_ended(&mut self, counts: [u32; 3], step: &mut Step<'_>) {
        self.must_turn("a turn ends", step);
        let turn = std::mem::take(&mut self.turn);
        self.turns += 1;
        step.put(StatePart::Loop, TURNS);
        if turn.is_unknown {
            return;
        }
        let [received, fired, polled] = counts;
        step.must_if_whole(received == turn.received, || {
            format!(
                "the turn has received {received} messages, but the trace has {}",
                turn.received
            )
        });
        step.must_if_whole(fired == turn.fired, || {
            format!("the turn has fired {fired} timers, but the trace has {}", turn.fired)
        });
        let is_polled = polled == turn.polled || (turn.is_cut && polled > turn.polled);
        step.must_if_whole(is_polled, || {
            format!("the turn has taken up {polled} keys, but the trace has {}", turn.polled)
        });
    }

    pub(crate) fn forget(&mut self, step: &mut Step<'_>) {
        let (thread, turns) = (self.thread, self.turns);
        *self = LoopState { thread, turns, ..LoopState::default() };
        self.turn.is_unknown = true;
        step.put(StatePart::Loop, PHASE);
    }
}
