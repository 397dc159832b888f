//! A registered descriptor: the readiness and the waiters of both directions, which the loop and
//! all users of the descriptor share.

use std::task::{Context, Poll, Waker};

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::sync::Mutex;

use super::readiness::{ReactorGone, Readiness, Tick};
use super::selector::{Direction, ReadinessEvent};
use super::waiters::{WaiterSlot, Waiters};

/// *Shared by* the loop and all users of the descriptor. *Guarded by* its mutex: a task stores its
/// waker and the loop sets readiness under the mutex. *Woken by* the thread that has taken the
/// wakers, after it has released the lock.
#[derive(Debug)]
pub(crate) struct IoSource {
    read: Readiness,
    write: Readiness,
    waiters: Mutex<WaitersByDirection>,
}

#[derive(Debug, Default)]
struct WaitersByDirection {
    read: Waiters,
    write: Waiters,
}

impl WaitersByDirection {
    fn of(&mut self, direction: Direction) -> &mut Waiters {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }
}

impl IoSource {
    /// Returns a source that is ready in both directions.
    pub(super) fn new() -> IoSource {
        IoSource { read: Readiness::new(), write: Readiness::new(), waiters: Mutex::default() }
    }

    #[inline]
    fn readiness(&self, direction: Direction) -> &Readiness {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// Returns whether the reactor has shut down.
    pub(super) fn is_shut_down(&self) -> bool {
        self.read.check() == Poll::Ready(Err(ReactorGone))
    }

    /// R1. Returns the current tick, or `Pending` if the direction is not ready.
    #[inline]
    pub(super) fn check(&self, direction: Direction) -> Poll<Result<Tick, ReactorGone>> {
        self.readiness(direction).check()
    }

    /// R1. If the direction is not ready, stores the waker.
    #[inline]
    pub(super) fn poll(
        &self,
        direction: Direction,
        slot: &mut WaiterSlot,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Tick, ReactorGone>> {
        match self.check(direction) {
            Poll::Pending => self.store_waker(direction, slot, cx.waker()),
            ready => ready,
        }
    }

    /// Stores the waker unless the direction has become ready. Wakers are cloned, woken and dropped
    /// outside the lock, because all three operations run foreign code.
    fn store_waker(
        &self,
        direction: Direction,
        slot: &mut WaiterSlot,
        waker: &Waker,
    ) -> Poll<Result<Tick, ReactorGone>> {
        let clone = waker.clone();
        let mut waiters = self.waiters.lock();
        if let Poll::Ready(tick) = self.check(direction) {
            drop(waiters);
            drop_catching(clone);
            return Poll::Ready(tick);
        }
        let former = waiters.of(direction).store(slot, clone);
        drop(waiters);
        match (former, slot) {
            (Some(former), WaiterSlot::Shared) if !former.will_wake(waker) => {
                catch_panic(|| former.wake());
            }
            (former, WaiterSlot::Shared | WaiterSlot::Own(_)) => drop_catching(former),
        }
        Poll::Pending
    }

    /// R2, after an operation that returned `WouldBlock`.
    #[inline]
    pub(super) fn clear(&self, direction: Direction, seen: Tick) {
        self.readiness(direction).clear(seen);
    }

    /// R2, after a short transfer, if the tick reported data alone.
    #[inline]
    pub(super) fn clear_after_short_transfer(&self, direction: Direction, seen: Tick) {
        if seen.is_of_data_alone() {
            self.clear(direction, seen);
        }
    }

    /// R3. Appends the wakers of the directions that become ready to `woken`.
    #[inline]
    pub(super) fn set_ready(&self, event: &ReadinessEvent, woken: &mut Vec<Waker>) {
        let mut waiters = self.waiters.lock();
        if event.readable {
            self.read.set(event);
            waiters.read.take_wakers(woken);
        }
        if event.writable {
            self.write.set(event);
            waiters.write.take_wakers(woken);
        }
    }

    /// Makes every later check fail, and appends all wakers to `woken`.
    pub(super) fn shut_down(&self, woken: &mut Vec<Waker>) {
        let mut waiters = self.waiters.lock();
        self.read.shut_down();
        self.write.shut_down();
        waiters.read.take_wakers(woken);
        waiters.write.take_wakers(woken);
    }

    /// Releases a task's own slot, and drops the waker in it.
    pub(super) fn release(&self, direction: Direction, slot: &mut WaiterSlot) {
        if let WaiterSlot::Own(own) = slot
            && let Some(key) = own.take()
        {
            let waker = self.waiters.lock().of(direction).release(key);
            drop_catching(waker);
        }
    }
}
