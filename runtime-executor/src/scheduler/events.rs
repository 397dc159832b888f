//! The steps of the loop, as its observer and its recorder see them: one call for each step.
//!
//! Without an observer and without the feature `record`, these calls leave nothing behind but one
//! branch for each call of the observer.

use std::task::{Poll, Waker};
use std::time::Instant;

use runtime_core::catch_panic::catch_panic;
use runtime_core::metadata::Metadata;
use runtime_core::park::Unparked;
use runtime_core::record::Recorder;
use runtime_core::record::event::{Event, WakeRoute};

use crate::scheduler::core::Core;
use crate::scheduler::observer::Observer;
use crate::scheduler::shared::Shared;
use crate::scheduler::turn::Scheduler;
use crate::task::waker::{Message, TaskKey, TaskWaker};
use crate::time::timer_queue::TimerKey;

/// Calls and events.
impl Core {
    /// Calls the observer, if there is one, and catches its panic.
    #[inline]
    pub(crate) fn observe(&self, call: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.observer {
            catch_panic(|| call(&**observer));
        }
    }

    #[inline]
    fn record(&self, event: impl FnOnce() -> Event) {
        self.shared.recorder.record(event);
    }

    #[inline]
    pub(crate) fn task_spawned<'a>(&self, key: TaskKey, task: impl Fn() -> &'a Metadata) {
        self.observe(|observer| observer.task_spawned(task()));
        self.record(|| Event::TaskSpawned { key: key.to_bits(), metadata: task().clone() });
    }

    #[inline]
    pub(crate) fn poll_began<'a>(&self, key: TaskKey, task: impl FnOnce() -> &'a Metadata) {
        self.observe(|observer| observer.poll_started(task()));
        self.record(|| Event::PollBegan { key: key.to_bits() });
    }

    #[inline]
    pub(crate) fn poll_ended<'a, T>(
        &self,
        key: TaskKey,
        polled: &Poll<T>,
        task: impl FnOnce() -> &'a Metadata,
    ) {
        self.record(|| Event::PollEnded { key: key.to_bits(), is_ready: polled.is_ready() });
        self.observe(|observer| observer.poll_ended(task()));
    }

    #[inline]
    pub(crate) fn task_ended<'a>(&self, key: TaskKey, task: impl FnOnce() -> &'a Metadata) {
        self.record(|| Event::TaskEnded { key: key.to_bits() });
        self.observe(|observer| observer.task_ended(task()));
    }

    #[inline]
    pub(crate) fn record_parked(&self, deadline: Option<Instant>) {
        self.record(|| Event::Parked { deadline });
    }

    #[inline]
    pub(crate) fn record_unparked(&self, unparked: Unparked) {
        self.record(|| Event::Unparked { notified: unparked == Unparked::Notified });
    }

    #[inline]
    pub(crate) fn message_received(&self, message: &Message) {
        self.record(|| Event::MessageReceived {
            key: match message {
                Message::Wake(task) => Some(task.key.to_bits()),
                Message::Command(_) => None,
            },
        });
    }

    #[inline]
    pub(crate) fn key_skipped(&self, key: TaskKey) {
        self.record(|| Event::KeySkipped { key: key.to_bits() });
    }

    pub(crate) fn loop_closed(&self) {
        self.record(|| Event::LoopClosed);
    }
}

/// Steps that are recorded where they are made.
impl Core {
    /// W1.
    #[inline]
    pub(crate) fn wake(&self, task: &TaskWaker) {
        self.record(|| Event::Woken {
            key: task.key.to_bits(),
            route: if task.is_ready() { WakeRoute::AlreadyQueued } else { WakeRoute::Queued },
        });
        self.ready.push(task);
    }

    /// Moves the ready queue into an empty batch.
    #[inline]
    pub(crate) fn take_batch(&self, batch: &mut Vec<TaskKey>) {
        self.ready.swap(batch);
        self.record(|| Event::BatchTaken { len: count(batch.len()) });
    }

    #[inline]
    pub(crate) fn insert_timer(&self, deadline: Instant, waker: Waker) -> TimerKey {
        let key = self.timers.borrow_mut().insert(&self.shared.clock, deadline, waker);
        self.record(|| Event::TimerSet { timer: key.to_bits(), deadline });
        key
    }

    /// Removes a timer, if it has not fired.
    #[inline]
    pub(crate) fn remove_timer(&self, key: TimerKey) -> Option<Waker> {
        let waker = self.timers.borrow_mut().remove(key);
        let event = || waker.is_some().then(|| Event::TimerDropped { timer: key.to_bits() });
        self.shared.recorder.record_if(event);
        waker
    }

    /// Removes the earliest timer if its deadline is not after `now`.
    #[inline]
    pub(crate) fn pop_due_timer(&self, now: Instant) -> Option<Waker> {
        let mut timers = self.timers.borrow_mut();
        let fired = |key: TimerKey| Event::TimerFired { timer: key.to_bits() };
        self.shared.recorder.record_if(|| timers.due(now).map(fired));
        timers.pop_due(now)
    }
}

impl Scheduler {
    /// The polls of a turn have ended.
    #[inline]
    pub(crate) fn turn_ended(&mut self) {
        #[cfg(feature = "record")]
        self.core.shared.recorder.record(|| {
            let [received, fired, polled] = self.counts.take_unrecorded().map(count);
            let tasks = count(self.core.task_count());
            let ready = count(self.core.ready.len() + self.batch.len() - self.cursor);
            Event::TurnEnded { received, fired, polled, tasks, ready }
        });
    }
}

impl Shared<Message> {
    /// Sends a command to the loop. If the loop is gone, the command is dropped.
    pub(crate) fn post_command(&self, command: impl FnOnce() + Send + 'static) {
        self.recorder.record(|| Event::CommandPosted);
        drop(self.post(Message::Command(Box::new(command))));
    }
}

/// Records that the thread has ceased to turn the loop, when it is dropped.
#[must_use]
pub(crate) struct RecordedTurning(Recorder);

/// Records the end of a main future, when it is dropped.
#[must_use]
pub(crate) struct RecordedMain<'a>(&'a Core);

impl Core {
    pub(crate) fn loop_entered(&self) -> RecordedTurning {
        self.record(|| Event::LoopEntered);
        RecordedTurning(self.shared.recorder.clone())
    }

    pub(crate) fn main_began(&self, metadata: &Metadata) -> RecordedMain<'_> {
        self.record(|| Event::MainBegan { metadata: metadata.clone() });
        RecordedMain(self)
    }
}

impl Drop for RecordedTurning {
    #[inline]
    fn drop(&mut self) {
        self.0.record(|| Event::LoopLeft);
    }
}

impl Drop for RecordedMain<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.record(|| Event::MainEnded);
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
