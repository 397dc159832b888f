//! The desk between a task and the job that works for it: orders go in, replies come out, and the
//! object that blocks lies on it while nobody needs it.
//!
//! ```text
//!           1 order              2 begin
//!    HOME ───────────▶ CALLED ───────────▶ AWAY ──┐ 3 next: a reply, and another order
//!     ▲ ▲                │                 │ │ ◀──┘
//!     │ │ 5 strand       │                 │ │ 4 lose: an order panicked
//!     │ └────────────────┘                 │ └────▶ LOST
//!     └────────────────────────────────────┘
//!              3 next: a reply, and no order left
//! ```
//!
//! | state | the object | a job | who may move it on |
//! |---|---|---|---|
//! | HOME | on the desk | none | the task |
//! | CALLED | on the desk | submitted | the job, or whoever drops it unrun |
//! | AWAY | with the job | at work | the job |
//! | LENT | with the task | none | the task |
//! | LOST | dropped | none | nobody |
//!
//! 1. The task puts an order down. If the object is at HOME it is told to submit a job: there is
//!    one at a time, and none while there is nothing to do, so an idle stream holds no thread.
//! 2. The job begins, and takes the object.
//! 3. Between two orders the job puts down a reply and takes the next order, in one critical
//!    section. If there is none it puts the object down as well, and ends. So an order finds either
//!    a job that will see it, or the object at HOME.
//! 4. An order that panics takes the object with it: nobody knows what state it is in.
//! 5. A job that was refused, or cancelled before it began, leaves object and orders as they are.
//!    The task is told, and may [rouse](Desk::rouse) another job.
//!
//! A reply may *halt* the stream: what was ordered behind it is dropped with it, and orders are
//! sent back until the task has heard that reply. So no write slips in behind one that failed.
//!
//! What becomes of orders for which no job is to be had is told in `flush_on_drop.rs`.
//!
//! All of it happens under one small mutex, and nothing of the user's happens there: the waker is
//! cloned before the lock is taken and woken after it, and orders, wakers and the object are
//! dropped outside it.

use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::sync::Mutex;

pub(crate) use flush_on_drop::Keeping;

// By its path, because the models name this file by one.
#[path = "flush_on_drop.rs"]
mod flush_on_drop;

/// What the job is to do with the object: it replies, and says what becomes of the orders behind.
pub(crate) type Order<T, R> = Box<dyn FnOnce(&mut T) -> (R, Then) + Send>;

/// What a reply means for the orders behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// They are carried out.
    GoOn,
    /// Those that were given ahead are dropped.
    DropAhead,
    /// All of them are dropped.
    DropAll,
}

/// Whether an order may be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// It is carried out unless one before it fails.
    Due,
    /// It was given in case that its reply is wanted, and may be recalled. Behind one of these
    /// there is nothing that is due.
    Ahead,
}

/// What the task does after it has put an order down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Summons {
    /// Nothing: there is a job.
    None,
    /// Submit a [`Clerk`].
    Submit,
}

/// There is a reply that the task has not heard, and that may change its mind.
#[derive(Debug)]
pub(crate) struct Unheard;

/// What the task hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// One reply or more.
    Replies,
    /// There is no order, no reply, no job; the object is at home, or lent.
    Idle,
    /// The job never began. Said once.
    Stranded,
    /// The object is lost.
    Lost,
}

/// *Shared by* the task and its job, by `Arc`. *Guarded by* its mutex. *Woken by*: the job, and
/// whoever drops one unrun, wake the task.
pub(crate) struct Desk<T, R> {
    state: Mutex<State<T, R>>,
    keeping: Keeping,
}

struct State<T, R> {
    object: Object<T>,
    /// First those that are due, then those given ahead.
    orders: VecDeque<(Urgency, Order<T, R>)>,
    replies: VecDeque<R>,
    /// One of the replies halts the stream.
    halted: bool,
    awaiter: Option<Waker>,
}

enum Object<T> {
    Home(T),
    /// At home, and the task has not heard yet that the job it had submitted never began.
    Stranded(T),
    Called(T),
    Away,
    Lent,
    Lost,
}

impl<T, R> Desk<T, R> {
    pub(crate) fn new(object: T, keeping: Keeping) -> Desk<T, R> {
        Desk {
            keeping,
            state: Mutex::new(State {
                object: Object::Home(object),
                orders: VecDeque::new(),
                replies: VecDeque::new(),
                halted: false,
                awaiter: None,
            }),
        }
    }

    // ---- the task's side ----

    /// Arrow 1. Puts an order down, unless there is a halt that the task has not heard of. Where
    /// the object is lost, the order is lost as well.
    pub(crate) fn order(&self, urgency: Urgency, order: Order<T, R>) -> Result<Summons, Unheard> {
        let mut state = self.state.lock();
        let is_lost = matches!(state.object, Object::Lost);
        if state.halted || is_lost {
            drop(state);
            drop_catching(order);
            return if is_lost { Ok(Summons::None) } else { Err(Unheard) };
        }
        state.orders.push_back((urgency, order));
        Ok(state.call())
    }

    /// Arrow 1 for orders that a stranded job has left.
    pub(crate) fn rouse(&self) -> Summons {
        self.state.lock().call()
    }

    /// Takes back what was ordered ahead and has not begun.
    pub(crate) fn recall(&self) {
        let mut state = self.state.lock();
        let ahead = state.take_ahead();
        drop(state);
        drop_catching(ahead);
    }

    /// Moves all replies into `inbox`, or has the task woken when there is one.
    pub(crate) fn listen(&self, cx: &mut Context<'_>, inbox: &mut VecDeque<R>) -> Poll<Heard> {
        let waker = cx.waker().clone();
        let mut state = self.state.lock();
        let heard = state.hear(inbox);
        if heard.is_pending() {
            let former = state.awaiter.replace(waker);
            drop(state);
            drop_catching(former);
        } else {
            drop(state);
            drop_catching(waker);
        }
        heard
    }

    /// Takes the object, if it is at home.
    pub(crate) fn take_object(&self) -> Option<T> {
        let mut state = self.state.lock();
        match mem::replace(&mut state.object, Object::Lent) {
            Object::Home(object) | Object::Stranded(object) => Some(object),
            before @ (Object::Called(_) | Object::Away | Object::Lent | Object::Lost) => {
                state.object = before;
                None
            }
        }
    }

    /// Puts back what [`take_object`](Desk::take_object) took.
    pub(crate) fn put_object(&self, object: T) {
        let mut state = self.state.lock();
        let before = mem::replace(&mut state.object, Object::Home(object));
        drop(state);
        debug_assert!(matches!(before, Object::Lent), "an object was put on an occupied desk");
    }

    // ---- the job's side ----

    /// Arrow 2.
    fn begin(&self) -> Option<T> {
        let mut state = self.state.lock();
        match mem::replace(&mut state.object, Object::Away) {
            Object::Called(object) => Some(object),
            before @ (Object::Home(_)
            | Object::Stranded(_)
            | Object::Away
            | Object::Lent
            | Object::Lost) => {
                state.object = before;
                None
            }
        }
    }

    /// Arrow 3. Puts a reply down, and takes the next order, or leaves the object.
    fn next(&self, object: &mut Option<T>, done: Option<(R, Then)>) -> Option<Order<T, R>> {
        let mut dropped = VecDeque::new();
        let mut state = self.state.lock();
        let mut has_news = done.is_some();
        if let Some((reply, then)) = done {
            state.replies.push_back(reply);
            state.halted |= then != Then::GoOn;
            dropped = match then {
                Then::GoOn => dropped,
                Then::DropAhead => state.take_ahead(),
                Then::DropAll => mem::take(&mut state.orders),
            };
        }
        let order = state.orders.pop_front().map(|(_, order)| order);
        if order.is_none()
            && let Some(object) = object.take()
        {
            state.object = Object::Home(object);
            // Without a reply if all was recalled before the job began.
            has_news = true;
        }
        let awaiter = if has_news { state.awaiter.take() } else { None };
        drop(state);
        drop_catching(dropped);
        wake(awaiter);
        order
    }

    /// Arrow 4. The object has been dropped.
    fn lose(&self) {
        let mut state = self.state.lock();
        state.object = Object::Lost;
        let orders = mem::take(&mut state.orders);
        let awaiter = state.awaiter.take();
        drop(state);
        drop_catching(orders);
        wake(awaiter);
    }

    /// Arrow 5.
    fn strand(&self) {
        let mut state = self.state.lock();
        state.object = match mem::replace(&mut state.object, Object::Away) {
            Object::Called(object) => Object::Stranded(object),
            before @ (Object::Home(_)
            | Object::Stranded(_)
            | Object::Away
            | Object::Lent
            | Object::Lost) => before,
        };
        let awaiter = state.awaiter.take();
        drop(state);
        wake(awaiter);
    }
}

fn wake(awaiter: Option<Waker>) {
    if let Some(awaiter) = awaiter {
        catch_panic(|| awaiter.wake());
    }
}

impl<T, R> State<T, R> {
    fn call(&mut self) -> Summons {
        if self.orders.is_empty() {
            return Summons::None;
        }
        match mem::replace(&mut self.object, Object::Away) {
            Object::Home(object) => {
                self.object = Object::Called(object);
                Summons::Submit
            }
            before @ (Object::Stranded(_)
            | Object::Called(_)
            | Object::Away
            | Object::Lent
            | Object::Lost) => {
                self.object = before;
                Summons::None
            }
        }
    }

    fn hear(&mut self, inbox: &mut VecDeque<R>) -> Poll<Heard> {
        if !self.replies.is_empty() {
            self.halted = false;
            if inbox.is_empty() {
                mem::swap(inbox, &mut self.replies);
            } else {
                inbox.append(&mut self.replies);
            }
            return Poll::Ready(Heard::Replies);
        }
        let (object, heard) = match mem::replace(&mut self.object, Object::Away) {
            // If all was recalled meanwhile, that job is nobody's trouble.
            Object::Stranded(object) if self.orders.is_empty() => {
                (Object::Home(object), Poll::Ready(Heard::Idle))
            }
            Object::Stranded(object) => (Object::Home(object), Poll::Ready(Heard::Stranded)),
            object @ (Object::Called(_) | Object::Away) => (object, Poll::Pending),
            object @ (Object::Home(_) | Object::Lent) => (object, Poll::Ready(Heard::Idle)),
            object @ Object::Lost => (object, Poll::Ready(Heard::Lost)),
        };
        self.object = object;
        heard
    }

    /// They stand at the end.
    fn take_ahead(&mut self) -> VecDeque<(Urgency, Order<T, R>)> {
        let due = self.orders.iter().take_while(|(urgency, _)| *urgency == Urgency::Due).count();
        self.orders.split_off(due)
    }
}

/// The job: carries out orders until there is none. Dropped unrun, it strands.
pub(crate) struct Clerk<T, R> {
    desk: Option<Arc<Desk<T, R>>>,
}

impl<T, R> Clerk<T, R> {
    pub(crate) fn new(desk: &Arc<Desk<T, R>>) -> Clerk<T, R> {
        Clerk { desk: Some(Arc::clone(desk)) }
    }

    /// Steps 2 to 4.
    ///
    /// # Blocking
    /// As long as the orders take.
    ///
    /// # Panics
    /// If an order panics, after the object was dropped and the task was told.
    pub(crate) fn work(mut self) {
        let Some(desk) = self.desk.take() else { return };
        let mut object = desk.begin();
        let mut done = None;
        while let Some(order) = desk.next(&mut object, done.take()) {
            let Some(object_here) = object.as_mut() else { return };
            match catch_unwind(AssertUnwindSafe(|| order(object_here))) {
                Ok(reply) => done = Some(reply),
                Err(payload) => {
                    drop_catching(object);
                    desk.lose();
                    resume_unwind(payload);
                }
            }
        }
    }
}

impl<T, R> Drop for Clerk<T, R> {
    fn drop(&mut self) {
        if let Some(desk) = self.desk.take() {
            desk.strand();
        }
    }
}
