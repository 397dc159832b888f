//! The ready queue and the batch.

use runtime_core::record::event::{MAIN_KEY, TaskKeyBits, WakeRoute};

use crate::reducer::change::{StateItem, StatePart};
use crate::reducer::step::Step;
use crate::reducer::tasks::{Queued, TaskPhase, TaskTable, TracedTask};

/// Queues.
impl TaskTable {
    /// A wake on the loop's thread (W1).
    pub(crate) fn woken_here(&mut self, key: TaskKeyBits, route: WakeRoute, step: &mut Step<'_>) {
        let name = self.name(key);
        let is_known = self.tasks.contains_key(&key) || key == MAIN_KEY;
        step.must_if_whole(is_known, || format!("{name} is woken without having been spawned"));
        let is_flagged = self.tasks.get(&key).is_some_and(|task| task.is_flagged);
        if route == WakeRoute::AlreadyQueued {
            step.must_if_whole(is_flagged, || {
                format!("{name} is woken as if it were queued already, but it is in no queue")
            });
            let task = self.tasks.entry(key).or_insert_with(TracedTask::unknown);
            (task.is_flagged, task.flag_seen) = (true, step.seq);
            return;
        }
        step.must(!is_flagged, || format!("{name} is queued a second time"));
        self.tasks.entry(key).or_insert_with(TracedTask::unknown).flag_seen = step.seq;
        self.push(key, step);
    }

    /// Puts a key into the ready queue, unless it is in a queue (W1).
    pub(crate) fn push(&mut self, key: TaskKeyBits, step: &mut Step<'_>) {
        let task = self.tasks.entry(key).or_insert_with(TracedTask::unknown);
        let was_flagged = std::mem::replace(&mut task.is_flagged, true);
        // If the flag is unknown, so is the queue that holds the key.
        let is_known = task.flag_seen >= step.whole_since;
        task.flag_seen = step.seq;
        if was_flagged || !is_known {
            return;
        }
        self.next_place += 1;
        task.queued = Queued::Ready(self.next_place);
        self.ready.insert(self.next_place, key);
        step.add(StatePart::Ready, StateItem::Task(key));
        if task.phase == TaskPhase::Waiting {
            task.enter(TaskPhase::Queued, step);
            step.put(StatePart::Tasks, StateItem::Task(key));
        }
    }

    pub(crate) fn batch_taken(&mut self, len: u32, step: &mut Step<'_>) {
        self.must_have_ended(step);
        let left = self.batch.len();
        step.must(left == 0, || {
            format!("a batch begins, but {left} keys of the last one are left")
        });
        while let Some(key) = self.batch.pop_first() {
            self.unqueue(key, StatePart::Batch, step);
        }
        for key in self.ready.iter() {
            if let Some(task) = self.tasks.get_mut(key)
                && let Queued::Ready(place) = task.queued
            {
                task.queued = Queued::Batch(place);
            }
        }
        let ready = self.ready.len();
        if ready > 0 {
            self.batch.append(&mut self.ready);
            step.move_all(StatePart::Ready, StatePart::Batch);
        }
        step.must_if_whole(ready == len as usize, || {
            format!("the batch has {len} keys, but {ready} keys were in the ready queue")
        });
    }

    /// The end of the loop drops the ready queue. The flags of the wakers stay.
    pub(crate) fn clear_ready(&mut self, step: &mut Step<'_>) {
        while let Some(key) = self.ready.pop_first() {
            self.unqueue(key, StatePart::Ready, step);
        }
    }

    fn unqueue(&mut self, key: TaskKeyBits, part: StatePart, step: &mut Step<'_>) {
        step.remove(part, StateItem::Task(key));
        if let Some(task) = self.tasks.get_mut(&key) {
            task.queued = Queued::No;
            if task.phase == TaskPhase::Queued {
                task.enter(TaskPhase::Waiting, step);
                step.put(StatePart::Tasks, StateItem::Task(key));
            }
        }
    }

    /// Forgets everything but the names, because events are missing.
    pub(crate) fn forget(&mut self, step: &mut Step<'_>) {
        self.clear_ready(step);
        while let Some(key) = self.batch.pop_first() {
            self.unqueue(key, StatePart::Batch, step);
        }
        while let Some(key) = self.alive.pop_first() {
            step.remove(StatePart::Tasks, StateItem::Task(key));
        }
        for task in self.tasks.values_mut() {
            *task = TracedTask { metadata: task.metadata.take(), ..TracedTask::unknown() };
        }
        (self.polled, self.ending) = (None, None);
    }
}
