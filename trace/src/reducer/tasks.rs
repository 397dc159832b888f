//! The tasks: their lives and their polls.

use std::collections::HashMap;
use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_core::record::event::{MAIN_KEY, TaskKeyBits};

use crate::reducer::change::{StateItem, StatePart};
use crate::reducer::ordered::OrderedItems;
use crate::reducer::step::Step;

/// A task, or the main future.
#[derive(Clone, Debug)]
pub struct TracedTask {
    /// Number, name and location. `None` if the spawn was lost.
    pub metadata: Option<Metadata>,
    /// The place of the task.
    pub phase: TaskPhase,
    /// The time since which the task is in this place.
    pub since: Duration,
    /// The number of polls that have begun.
    pub polls: u64,
    /// True if the task was cancelled instead of being polled.
    pub is_cancelled: bool,
    /// The number of the event of its end.
    pub(super) ended: u64,
    /// True while the key is in the ready queue or the batch. It stays true if the loop has skipped
    /// the key.
    pub(super) is_flagged: bool,
    /// The number of the event that has shown the flag. If it precedes missing events, the flag is
    /// unknown.
    pub(super) flag_seen: u64,
    pub(super) queued: Queued,
    /// The place among the tasks that are alive.
    pub(super) place: u64,
}

/// The place of a task: a task is in one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskPhase {
    /// Its key is in the ready queue or the batch.
    Queued,
    /// It is being polled.
    Polling,
    /// It waits for a wake.
    Waiting,
    /// Its future is ready, and its end follows.
    Ending,
    /// It has ended, or it was never spawned.
    Ended,
}

/// The queue that holds a key, and the place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queued {
    No,
    Ready(u64),
    Batch(u64),
}

/// The tasks, the ready queue and the batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskTable {
    pub(super) tasks: HashMap<TaskKeyBits, TracedTask>,
    pub(super) alive: OrderedItems<TaskKeyBits>,
    pub(super) ready: OrderedItems<TaskKeyBits>,
    pub(super) batch: OrderedItems<TaskKeyBits>,
    pub(super) next_place: u64,
    pub(super) polled: Option<TaskKeyBits>,
    /// The task whose last poll has ended.
    pub(super) ending: Option<TaskKeyBits>,
}

impl TracedTask {
    pub(super) fn unknown() -> TracedTask {
        TracedTask {
            metadata: None,
            phase: TaskPhase::Ended,
            since: Duration::ZERO,
            polls: 0,
            is_cancelled: false,
            ended: 0,
            is_flagged: false,
            flag_seen: 0,
            queued: Queued::No,
            place: 0,
        }
    }

    pub(super) fn enter(&mut self, phase: TaskPhase, step: &Step<'_>) {
        self.phase = phase;
        self.since = step.time;
    }

    /// The place of a task that is not being polled.
    pub(super) fn resting(&self) -> TaskPhase {
        if self.queued == Queued::No { TaskPhase::Waiting } else { TaskPhase::Queued }
    }
}

/// Queries.
impl TaskTable {
    pub(crate) fn get(&self, key: TaskKeyBits) -> Option<&TracedTask> {
        self.tasks.get(&key)
    }

    /// The tasks that are alive, in the order of their spawns, and the main future.
    pub(crate) fn alive(&self) -> impl Iterator<Item = TaskKeyBits> {
        self.alive.iter().copied()
    }

    pub(crate) fn ready(&self) -> &OrderedItems<TaskKeyBits> {
        &self.ready
    }

    pub(crate) fn batch(&self) -> &OrderedItems<TaskKeyBits> {
        &self.batch
    }

    pub(crate) fn polled(&self) -> Option<TaskKeyBits> {
        self.polled
    }

    pub(crate) fn is_alive(&self, key: TaskKeyBits) -> bool {
        self.tasks.get(&key).is_some_and(|task| task.phase != TaskPhase::Ended)
    }

    /// The number of tasks that are alive, without the main future.
    pub(crate) fn alive_count(&self) -> usize {
        self.alive.len() - usize::from(self.is_alive(MAIN_KEY))
    }

    /// Returns whether the key is in the ready queue or the batch.
    pub(crate) fn is_queued(&self, key: TaskKeyBits) -> bool {
        self.tasks.get(&key).is_some_and(|task| task.queued != Queued::No)
    }

    pub(crate) fn name(&self, key: TaskKeyBits) -> String {
        if key == MAIN_KEY {
            return "main".into();
        }
        match self.tasks.get(&key).and_then(|task| task.metadata.as_ref()) {
            Some(metadata) => task_name(metadata),
            None => format!("the unknown task of slot {}", key as u32),
        }
    }
}

/// The name of a task in sentences.
pub(crate) fn task_name(metadata: &Metadata) -> String {
    match metadata.name() {
        Some(name) => format!("task `{name}`"),
        None => format!("task {}", metadata.id()),
    }
}

/// The row of a queued key shows whether its task has ended.
fn put_queued(queued: Queued, key: TaskKeyBits, step: &mut Step<'_>) {
    match queued {
        Queued::No => {}
        Queued::Ready(_) => step.put(StatePart::Ready, StateItem::Task(key)),
        Queued::Batch(_) => step.put(StatePart::Batch, StateItem::Task(key)),
    }
}

/// Lives.
impl TaskTable {
    pub(crate) fn spawned(&mut self, key: TaskKeyBits, metadata: &Metadata, step: &mut Step<'_>) {
        if self.is_alive(key) {
            let (old, new) = (self.name(key), task_name(metadata));
            step.must(false, || format!("{new} takes over the key of {old}, which has not ended"));
            self.end(key, step);
        }
        let task = self.tasks.entry(key).or_insert_with(TracedTask::unknown);
        task.metadata = Some(metadata.clone());
        task.polls = 0;
        task.is_cancelled = false;
        // A key with a flag is not taken over, except by the main future, which has one waker.
        if key != MAIN_KEY {
            task.flag_seen = step.seq;
        }
        self.begin(key, step);
        self.push(key, step);
    }

    /// Makes a task alive. It waits.
    fn begin(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        self.next_place += 1;
        let place = self.next_place;
        let task = self.tasks.entry(key).or_insert_with(TracedTask::unknown);
        task.place = place;
        task.enter(task.resting(), step);
        put_queued(task.queued, key, step);
        self.alive.insert(place, key);
        step.add(StatePart::Tasks, StateItem::Task(key));
    }

    fn end(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        let Some(task) = self.tasks.get_mut(&key) else { return };
        task.enter(TaskPhase::Ended, step);
        task.ended = step.seq;
        if self.alive.remove(task.place).is_some() {
            step.remove(StatePart::Tasks, StateItem::Task(key));
        }
        let queued = task.queued;
        if self.polled == Some(key) {
            self.polled = None;
        }
        put_queued(queued, key, step);
    }

    /// The rule that a task is alive. A task that the trace does not know is alive from now on.
    fn must_be_alive(&mut self, key: TaskKeyBits, act: &str, step: &mut Step<'_>) {
        if self.is_alive(key) {
            return;
        }
        let name = self.name(key);
        let known = self.tasks.get(&key);
        let has_ended = known.is_some_and(|task| task.ended > 0 && task.ended >= step.whole_since);
        step.must(!has_ended, || format!("{name} {act} after its end"));
        step.must_if_whole(has_ended, || format!("{name} {act} without having been spawned"));
        self.begin(key, step);
    }

    pub(crate) fn main_ended(&mut self, step: &mut Step<'_>) {
        let is_alive = self.is_alive(MAIN_KEY);
        step.must_if_whole(is_alive, || "main ends without having begun".into());
        self.end(MAIN_KEY, step);
    }

    pub(crate) fn cancelled(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        self.must_be_alive(key, "is cancelled", step);
        if let Some(task) = self.tasks.get_mut(&key) {
            task.is_cancelled = true;
        }
        step.put(StatePart::Tasks, StateItem::Task(key));
    }

    pub(crate) fn ended(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        let name = self.name(key);
        let is_polled = self.polled == Some(key);
        step.must(!is_polled, || format!("{name} ends during its poll"));
        if !self.is_alive(key) {
            self.must_be_alive(key, "ends", step);
        } else if let Some(task) = self.tasks.get(&key) {
            let is_over = task.phase == TaskPhase::Ending || task.is_cancelled;
            step.must_if_whole(is_over || is_polled, || {
                format!("{name} ends, but its future was neither ready nor cancelled")
            });
        }
        self.ending.take_if(|ending| *ending == key);
        self.end(key, step);
    }

    /// The rule that the end of a task follows its last poll.
    pub(crate) fn must_have_ended(&mut self, step: &mut Step<'_>) {
        if let Some(key) = self.ending.take() {
            let name = self.name(key);
            step.must(false, || {
                format!("the future of {name} was ready, but the task has not ended")
            });
            self.end(key, step);
        }
    }
}

/// Polls.
impl TaskTable {
    pub(crate) fn poll_began(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        self.must_have_ended(step);
        let name = self.name(key);
        if let Some(other) = self.polled.take() {
            let other_name = self.name(other);
            step.must(false, || format!("{name} is polled during the poll of {other_name}"));
            self.rest(other, step);
        }
        self.must_be_alive(key, "is polled", step);
        self.take_from_batch(key, "is polled", step);
        let Some(task) = self.tasks.get_mut(&key) else { return };
        (task.is_flagged, task.flag_seen) = (false, step.seq);
        task.polls += 1;
        task.enter(TaskPhase::Polling, step);
        self.polled = Some(key);
        step.put(StatePart::Tasks, StateItem::Task(key));
    }

    pub(crate) fn skipped(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        let (name, is_alive) = (self.name(key), self.is_alive(key));
        step.must(!is_alive, || format!("the loop skips {name}, which has not ended"));
        self.take_from_batch(key, "is skipped", step);
        // The main future's waker lives as long as the loop, so its flag is cleared in any case.
        if key == MAIN_KEY {
            let task = self.tasks.entry(key).or_insert_with(TracedTask::unknown);
            (task.is_flagged, task.flag_seen) = (false, step.seq);
        }
    }

    /// Takes up a key of the batch.
    fn take_from_batch(&mut self, key: TaskKeyBits, act: &str, step: &mut Step<'_>) {
        let name = self.name(key);
        let task = self.tasks.entry(key).or_insert_with(TracedTask::unknown);
        let queued = std::mem::replace(&mut task.queued, Queued::No);
        match queued {
            Queued::Batch(place) => {
                self.batch.remove(place);
                step.remove(StatePart::Batch, StateItem::Task(key));
            }
            Queued::Ready(place) => {
                self.ready.remove(place);
                step.remove(StatePart::Ready, StateItem::Task(key));
                step.must(false, || {
                    format!("{name} {act}, but its key is in the ready queue and not in the batch")
                });
            }
            Queued::No => {
                step.must_if_whole(false, || format!("{name} {act}, but its key is in no queue"));
            }
        }
    }

    pub(crate) fn poll_ended(&mut self, key: TaskKeyBits, is_ready: bool, step: &mut Step<'_>) {
        let (name, polled) = (self.name(key), self.polled.take());
        let is_meant = polled == Some(key);
        step.must(is_meant || (polled.is_none() && !step.is_whole()), || {
            format!("a poll of {name} ends, but no such poll has begun")
        });
        if let Some(other) = polled.filter(|_| !is_meant) {
            self.rest(other, step);
        }
        self.must_be_alive(key, "ends a poll", step);
        if !is_ready {
            return self.rest(key, step);
        }
        if let Some(task) = self.tasks.get_mut(&key) {
            task.enter(TaskPhase::Ending, step);
        }
        if key != MAIN_KEY {
            self.ending = Some(key);
        }
        step.put(StatePart::Tasks, StateItem::Task(key));
    }

    /// A task whose poll has ended waits, or is in a queue.
    fn rest(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        if let Some(task) = self.tasks.get_mut(&key) {
            task.enter(task.resting(), step);
            step.put(StatePart::Tasks, StateItem::Task(key));
        }
    }
}
