//! The loop of the model.

use std::time::Duration;

use runtime_core::metadata::Metadata;
use runtime_core::record::event::{Event, IoDirection, MAIN_KEY};

use super::model::{LOOP, Model, ModelMessage, ModelTimer};

/// The next step of the loop's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoopStep {
    Outside,
    Receive(Tally),
    ClearPosted(u64, Tally),
    Fire(Tally),
    Batch(Tally),
    Poll { left: usize, tally: Tally },
    InPoll { key: u64, actions: usize, left: usize, tally: Tally },
    EndTurn { is_main_over: bool, tally: Tally },
    Parked,
    Gone,
}

/// The loop's own counts of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    received: u32,
    fired: u32,
    polled: u32,
}

/// The maximum number of messages and of polls in one turn.
const BOUND: usize = 3;

impl Model {
    pub(super) fn loop_step(&mut self) {
        self.step = match self.step {
            LoopStep::Gone => LoopStep::Gone,
            LoopStep::Outside => self.enter_or_close(),
            LoopStep::Receive(tally) => self.receive(tally),
            LoopStep::ClearPosted(key, tally) => {
                self.task(key).posted = false;
                self.push(key);
                LoopStep::Receive(tally)
            }
            LoopStep::Fire(tally) => self.fire(tally),
            LoopStep::Batch(mut tally) => {
                if self.batch.is_empty() {
                    std::mem::swap(&mut self.batch, &mut self.ready);
                    self.record(LOOP, Event::BatchTaken { len: self.batch.len() as u32 });
                }
                let left = self.batch.len().min(BOUND);
                tally.polled = left as u32;
                LoopStep::Poll { left, tally }
            }
            LoopStep::Poll { left: 0, tally } => LoopStep::EndTurn { is_main_over: false, tally },
            LoopStep::Poll { left, tally } => self.poll(left - 1, tally),
            LoopStep::InPoll { key, actions: 0, left, tally } => self.end_poll(key, left, tally),
            LoopStep::InPoll { key, actions, left, tally } => {
                self.act(key);
                LoopStep::InPoll { key, actions: actions - 1, left, tally }
            }
            LoopStep::EndTurn { is_main_over, tally } => self.end_turn(is_main_over, tally),
            LoopStep::Parked => self.unpark(),
        };
    }

    fn enter_or_close(&mut self) -> LoopStep {
        if self.pick(8) == 0 {
            self.spawn();
            return LoopStep::Outside;
        }
        self.record(LOOP, Event::LoopEntered);
        if self.pick(6) > 0 {
            self.record(LOOP, Event::MainBegan { metadata: Metadata::here() });
            self.task(MAIN_KEY).is_alive = true;
            self.push(MAIN_KEY);
            return LoopStep::Receive(Tally::default());
        }
        for key in self.tasks.keys().copied().collect::<Vec<_>>() {
            if self.task(key).is_alive {
                self.record(LOOP, Event::TaskCancelled { key });
                self.task(key).is_alive = false;
                self.record(LOOP, Event::TaskEnded { key });
            }
        }
        self.record(LOOP, Event::LoopClosed);
        (self.is_closed, self.step) = (true, LoopStep::Gone);
        self.ready.clear();
        self.inbox.clear();
        self.timers.clear();
        self.sources.clear();
        self.record(LOOP, Event::LoopLeft);
        self.close_pool();
        LoopStep::Gone
    }

    fn receive(&mut self, mut tally: Tally) -> LoopStep {
        if tally.received as usize == BOUND {
            return LoopStep::Fire(tally);
        }
        let Some(message) = self.inbox.pop_front() else { return LoopStep::Fire(tally) };
        tally.received += 1;
        match message {
            ModelMessage::Wake(key) => {
                self.record(LOOP, Event::MessageReceived { key: Some(key) });
                LoopStep::ClearPosted(key, tally)
            }
            ModelMessage::Command => {
                self.record(LOOP, Event::MessageReceived { key: None });
                self.spawn();
                LoopStep::Receive(tally)
            }
        }
    }

    fn fire(&mut self, mut tally: Tally) -> LoopStep {
        let first = self.timers.iter().min_by_key(|(_, timer)| (timer.deadline, timer.order));
        let due = first.filter(|(_, timer)| timer.deadline <= self.time);
        let Some((number, task)) = due.map(|(&number, timer)| (number, timer.task)) else {
            return LoopStep::Batch(tally);
        };
        self.timers.remove(&number);
        self.record(LOOP, Event::TimerFired { timer: number });
        tally.fired += 1;
        self.wake_here(task);
        LoopStep::Fire(tally)
    }

    fn poll(&mut self, left: usize, tally: Tally) -> LoopStep {
        let key = self.batch.pop_front().expect("the batch has more keys");
        let task = self.task(key);
        if key == MAIN_KEY || task.is_alive {
            task.ready = false;
        }
        if !task.is_alive {
            self.record(LOOP, Event::KeySkipped { key });
            return LoopStep::Poll { left, tally };
        }
        task.polls += 1;
        let is_cancelled = task.is_cancelled;
        self.record(LOOP, Event::PollBegan { key });
        if is_cancelled {
            self.record(LOOP, Event::TaskCancelled { key });
            return self.end_task(key, left, tally);
        }
        LoopStep::InPoll { key, actions: self.pick(5), left, tally }
    }

    /// One action of a task in its poll.
    fn act(&mut self, key: u64) {
        match self.pick(9) {
            0 => self.spawn(),
            1 | 2 => {
                let woken = self.any_key().unwrap_or(key);
                self.wake_here(woken);
            }
            3 => {
                let deadline = self.time + Duration::from_micros(self.pick(40) as u64);
                self.next_number += 1;
                let (timer, order) = (self.next_number, self.next_number);
                self.timers.insert(timer, ModelTimer { deadline, order, task: key });
                let deadline = self.instant(deadline);
                self.record(LOOP, Event::TimerSet { timer, deadline });
            }
            4 => {
                if let Some((timer, _)) = self.timers.pop_last() {
                    self.record(LOOP, Event::TimerDropped { timer });
                }
            }
            5 => self.submit(key),
            6 => self.cancel_job(),
            7 => {
                let other = self.any_key().filter(|&other| other != MAIN_KEY).unwrap_or(key);
                if other != MAIN_KEY && self.task(other).is_alive {
                    self.task(other).is_cancelled = true;
                    self.wake_here(other);
                }
            }
            _ => self.use_source(),
        }
    }

    fn use_source(&mut self) {
        let choice = self.pick(4);
        let Some((&source, &is_ready)) = self.sources.last_key_value().filter(|_| choice > 0)
        else {
            self.next_number += 1;
            let source = self.next_number;
            self.sources.insert(source, true);
            return self.record(LOOP, Event::SourceRegistered { source });
        };
        let direction = IoDirection::Read;
        if choice == 1 {
            self.sources.remove(&source);
            self.record(LOOP, Event::SourceClosed { source });
        } else if is_ready {
            self.sources.insert(source, false);
            let is_still_ready = false;
            self.record(LOOP, Event::SourceCleared { source, direction, is_still_ready });
        } else {
            self.record(LOOP, Event::SourceAwaited { source, direction });
        }
    }

    fn end_poll(&mut self, key: u64, left: usize, tally: Tally) -> LoopStep {
        if self.pick(3) == 0 {
            return self.end_task(key, left, tally);
        }
        self.record(LOOP, Event::PollEnded { key, is_ready: false });
        LoopStep::Poll { left, tally }
    }

    fn end_task(&mut self, key: u64, left: usize, tally: Tally) -> LoopStep {
        self.record(LOOP, Event::PollEnded { key, is_ready: true });
        if key == MAIN_KEY {
            return LoopStep::EndTurn { is_main_over: true, tally };
        }
        self.task(key).is_alive = false;
        self.record(LOOP, Event::TaskEnded { key });
        LoopStep::Poll { left, tally }
    }

    fn end_turn(&mut self, is_main_over: bool, tally: Tally) -> LoopStep {
        let Tally { received, fired, polled } = tally;
        let tasks = self.alive() as u32;
        let ready = (self.ready.len() + self.batch.len()) as u32;
        self.record(LOOP, Event::TurnEnded { received, fired, polled, tasks, ready });
        if is_main_over {
            self.task(MAIN_KEY).is_alive = false;
            self.record(LOOP, Event::MainEnded);
            self.record(LOOP, Event::LoopLeft);
            return LoopStep::Outside;
        }
        if ready > 0 {
            return LoopStep::Receive(Tally::default());
        }
        let deadline = self.timers.values().map(|timer| timer.deadline).min();
        let deadline = deadline.map(|deadline| self.instant(deadline));
        self.record(LOOP, Event::Parked { deadline });
        LoopStep::Parked
    }

    fn unpark(&mut self) -> LoopStep {
        let notified = !self.inbox.is_empty();
        let deadline = self.timers.values().map(|timer| timer.deadline).min();
        if notified {
            self.record(LOOP, Event::Unparked { notified });
        } else if let Some((&source, false)) = self.sources.last_key_value() {
            self.sources.insert(source, true);
            self.record(LOOP, Event::SourceReady { source, readable: true, writable: false });
            self.wake_here(MAIN_KEY);
            self.record(LOOP, Event::Unparked { notified });
        } else if let Some(deadline) = deadline {
            self.time = self.time.max(deadline);
            self.record(LOOP, Event::Unparked { notified });
        } else {
            return LoopStep::Parked;
        }
        LoopStep::Receive(Tally::default())
    }
}
