//! A registered descriptor, as the loop and its users share it: its two sides, and who waits.

use std::task::{Context, Poll, Waker};

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::sync::Mutex;

use super::readiness::{Gone, Side, Tick};
use super::selector::{Direction, Readiness};
use super::waiters::{SeatId, Seats};

/// Where the waker of somebody who waits is kept.
#[derive(Debug)]
pub(super) enum Seat {
    /// The one place for polls that leave nothing behind, as the traits' do. Who comes later takes
    /// it, and the one before is woken so as not to wait for ever.
    Common,
    /// A place of one's own, once it is taken. To be [left](Source::leave).
    Own(Option<SeatId>),
}

/// *Shared by* the loop and all who use the descriptor. *Guarded by* its mutex, under which who
/// waits takes a seat and who tells calls them up. *Woken by* whoever is given those who were
/// called, when no lock is held.
#[derive(Debug)]
pub(crate) struct Source {
    read: Side,
    write: Side,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    to_read: Waiters,
    to_write: Waiters,
}

#[derive(Debug, Default)]
struct Waiters {
    common: Option<Waker>,
    /// Seldom used, and so elsewhere: a source that is told of is as few lines of memory as can be.
    own: Option<Box<Seats>>,
}

impl Source {
    /// Ready in both directions, until somebody has tried.
    pub(super) fn new() -> Source {
        Source { read: Side::new(), write: Side::new(), waiting: Mutex::new(Waiting::default()) }
    }

    #[inline]
    fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// Whether the loop that would tell has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.read.look() == Poll::Ready(Err(Gone))
    }

    /// Step 1 of a side. `Pending` if it is not ready.
    #[inline]
    pub(super) fn look(&self, direction: Direction) -> Poll<Result<Tick, Gone>> {
        self.side(direction).look()
    }

    /// Step 1 of a side, and the waker waits if there is nothing to be seen.
    #[inline]
    pub(super) fn poll(
        &self,
        direction: Direction,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Tick, Gone>> {
        match self.look(direction) {
            Poll::Pending => self.wait(direction, seat, cx.waker()),
            seen => seen,
        }
    }

    /// A waker is cloned, woken and dropped outside the lock: all three are foreign code.
    fn wait(
        &self,
        direction: Direction,
        seat: &mut Seat,
        waker: &Waker,
    ) -> Poll<Result<Tick, Gone>> {
        let mine = waker.clone();
        let mut waiting = self.waiting.lock();
        if let Poll::Ready(seen) = self.look(direction) {
            drop(waiting);
            drop_catching(mine);
            return Poll::Ready(seen);
        }
        let former = waiting.to(direction).seat(seat, mine);
        drop(waiting);
        match (former, seat) {
            (Some(former), Seat::Common) if !former.will_wake(waker) => {
                catch_panic(|| former.wake());
            }
            (former, Seat::Common | Seat::Own(_)) => drop_catching(former),
        }
        Poll::Pending
    }

    /// Step 2 of a side: an operation would have blocked.
    #[inline]
    pub(super) fn clear(&self, direction: Direction, seen: Tick) {
        self.side(direction).clear(seen);
    }

    /// Step 2 of a side: an operation did less than it was to do.
    #[inline]
    pub(super) fn clear_by_short(&self, direction: Direction, seen: Tick) {
        if seen.ends_with_the_data() {
            self.clear(direction, seen);
        }
    }

    /// Step 3 of both sides. Whom that concerns is added to `called`.
    pub(super) fn tell(&self, heard: Readiness, called: &mut Vec<Waker>) {
        let mut waiting = self.waiting.lock();
        if heard.readable {
            self.read.tell(heard.beside_data);
            waiting.to_read.call(called);
        }
        if heard.writable {
            self.write.tell(heard.beside_data);
            waiting.to_write.call(called);
        }
    }

    /// Nobody will tell any more. Whom that concerns, that is everybody, is added to `called`.
    pub(super) fn end(&self, called: &mut Vec<Waker>) {
        let mut waiting = self.waiting.lock();
        self.read.end();
        self.write.end();
        waiting.to_read.call(called);
        waiting.to_write.call(called);
    }

    /// Gives up a seat of one's own.
    pub(super) fn leave(&self, direction: Direction, seat: &mut Seat) {
        if let Seat::Own(own) = seat
            && let Some(id) = own.take()
        {
            let waker = self.waiting.lock().to(direction).seats().remove(id);
            drop_catching(waker);
        }
    }
}

impl Drop for Waiters {
    /// Who polled by a trait and went leaves a waker here. One by one: of two destructors that
    /// panic in one drop, the second aborts the process.
    fn drop(&mut self) {
        let mut forgotten = Vec::new();
        self.call(&mut forgotten);
        forgotten.into_iter().for_each(drop_catching);
    }
}

impl Waiting {
    fn to(&mut self, direction: Direction) -> &mut Waiters {
        match direction {
            Direction::Read => &mut self.to_read,
            Direction::Write => &mut self.to_write,
        }
    }
}

impl Waiters {
    /// Puts the waker there, and gives back the one that was there.
    fn seat(&mut self, seat: &mut Seat, waker: Waker) -> Option<Waker> {
        match seat {
            Seat::Common => self.common.replace(waker),
            Seat::Own(Some(id)) => self.seats().replace(*id, waker),
            Seat::Own(own @ None) => {
                *own = Some(self.seats().add(waker));
                None
            }
        }
    }

    fn seats(&mut self) -> &mut Seats {
        self.own.get_or_insert_default()
    }

    /// All who wait. Their seats stay taken.
    #[inline]
    fn call(&mut self, called: &mut Vec<Waker>) {
        if let Some(waker) = self.common.take() {
            called.push(waker);
        }
        if let Some(own) = &mut self.own {
            own.call(called);
        }
    }
}
