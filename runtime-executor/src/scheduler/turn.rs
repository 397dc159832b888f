//! One turn of the loop.

use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use runtime_core::catch_panic::catch_panic;
use runtime_core::park::Unparked;
use runtime_core::sync::channel::Receiver;

use crate::scheduler::core::Core;
use crate::scheduler::idle::{self, ForkGuard};
use crate::scheduler::shuffle::Shuffle;
use crate::task::waker::{Message, OwnWakers, TaskKey, is_main};

/// When a loop needs its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextTurn {
    /// At once: something is ready.
    Now,
    /// At this time, or earlier if the loop is woken.
    At(Instant),
    /// When the loop is woken.
    OnWake,
}

/// How long a turn may sleep if nothing is ready.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SleepLimit {
    Unlimited,
    /// Not at all once no task is left, because nothing would end the sleep.
    WhileTasksAreLeft,
    AtMost(Duration),
}

/// The state of the turns, which only the turns need.
pub(crate) struct Scheduler {
    pub(crate) core: Rc<Core>,
    /// `None` once the loop is closed: messages then return to their senders.
    pub(crate) inbox: Option<Receiver<Message>>,
    /// There may be messages in the inbox.
    pub(crate) notified: bool,
    /// The keys that were ready when the turn began. Those before `cursor` have been polled.
    pub(crate) batch: Vec<TaskKey>,
    pub(crate) cursor: usize,
    /// The most polls in one turn, and the most messages.
    pub(crate) turn_bound: usize,
    pub(crate) shuffle: Option<Shuffle>,
    /// The wakers of the futures that `block_on` drives, one after the other.
    pub(crate) main: OwnWakers,
    pub(crate) fork_guard: ForkGuard,
    pub(crate) counts: TurnCounts,
}

/// What the turns have done since the counts were reset.
#[derive(Clone, Copy, Default)]
pub(crate) struct TurnCounts {
    pub(crate) received: usize,
    pub(crate) fired: usize,
    pub(crate) polled: usize,
}

/// The future that `block_on` drives, as a turn polls it.
pub(crate) trait MainFuture {
    /// Polls the future. `Ready` ends the turn.
    fn poll(&mut self) -> Poll<()>;
}

/// Takes the place of the main future in a turn without one.
pub(crate) struct NoMainFuture;

impl MainFuture for NoMainFuture {
    fn poll(&mut self) -> Poll<()> {
        Poll::Pending
    }
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
        if self.poll_batch(main).is_ready() || self.is_anything_ready() {
            return NextTurn::Now;
        }
        self.sleep_within(limit)
    }

    /// Takes messages out of the inbox, but not more than `turn_bound`: a flood of messages cannot
    /// prolong the turn.
    fn receive(&mut self) {
        self.notified = false;
        self.core.shared.parker.take_notification();
        let Some(inbox) = &self.inbox else { return };
        for _ in 0..self.turn_bound {
            let Ok(message) = inbox.try_recv() else { return };
            self.counts.received += 1;
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

    /// Wakes the tasks whose deadlines have passed.
    fn fire_timers(&mut self) {
        let now = self.core.shared.clock.now();
        loop {
            let due = self.core.timers.borrow_mut().pop_due(now);
            let Some(waker) = due else { return };
            catch_panic(|| waker.wake());
            self.counts.fired += 1;
        }
    }

    /// Polls the batch. Tasks that become ready meanwhile wait for the next turn. If `turn_bound`
    /// cuts the batch short, the next turn continues it.
    fn poll_batch(&mut self, main: &mut dyn MainFuture) -> Poll<()> {
        if self.cursor == self.batch.len() {
            self.next_batch();
        }
        let end = self.batch.len().min(self.cursor.saturating_add(self.turn_bound));
        self.core.poller.count_polls(end - self.cursor);
        while self.cursor < end {
            let key = self.batch[self.cursor];
            // Incremented before the poll: no task is lost if a panic unwinds through `block_on`.
            self.cursor += 1;
            self.counts.polled += 1;
            if !is_main(key) {
                self.poll_task(key);
            } else if main.poll().is_ready() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    fn next_batch(&mut self) {
        self.batch.clear();
        self.cursor = 0;
        self.core.ready.swap(&mut self.batch);
        if let Some(shuffle) = &mut self.shuffle {
            shuffle.shuffle(&mut self.batch);
        }
    }

    /// Steps 2 to 5 of a task's life. A key whose task has ended is stale, and is skipped.
    fn poll_task(&mut self, key: TaskKey) {
        let taken = self.core.tasks.borrow_mut().take(key);
        let Some(mut task) = taken else { return };
        self.core.observe(|observer| observer.poll_started(task.metadata()));
        let polled = task.as_mut().poll();
        self.core.observe(|observer| observer.poll_ended(task.metadata()));
        match polled {
            Poll::Pending => self.core.tasks.borrow_mut().put(key, task),
            Poll::Ready(()) => self.core.retire(key, task),
        }
    }

    fn is_anything_ready(&self) -> bool {
        self.notified || self.cursor < self.batch.len() || !self.core.ready.is_empty()
    }

    /// Sleeps, as nothing is ready, until a wake, an event, the next deadline or the limit.
    fn sleep_within(&mut self, limit: SleepLimit) -> NextTurn {
        if matches!(limit, SleepLimit::AtMost(_)) && !self.core.poller.is_empty() {
            self.core.poller.poll();
            if self.is_anything_ready() {
                return NextTurn::Now;
            }
        }
        let deadline = self.core.timers.borrow().next_deadline();
        let next = deadline.map_or(NextTurn::OnWake, NextTurn::At);
        let until = match limit {
            SleepLimit::Unlimited => deadline,
            SleepLimit::WhileTasksAreLeft if self.core.task_count() == 0 => return next,
            SleepLimit::WhileTasksAreLeft => deadline,
            SleepLimit::AtMost(Duration::ZERO) => return next,
            // The caller sees what this turn has done before the loop sleeps.
            SleepLimit::AtMost(_) if self.counts.is_anything() => return next,
            SleepLimit::AtMost(duration) => {
                deadline.into_iter().chain(self.core.shared.clock.after(duration)).min()
            }
        };
        self.notified = idle::sleep(&self.core, &self.fork_guard, until) == Unparked::Notified;
        NextTurn::Now
    }
}

impl TurnCounts {
    fn is_anything(self) -> bool {
        self.received + self.fired + self.polled > 0
    }
}
