//! The reducer: the state of a runtime after each event of its trace, and the rules of the runtime.
//!
//! [`Reducer::apply`] takes the events in order. It rebuilds the loop, the ready queue, the batch,
//! the inbox, the tasks, the timers, the sockets and the pool, and returns the changes. It compares
//! its counts with the runtime's own counts in each `TurnEnded` and `PoolCounts`, and checks the
//! rules below. A broken rule is a [`Violation`]. It is never a panic, and the reducer continues
//! with the state that the event implies.
//!
//! # Rules
//!
//! - A task is in one place: queued, polled, waiting or ended. Its key is in the ready queue or the
//!   batch once at most.
//! - A task is polled only if its key is in the batch, while the loop turns, one task at a time,
//!   and never after its end. A key that the loop skips belongs to no task.
//! - A batch is the whole ready queue, and begins when the last batch has been taken up.
//! - The loop parks only if no key is queued, and not past the deadline of a timer.
//! - A wake is queued, or finds the key queued already, by the flag `ready` of its waker. A message
//!   is posted, or a wake elided, by the flag `posted`: [`inbox`] has the rules.
//! - A message is received only if one was posted, and a command only if one was sent.
//! - A timer is set once, and fires once, not before its deadline, in the order of the deadlines.
//! - A descriptor is used only while it is registered.
//! - A job is queued once, then run by one worker or discarded. A worker has one role at a time,
//!   and runs one job. There is one monitor at most. A closed pool accepts no job.
//! - The events of the loop are of one thread, and the events of a worker are of its thread.
//!
//! A waker may be used after the end of its task. Such a wake puts a key into the ready queue that
//! belongs to no task; the loop skips it. The rules therefore allow the wake, and forbid the poll.
//!
//! # The order of events
//!
//! The number of an event precedes its effect on other threads, and follows the effect that it
//! reports. Events of the loop come from one thread, and events of the pool are recorded under its
//! lock, so these are in the order in which they took effect, and their rules are exact. A wake by
//! another thread takes effect between its number and the next event of its thread: its rules hold
//! for each moment between the two. The readiness of a descriptor is not checked, because
//! operations of other threads are in no order with the events of the loop.
//!
//! # Missing events
//!
//! If numbers are missing before an event, the reducer forgets everything but names, and adopts
//! each task, job, timer, descriptor and worker that a later event names. From then on, a rule is
//! checked only if no missing event could explain the breach: a task is still not polled after an
//! end that the trace contains, but its key may be in no known queue. Counts are not compared.

pub mod change;
pub mod descriptors;
mod dispatch;
pub mod event_loop;
pub mod inbox;
pub mod jobs;
mod ordered;
mod ready_queue;
mod rows;
pub(crate) mod state;
mod step;
pub mod tasks;
pub mod timers;
pub mod workers;

use std::time::Instant;

use runtime_core::record::ring::TraceEvent;

use crate::recording::Recording;
pub use crate::reducer::change::{Change, StateItem, StatePart, StateRow};
pub use crate::reducer::state::State;
use crate::reducer::step::Step;
pub use crate::reducer::step::Violation;

/// Rebuilds the state of a runtime from the events of its trace.
///
/// ```
/// use aside_trace::{Recording, Reducer};
///
/// let recording = Recording::default();
/// let mut reducer = Reducer::new(&recording);
/// for event in &recording.events {
///     let changes = reducer.apply(event);
///     println!("event {} has changed {} rows", event.seq, changes.len());
/// }
/// assert!(reducer.violations().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Reducer {
    origin: Option<Instant>,
    state: State,
    violations: Vec<Violation>,
    next_seq: u64,
    whole_since: u64,
}

impl Reducer {
    /// The rules that a recording breaks.
    pub fn check(recording: &Recording) -> Vec<Violation> {
        let mut reducer = Reducer::new(recording);
        for event in &recording.events {
            reducer.apply(event);
        }
        reducer.violations
    }

    /// A reducer of this recording. It has applied no event.
    pub fn new(recording: &Recording) -> Reducer {
        Reducer {
            origin: recording.origin,
            state: State::default(),
            violations: Vec::new(),
            next_seq: 0,
            whole_since: 0,
        }
    }

    pub(crate) fn origin(&self) -> Option<Instant> {
        self.origin
    }

    /// The state after the last event.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The rules that the events so far have broken.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Applies the next event, and returns what it changes.
    pub fn apply(&mut self, event: &TraceEvent) -> Vec<Change> {
        let is_missing = event.seq > self.next_seq;
        if is_missing {
            self.whole_since = event.seq;
        }
        let mut step = Step::new(event, self.whole_since, &mut self.violations);
        step.must(event.seq >= self.next_seq, || "the numbers of the events decrease".into());
        self.next_seq = self.next_seq.max(event.seq.saturating_add(1));
        if is_missing {
            self.state.forget(&mut step);
        }
        let is_loop = self.state.loop_thread() == Some(event.thread);
        let State { inbox, tasks, .. } = &mut self.state;
        inbox.thread_goes_on(is_loop, |key| tasks.name(key), &mut step);
        let origin = self.origin;
        let time = |deadline: Instant| {
            origin.map(|origin| deadline.saturating_duration_since(origin)).unwrap_or_default()
        };
        self.state.apply(&event.event, time, &mut step);
        step.into_changes()
    }
}

#[cfg(test)]
mod tests;
