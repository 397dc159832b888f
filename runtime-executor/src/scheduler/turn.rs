//! One turn of the loop.

use std::rc::Rc;
use std::task::Poll;

use runtime_core::budget;
use runtime_core::catch_panic::catch_panic;
use runtime_core::context::set_task;
use runtime_core::park::Unparked;
use runtime_core::sync::channel::Receiver;

use crate::scheduler::core::Core;
use crate::scheduler::idle::{IdleEnd, IdleSleep, SleepLimit};
use crate::scheduler::report::{NextTurn, TurnCounts};
use crate::scheduler::shuffle::Shuffle;
use crate::task::own_wakers::OwnWakers;
use crate::task::waker::{Message, TaskKey, is_main};

/// The state of a loop that only its turns need.
pub(crate) struct Scheduler {
    pub(crate) core: Rc<Core>,
    /// `None` once the loop is closed: messages then return to their senders.
    pub(crate) inbox: Option<Receiver<Message>>,
    /// True if there may be messages in the inbox.
    pub(crate) notified: bool,
    /// The keys that were ready when the turn began. The keys before `cursor` have been polled.
    pub(crate) batch: Vec<TaskKey>,
    pub(crate) cursor: usize,
    /// The maximum number of polls in one turn, and the maximum number of messages.
    pub(crate) turn_bound: usize,
    pub(crate) shuffle: Option<Shuffle>,
    /// The wakers of the future that `block_on` drives. Successive futures use the same wakers.
    pub(crate) main: OwnWakers,
    pub(crate) idle: IdleSleep,
    pub(crate) counts: TurnCounts,
}

/// The interface through which a turn polls the future that `block_on` drives.
pub(crate) trait MainFuture {
    /// Polls the future. `Ready` ends the turn.
    fn poll(&mut self) -> Poll<()>;
}

impl Scheduler {
    /// Turns the loop once.
    pub(crate) fn turn(&mut self, main: &mut dyn MainFuture, limit: SleepLimit) -> NextTurn {
        if self.notified || self.core.shared.parker.is_notified() {
            self.receive();
        }
        if !self.core.timers.borrow().is_empty() {
            self.fire_timers();
        }
        self.core.poller.poll_if_due();
        let polled = self.poll_batch(main);
        self.turn_ended();
        if polled.is_ready() || self.is_anything_ready() {
            return NextTurn::Now;
        }
        match self.idle.sleep(&self.core, &mut self.batch, limit, &self.counts) {
            IdleEnd::Slept(unparked) => {
                self.notified = unparked == Unparked::Notified;
                NextTurn::Now
            }
            IdleEnd::Due(next) => next,
        }
    }

    /// Receives at most `turn_bound` messages, so that a flood of them cannot prolong the turn.
    fn receive(&mut self) {
        self.notified = false;
        self.core.shared.parker.take_notification();
        let Some(inbox) = &self.inbox else { return };
        for _ in 0..self.turn_bound {
            let Ok(message) = inbox.try_recv() else { return };
            self.counts.received += 1;
            self.core.message_received(&message);
            match message {
                Message::Wake(task) => {
                    task.clear_posted();
                    self.core.ready.push(&task);
                }
                Message::Command(command) => catch_panic(command),
            }
        }
        self.notified = true;
    }

    /// Wakes the tasks whose deadlines have passed, at most `turn_bound` of them: they are polled
    /// while what the wakes have touched is still in the processor's cache.
    fn fire_timers(&mut self) {
        let now = self.core.shared.clock.now();
        for _ in 0..self.turn_bound {
            let Some(waker) = self.core.pop_due_timer(now) else { return };
            catch_panic(|| waker.wake());
            self.counts.fired += 1;
        }
    }

    /// Polls the batch. Tasks that become ready during the batch wait for the next turn. If
    /// `turn_bound` cuts the batch short, the next turn continues it.
    fn poll_batch(&mut self, main: &mut dyn MainFuture) -> Poll<()> {
        if self.cursor == self.batch.len() {
            self.next_batch();
        }
        let end = self.batch.len().min(self.cursor.saturating_add(self.turn_bound));
        self.core.poller.count_polls(end - self.cursor);
        self.counts.polled += end - self.cursor;
        while self.cursor < end {
            let key = self.batch[self.cursor];
            // Incremented first, so that a panic that unwinds through `block_on` loses no task.
            self.cursor += 1;
            if budget::refill() {
                self.core.poller.set_due();
            }
            if !is_main(key) {
                self.poll_task(key);
                continue;
            }
            // W4, also in a turn that drives no future: the next main future has the same waker.
            self.main.task.clear_ready();
            if main.poll().is_ready() {
                return Poll::Ready(());
            }
        }
        set_task(None);
        Poll::Pending
    }

    fn next_batch(&mut self) {
        self.batch.clear();
        self.cursor = 0;
        self.core.take_batch(&mut self.batch);
        if let Some(shuffle) = &mut self.shuffle {
            shuffle.shuffle(&mut self.batch);
        }
    }

    /// Steps 2 to 5 of a task's life. A key whose task has ended is stale, and is skipped.
    fn poll_task(&mut self, key: TaskKey) {
        let taken = self.core.tasks.take(key);
        let Some(mut task) = taken else { return self.core.key_skipped(key) };
        self.core.poll_began(key, || task.metadata());
        let polled = task.as_mut().poll();
        self.core.poll_ended(key, &polled, || task.metadata());
        match polled {
            Poll::Pending => self.core.tasks.put(key, task),
            Poll::Ready(()) => self.core.retire(key, task),
        }
    }

    pub(crate) fn is_anything_ready(&self) -> bool {
        self.notified || self.cursor < self.batch.len() || !self.core.ready.is_empty()
    }
}
