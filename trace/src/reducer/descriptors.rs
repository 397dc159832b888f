//! The registered descriptors.
//!
//! Threads other than the loop's may use descriptors. An operation that clears the readiness and
//! the event that sets it again may be numbered in either order, so the readiness of a direction is
//! shown, and not checked. A closed descriptor may still be reported, since the loop may have
//! received its event before.

use std::collections::HashMap;

use runtime_core::record::event::{IoDirection, TaskKeyBits};

use crate::reducer::change::{StateItem, StatePart};
use crate::reducer::ordered::OrderedItems;
use crate::reducer::step::Step;

/// The readiness of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TracedReadiness {
    /// No event has been received: the first operation is tried.
    Assumed,
    /// An event has reported the direction as ready.
    Ready,
    /// An operation has cleared the readiness.
    Cleared,
}

/// A registered descriptor.
#[derive(Clone, Debug)]
pub struct TracedSource {
    /// The readiness for reading.
    pub read: TracedReadiness,
    /// The readiness for writing.
    pub write: TracedReadiness,
    /// The waiting tasks. A task that waits no more is listed until the next event.
    pub waiting: Vec<(IoDirection, TaskKeyBits)>,
    place: u64,
    is_closed: bool,
}

/// The descriptors of a loop.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceTable {
    sources: HashMap<u64, TracedSource>,
    in_order: OrderedItems<u64>,
    next_place: u64,
    /// The descriptors that a task has awaited.
    awaited: HashMap<TaskKeyBits, Vec<u64>>,
}

impl SourceTable {
    pub(crate) fn get(&self, source: u64) -> Option<&TracedSource> {
        self.sources.get(&source).filter(|traced| !traced.is_closed)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        self.in_order.iter().copied()
    }

    pub(crate) fn registered(&mut self, source: u64, step: &mut Step<'_>) {
        let is_open = self.get(source).is_some();
        step.must(!is_open, || format!("socket {source} is registered a second time"));
        if is_open {
            self.close(source, step);
        }
        self.open(source, step);
    }

    fn open(&mut self, source: u64, step: &mut Step<'_>) {
        self.next_place += 1;
        let traced = TracedSource {
            read: TracedReadiness::Assumed,
            write: TracedReadiness::Assumed,
            waiting: Vec::new(),
            place: self.next_place,
            is_closed: false,
        };
        self.sources.insert(source, traced);
        self.in_order.insert(self.next_place, source);
        step.add(StatePart::Sources, StateItem::Source(source));
    }

    /// The rule that a descriptor is registered.
    fn must_be_open(&mut self, source: u64, act: &str, step: &mut Step<'_>) {
        if self.get(source).is_some() {
            return;
        }
        step.must_if_whole(false, || format!("socket {source} {act}, but it is not registered"));
        self.open(source, step);
    }

    pub(crate) fn ready(&mut self, source: u64, directions: [bool; 2], step: &mut Step<'_>) {
        if self.sources.get(&source).is_some_and(|traced| traced.is_closed) {
            return;
        }
        self.must_be_open(source, "becomes ready", step);
        let Some(traced) = self.sources.get_mut(&source) else { return };
        let [readable, writable] = directions;
        if readable {
            traced.read = TracedReadiness::Ready;
            traced.waiting.retain(|&(direction, _)| direction != IoDirection::Read);
        }
        if writable {
            traced.write = TracedReadiness::Ready;
            traced.waiting.retain(|&(direction, _)| direction != IoDirection::Write);
        }
        step.put(StatePart::Sources, StateItem::Source(source));
    }

    pub(crate) fn cleared(
        &mut self,
        source: u64,
        direction: IoDirection,
        readiness: TracedReadiness,
        step: &mut Step<'_>,
    ) {
        self.must_be_open(source, "is used", step);
        let Some(traced) = self.sources.get_mut(&source) else { return };
        match direction {
            IoDirection::Read => traced.read = readiness,
            IoDirection::Write => traced.write = readiness,
        }
        step.put(StatePart::Sources, StateItem::Source(source));
    }

    pub(crate) fn awaited(
        &mut self,
        source: u64,
        direction: IoDirection,
        task: Option<TaskKeyBits>,
        step: &mut Step<'_>,
    ) {
        self.must_be_open(source, "is awaited", step);
        let Some(traced) = self.sources.get_mut(&source) else { return };
        if let Some(waiter) = task.map(|task| (direction, task))
            && !traced.waiting.contains(&waiter)
        {
            traced.waiting.push(waiter);
            self.awaited.entry(waiter.1).or_default().push(source);
            step.put(StatePart::Sources, StateItem::Source(source));
        }
    }

    pub(crate) fn closed(&mut self, source: u64, step: &mut Step<'_>) {
        let is_open = self.get(source).is_some();
        step.must_if_whole(is_open, || format!("socket {source} is closed, but not registered"));
        self.close(source, step);
    }

    fn close(&mut self, source: u64, step: &mut Step<'_>) {
        let Some(traced) = self.sources.get_mut(&source) else { return };
        traced.is_closed = true;
        traced.waiting.clear();
        if self.in_order.remove(traced.place).is_some() {
            step.remove(StatePart::Sources, StateItem::Source(source));
        }
    }

    /// A task that has ended waits for nothing.
    pub(crate) fn task_ended(&mut self, task: TaskKeyBits, step: &mut Step<'_>) {
        for source in self.awaited.remove(&task).unwrap_or_default() {
            let Some(traced) = self.sources.get_mut(&source) else { continue };
            let before = traced.waiting.len();
            traced.waiting.retain(|&(_, waiting)| waiting != task);
            if traced.waiting.len() < before {
                step.put(StatePart::Sources, StateItem::Source(source));
            }
        }
    }

    pub(crate) fn clear(&mut self, step: &mut Step<'_>) {
        while let Some(source) = self.in_order.pop_first() {
            step.remove(StatePart::Sources, StateItem::Source(source));
        }
        self.sources.clear();
        self.awaited.clear();
    }
}
