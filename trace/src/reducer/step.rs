//! One event while it is applied: the changes that it makes, and the rules that it breaks.

use std::fmt;
use std::time::Duration;

use runtime_core::record::ring::TraceEvent;

use crate::reducer::change::{Change, StateItem, StatePart};

/// A rule of the runtime that a trace does not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The number of the event.
    pub seq: u64,
    /// The broken rule, as one sentence about the things of this event.
    pub sentence: String,
}

/// Writes `event 12: task `resize` is polled after its end`.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {}: {}", self.seq, self.sentence)
    }
}

/// One event while it is applied.
pub(crate) struct Step<'a> {
    pub(crate) seq: u64,
    pub(crate) time: Duration,
    pub(crate) thread: u64,
    /// The number from which on no event is missing.
    pub(crate) whole_since: u64,
    changes: Vec<Change>,
    /// The rows that this event has added, and not removed.
    added: Vec<(StatePart, StateItem)>,
    violations: &'a mut Vec<Violation>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(
        event: &TraceEvent,
        whole_since: u64,
        violations: &'a mut Vec<Violation>,
    ) -> Step<'a> {
        let TraceEvent { seq, time, thread, .. } = *event;
        Step { seq, time, thread, whole_since, changes: Vec::new(), added: Vec::new(), violations }
    }

    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// A row is new.
    pub(crate) fn add(&mut self, part: StatePart, item: StateItem) {
        self.added.push((part, item));
        self.changes.push(Change::Put(part, item));
    }

    /// The content of a row has changed.
    pub(crate) fn put(&mut self, part: StatePart, item: StateItem) {
        let change = Change::Put(part, item);
        if !self.changes.contains(&change) || self.changes.contains(&Change::Remove(part, item)) {
            self.changes.push(change);
        }
    }

    pub(crate) fn remove(&mut self, part: StatePart, item: StateItem) {
        let added = self.added.iter().position(|&added| added == (part, item));
        if let Some(index) = added {
            self.added.swap_remove(index);
            let put = self.changes.iter().rposition(|&change| change == Change::Put(part, item));
            put.map(|index| self.changes.remove(index));
            return;
        }
        self.changes.retain(|&change| change != Change::Put(part, item));
        self.changes.push(Change::Remove(part, item));
    }

    pub(crate) fn move_all(&mut self, from: StatePart, to: StatePart) {
        self.changes.push(Change::MoveAll(from, to));
    }

    /// Returns whether no event is missing since the beginning of the trace.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole_since == 0
    }

    /// A rule that holds for every trace.
    pub(crate) fn must(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        if !holds {
            self.blame(self.seq, sentence());
        }
    }

    /// A rule that a missing event may break.
    pub(crate) fn must_if_whole(&mut self, holds: bool, sentence: impl FnOnce() -> String) {
        self.must(holds || !self.is_whole(), sentence);
    }

    /// A violation by an event that may be an earlier one.
    pub(crate) fn blame(&mut self, seq: u64, sentence: String) {
        self.violations.push(Violation { seq, sentence });
    }
}
