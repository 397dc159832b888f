//! One turn of the loop, on one screen.

use std::mem;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use runtime_core::catch_panic::catch_panic;
use runtime_core::park::Unparked;
use runtime_core::sync::channel::Receiver;

use crate::scheduler::core::Local;
use crate::scheduler::shared::Letter;
use crate::scheduler::shuffle::Shuffle;
use crate::task::key::TaskKey;
use crate::task::waker::Identity;

/// After how many polls a busy loop looks at its sockets. A look is a system call, which costs as
/// much as some twenty of the shortest polls.
const LOOK_AFTER: usize = 64;

/// What one turn did, and when the next one is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Letters taken from the inbox: wakes and spawns from other threads.
    pub received: usize,
    /// Timers that fired.
    pub fired: usize,
    /// Tasks that were polled.
    pub polled: usize,
    /// Tasks that are alive.
    pub tasks: usize,
    /// When the loop wants to be turned again.
    pub next: NextTurn,
}

/// When a loop wants to be turned again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextTurn {
    /// At once: something is ready.
    Now,
    /// At this time, or earlier if it is woken.
    At(Instant),
    /// When it is woken.
    OnWake,
}

/// How long a turn may sleep if nothing is ready.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    Forever,
    /// Not at all once no task is left: nobody would end that sleep.
    WhileTasksAreLeft,
    AtMost(Duration),
}

/// The working state of the turns: what only the turn itself needs.
pub(crate) struct Wheel {
    pub(crate) local: Rc<Local>,
    /// `None` once the loop is closed: then letters go back to who wrote them.
    pub(crate) inbox: Option<Receiver<Letter>>,
    /// The loop was told of letters and has not looked since.
    pub(crate) noticed: bool,
    /// It has slept since this call of `block_on`, `turn` or `drain` began.
    pub(crate) has_slept: bool,
    /// Polls since the last look at the sockets; a turn counts as one at least.
    pub(crate) unlooked: usize,
    /// Ids that were ready when the turn began, polled up to `cursor`.
    pub(crate) batch: Vec<TaskKey>,
    pub(crate) cursor: usize,
    /// The most polls in one turn.
    pub(crate) bound: usize,
    pub(crate) shuffle: Option<Shuffle>,
    /// The identity of the futures given to `block_on`, one after the other.
    pub(crate) main: Identity,
    /// What the turns have done since somebody asked.
    pub(crate) counts: Counts,
}

/// What some turns did.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) received: usize,
    pub(crate) fired: usize,
    pub(crate) polled: usize,
}

impl Counts {
    fn is_anything(self) -> bool {
        self.received + self.fired + self.polled > 0
    }
}

/// The future given to `block_on`, seen from the turn.
pub(crate) trait Main {
    /// Polls it; when this says `Ready`, the turn comes to its end.
    fn poll(&mut self) -> Poll<()>;
}

/// For a turn without one.
pub(crate) struct NoMain;

impl Main for NoMain {
    fn poll(&mut self) -> Poll<()> {
        Poll::Pending
    }
}

impl Wheel {
    /// Turns the loop once: takes in what came from other threads, fires the timers that are due,
    /// looks at the sockets if it has not for some time, polls what was ready when the turn began,
    /// and, if nothing is ready then, sleeps until a wake, an event or a deadline.
    pub(crate) fn turn(&mut self, main: &mut dyn Main, wait: Wait) -> NextTurn {
        if self.has_letters() {
            self.receive();
        }
        if !self.local.timers.borrow().is_empty() {
            self.fire();
        }
        if self.unlooked >= LOOK_AFTER {
            self.look();
        }
        if self.poll_batch(main).is_ready() || self.is_anything_ready() {
            return NextTurn::Now;
        }
        self.rest(wait)
    }

    /// Whether other threads have said that there are letters.
    fn has_letters(&self) -> bool {
        self.noticed || self.local.remote.parker.is_notified()
    }

    /// Takes in the letters; at most as many as a turn may poll, so that a storm of them cannot
    /// keep the turn from ending.
    fn receive(&mut self) {
        self.noticed = false;
        self.local.remote.parker.take_notification();
        let Some(inbox) = &self.inbox else { return };
        for _ in 0..self.bound {
            let Ok(letter) = inbox.try_recv() else { return };
            self.counts.received += 1;
            match letter {
                Letter::Wake(task) => {
                    task.clear_posted();
                    self.local.make_ready(&task);
                }
                Letter::Open(open) => catch_panic(|| open(&self.local)),
            }
        }
        self.noticed = true;
    }

    /// Fires the timers that are due.
    fn fire(&mut self) {
        let now = self.local.remote.clock.now();
        loop {
            let due = self.local.timers.borrow_mut().pop_due(now);
            let Some(waker) = due else { return };
            catch_panic(|| waker.wake());
            self.counts.fired += 1;
        }
    }

    /// Looks at the sockets without sleeping: what a busy loop does now and then, and a loop that
    /// is turned by others before it says that nothing is ready.
    fn look(&mut self) {
        self.unlooked = 0;
        self.local.poller.poll();
    }

    /// Polls the batch; what becomes ready meanwhile waits for the next turn. If the bound cuts
    /// the batch short, the next turn goes on with it. Says whether the main future is ready.
    fn poll_batch(&mut self, main: &mut dyn Main) -> Poll<()> {
        if self.cursor == self.batch.len() {
            self.next_batch();
        }
        let end = self.batch.len().min(self.cursor.saturating_add(self.bound));
        self.unlooked += (end - self.cursor).max(1);
        while self.cursor < end {
            let key = self.batch[self.cursor];
            // Moved on before the poll: a panic that goes through `block_on` loses no other task.
            self.cursor += 1;
            self.counts.polled += 1;
            if !key.is_main() {
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
        mem::swap(&mut self.batch, &mut *self.local.ready.borrow_mut());
        if let Some(shuffle) = &mut self.shuffle {
            shuffle.shuffle(&mut self.batch);
        }
    }

    /// Steps 2 to 5 of a task's life.
    fn poll_task(&mut self, key: TaskKey) {
        let taken = self.local.tasks.borrow_mut().take(key);
        let Some(mut task) = taken else { return };
        self.local.observe(|observer| observer.poll_started(task.metadata()));
        let polled = task.as_mut().poll();
        self.local.observe(|observer| observer.poll_ended(task.metadata()));
        match polled {
            Poll::Pending => self.local.tasks.borrow_mut().put(key, task),
            Poll::Ready(canceller) => self.local.retire(key.index, task, canceller),
        }
    }

    fn is_anything_ready(&self) -> bool {
        self.noticed || self.cursor < self.batch.len() || !self.local.ready.borrow().is_empty()
    }

    /// Nothing is ready: sleeps until a wake, the next deadline, or as long as the caller allows.
    fn rest(&mut self, wait: Wait) -> NextTurn {
        if matches!(wait, Wait::AtMost(_)) && !self.local.poller.is_empty() {
            self.look();
            if self.is_anything_ready() {
                return NextTurn::Now;
            }
        }
        let deadline = self.local.timers.borrow().next_deadline();
        let due = deadline.map_or(NextTurn::OnWake, NextTurn::At);
        let limit = match wait {
            Wait::AtMost(Duration::ZERO) => return due,
            // Somebody else's loop wants to see what has come of it.
            Wait::AtMost(_) if self.counts.is_anything() => return due,
            Wait::AtMost(duration) => self.local.remote.clock.after(duration),
            Wait::WhileTasksAreLeft if self.local.tasks.borrow().len() == 0 => return due,
            Wait::Forever | Wait::WhileTasksAreLeft => None,
        };
        let until = match (deadline, limit) {
            (Some(deadline), Some(limit)) => Some(deadline.min(limit)),
            (deadline, limit) => deadline.or(limit),
        };
        self.sleep(until);
        NextTurn::Now
    }

    fn sleep(&mut self, until: Option<Instant>) {
        let remote = &self.local.remote;
        self.unlooked = 0;
        self.local.observe(|observer| observer.parked(until));
        if remote.clock.is_virtual() {
            self.sleep_virtually(until);
        } else {
            self.park(until);
        }
        self.local.observe(|observer| observer.unparked());
    }

    /// In a forked child nobody may be left to end the sleep: before the first one of a call, that
    /// is asked of the system.
    fn park(&mut self, until: Option<Instant>) {
        let remote = &self.local.remote;
        if mem::replace(&mut self.has_slept, true) {
            remote.assert_not_forked_cheaply();
        } else {
            remote.assert_not_forked();
        }
        self.noticed = self.local.poller.park(&remote.parker, until) == Unparked::Notified;
    }

    /// By a virtual clock, sleeping is moving the time. While a job is at work the time stands
    /// still, and the loop waits for the job to tell it.
    ///
    /// A job tells of its result first and lets go of the clock then. So if the clock is free and
    /// there is no notice, no news can be on its way. Sockets hold no clock, because nobody knows
    /// whether anything will come; but what has come is seen before the time moves.
    fn sleep_virtually(&mut self, until: Option<Instant>) {
        let remote = &self.local.remote;
        match until {
            Some(until) if remote.clock.reaches(until) && remote.clock.may_advance() => {
                self.local.poller.poll();
                self.noticed = remote.parker.take_notification();
                if !self.noticed && self.local.ready.borrow().is_empty() {
                    remote.clock.advance_to(until);
                }
            }
            Some(_) | None => self.park(None),
        }
    }
}
