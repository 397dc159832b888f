//! One direction of a source: whether it is ready, and who waits until it is.
//!
//! The system tells of each time that a descriptor *becomes* ready, once. So what was told must
//! not be forgotten before an operation has failed with *would block*, and not after it either:
//!
//! 1. Who wants to read sees the readiness with its *tick*, which counts what was heard, and tries.
//! 2. If the try would block, it clears the readiness of *that tick*.
//! 3. Who hears of the descriptor adds a tick, and makes it ready, and then wakes.
//!
//! The race it survives: data comes after the failed try of 1 and is heard before 2. The tick is
//! then another one, the clearing of 2 does nothing, and the reader tries again. Who finds nothing
//! ready registers its waker under the same lock, so 3 comes before the look and is seen, or after
//! the registration and wakes.
//!
//! ```text
//!              clear, of the same tick
//!      READY ──────────────────────────▶ unready
//!       ▲ ▲ ◀────────────────────────── │
//!       └─┘             tell            │
//!        tell: another tick             │ end
//!         └─────────── end ─────▶ GONE ◀┘
//! ```

use std::task::{Context, Poll, Waker};

use runtime_core::quietly::{call_quietly, drop_quietly};
use runtime_core::sync::Mutex;
use runtime_core::sync::atomic::{AtomicUsize, Ordering};

use super::seats::{SeatId, Seats};

const READY: usize = 1;
const GONE: usize = 2;
/// The rest of the word counts; that it wraps harms nobody who does not sleep for 2^30 events.
const TICK: usize = 4;

/// Which readiness was seen, so that no later one is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick(usize);

/// The loop that would have told is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// Where the waker of somebody who waits is kept.
#[derive(Debug)]
pub(super) enum Seat {
    /// The one place for polls that leave nothing behind, as the traits' do. Who comes later takes
    /// it, and the one before is woken so as not to wait for ever.
    Common,
    /// A place of one's own, once it is taken. To be [left](Side::leave).
    Own(Option<SeatId>),
}

/// *Shared by* the loop and all who use the socket. *Guarded by* its mutex, under which alone the
/// word is written, and which may be read without it. *Woken by* [`tell`](Side::tell) and
/// [`end`](Side::end).
#[derive(Debug)]
pub(super) struct Side {
    word: AtomicUsize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    common: Option<Waker>,
    own: Seats,
}

impl Side {
    /// Ready, until somebody has tried.
    pub(super) fn new() -> Side {
        Side { word: AtomicUsize::new(READY), waiting: Mutex::new(Waiting::default()) }
    }

    /// Step 1. `Pending` if it is not ready.
    #[inline]
    pub(super) fn look(&self) -> Poll<Result<Tick, Gone>> {
        // ORDERING: Relaxed. Who finds it unready looks again under the lock; who finds an old
        // readiness tries, and its clearing meets another tick under the lock.
        let word = self.word.load(Ordering::Relaxed);
        if word & GONE != 0 {
            Poll::Ready(Err(Gone))
        } else if word & READY != 0 {
            Poll::Ready(Ok(Tick(word)))
        } else {
            Poll::Pending
        }
    }

    /// Step 1, and the waker waits if there is nothing to be seen.
    #[inline]
    pub(super) fn poll(&self, seat: &mut Seat, cx: &mut Context<'_>) -> Poll<Result<Tick, Gone>> {
        if let Poll::Ready(seen) = self.look() {
            return Poll::Ready(seen);
        }
        self.wait(seat, cx.waker())
    }

    fn wait(&self, seat: &mut Seat, waker: &Waker) -> Poll<Result<Tick, Gone>> {
        let waiting = self.waiting.lock();
        if let Poll::Ready(seen) = self.look() {
            return Poll::Ready(seen);
        }
        if waiting.is_seated(seat, waker) {
            return Poll::Pending;
        }
        drop(waiting);
        // A waker is cloned, woken and dropped outside the lock: all three are foreign code.
        let waker = waker.clone();
        let mut waiting = self.waiting.lock();
        if let Poll::Ready(seen) = self.look() {
            drop(waiting);
            drop_quietly(waker);
            return Poll::Ready(seen);
        }
        let former = waiting.seat(seat, waker);
        drop(waiting);
        match (former, &seat) {
            (Some(former), Seat::Common) => call_quietly(|| former.wake()),
            (former, Seat::Common | Seat::Own(_)) => drop_quietly(former),
        }
        Poll::Pending
    }

    /// Step 2.
    pub(super) fn clear(&self, Tick(seen): Tick) {
        let waiting = self.waiting.lock();
        // ORDERING: Relaxed, twice. The word is written under the lock alone.
        if self.word.load(Ordering::Relaxed) == seen {
            self.word.store(seen & !READY, Ordering::Relaxed);
        }
        drop(waiting);
    }

    /// Step 3. Called by the loop.
    pub(super) fn tell(&self) {
        self.change(|word| (word | READY).wrapping_add(TICK));
    }

    /// Nobody will tell any more.
    pub(super) fn end(&self) {
        self.change(|word| word | GONE);
    }

    fn change(&self, change: impl FnOnce(usize) -> usize) {
        let mut waiting = self.waiting.lock();
        // ORDERING: Relaxed, twice. The word is written under the lock alone.
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(change(word), Ordering::Relaxed);
        let common = waiting.common.take();
        let mut called = waiting.own.call(0);
        drop(waiting);
        if let Some(waker) = common {
            call_quietly(|| waker.wake());
        }
        // One by one, so that nothing has to be allocated for those who are called.
        while let Some((next, waker)) = called {
            call_quietly(|| waker.wake());
            called = self.waiting.lock().own.call(next);
        }
    }

    /// Gives up a seat of one's own.
    pub(super) fn leave(&self, seat: &mut Seat) {
        if let Seat::Own(own) = seat
            && let Some(id) = own.take()
        {
            let waker = self.waiting.lock().own.remove(id);
            drop_quietly(waker);
        }
    }
}

impl Drop for Waiting {
    /// Who polled by a trait and went leaves a waker here. One by one: of two destructors that
    /// panic in one drop, the second aborts the process.
    fn drop(&mut self) {
        drop_quietly(self.common.take());
        while let Some((_, forgotten)) = self.own.call(0) {
            drop_quietly(forgotten);
        }
    }
}

impl Waiting {
    fn is_seated(&self, seat: &Seat, waker: &Waker) -> bool {
        let seated = match seat {
            Seat::Common => self.common.as_ref(),
            Seat::Own(id) => id.and_then(|id| self.own.get(id)),
        };
        seated.is_some_and(|seated| seated.will_wake(waker))
    }

    /// Puts the waker there, and gives back the one that was there.
    fn seat(&mut self, seat: &mut Seat, waker: Waker) -> Option<Waker> {
        match seat {
            Seat::Common => self.common.replace(waker),
            Seat::Own(Some(id)) => self.own.replace(*id, waker),
            Seat::Own(own @ None) => {
                *own = Some(self.own.add(waker));
                None
            }
        }
    }
}
