//! One direction of a descriptor: whether it is ready.
//!
//! The system tells of each time that a descriptor *becomes* ready, once. So what was told must
//! not be forgotten before an operation has failed with *would block*, and not after it either:
//!
//! 1. Who wants to read sees the readiness with its *tick*, which counts what was heard, and tries.
//! 2. If the try would block, it clears the readiness of *that tick*.
//! 3. Who hears of the descriptor adds a tick, which makes it ready, and then wakes.
//!
//! Two words say it: the last tick that was told, and the last one that was cleared. It is ready
//! if they differ.
//!
//! The race it survives: data comes after the failed try of 1 and is heard before 2. The tick is
//! then another one, what 2 clears is the one before, and the reader tries again. Who finds nothing
//! ready registers its waker under the lock under which 3 adds the tick, so 3 comes before the
//! look and is seen, or after the registration and wakes. If two clear at a time and the one who
//! has seen less comes last, it is ready once more for nothing, and the next try puts that right.
//!
//! ```text
//!             clear, of the tick told last
//!      READY ──────────────────────────▶ unready
//!       ▲ ▲ ◀────────────────────────── │
//!       └─┘             tell            │
//!        tell: another tick             │ end
//!         └─────────── end ─────▶ GONE ◀┘
//! ```
//!
//! # A short read
//!
//! To be told once means to try until it would block, and so each request would cost one read that
//! finds nothing. On Linux it need not, for a TCP stream: a read that brings fewer bytes than it
//! asked for has emptied the socket, a write that takes fewer has filled it, and the readiness can
//! be cleared at once. For what was told to be still true after that, it would have to be of
//! something else than data, that came together with the data and was told in the same event:
//!
//! - *The end*, an error, or a hang-up: the next read is to find it, and nothing more will be told.
//! - *Urgent data*: a read stops short in front of it, although more may follow.
//!
//! An event says so if either is there when it is heard, and what comes later is another event. So
//! a tick whose event told of data *alone* is cleared by a short read, and another one by *would
//! block* only; and so is every tick where it has not been shown that this is enough. It has not
//! for a Unix stream, where a read stops short at a passed descriptor; for datagrams, pipes, and
//! what others have brought, of which nothing is known; and for other systems than Linux. Nothing
//! asked for is nothing learnt, and a read that gives nothing is the end, which stays.

use std::task::Poll;

use runtime_core::sync::atomic::{AtomicUsize, Ordering};

const GONE: usize = 1;
/// More than data was told of.
const BESIDE_DATA: usize = 2;
/// The rest of a word counts; that it wraps harms nobody who does not sleep for 2^30 events.
const TICK: usize = 4;

/// Which readiness was seen, so that no later one is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick(usize);

impl Tick {
    /// Whether an operation that did less than it was to do has used this readiness up.
    pub(super) fn ends_with_the_data(self) -> bool {
        self.0 & BESIDE_DATA == 0
    }
}

/// The loop that would have told is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// *Shared by* the loop and all who use the descriptor. *Guarded by* the lock of its source, under
/// which alone it is told; looking and clearing take none.
#[derive(Debug)]
pub(super) struct Side {
    told: AtomicUsize,
    cleared: AtomicUsize,
}

impl Side {
    /// Ready, until somebody has tried. Nothing was heard yet, so nothing beside data was.
    pub(super) fn new() -> Side {
        Side { told: AtomicUsize::new(TICK), cleared: AtomicUsize::new(0) }
    }

    /// Step 1. `Pending` if it is not ready.
    #[inline]
    pub(super) fn look(&self) -> Poll<Result<Tick, Gone>> {
        // ORDERING: Relaxed. Who finds it unready looks again under the lock; who finds an old
        // readiness tries for nothing, and clears an old tick.
        let told = self.told.load(Ordering::Relaxed);
        if told & GONE != 0 {
            return Poll::Ready(Err(Gone));
        }
        // ORDERING: Relaxed. It is at least what this thread has cleared. What another thread has
        // is missed for the price of a try.
        let cleared = self.cleared.load(Ordering::Relaxed);
        if told == cleared { Poll::Pending } else { Poll::Ready(Ok(Tick(told))) }
    }

    /// Step 2.
    #[inline]
    pub(super) fn clear(&self, Tick(seen): Tick) {
        // ORDERING: Relaxed. A glance: an old tick is not worth writing.
        if self.told.load(Ordering::Relaxed) == seen {
            // ORDERING: Relaxed. Whoever reads this value reads that somebody tried after this
            // tick was told, and failed; if it was told last, there is nothing to try for. Several
            // write, each what it has seen, and each of those values says something true.
            self.cleared.store(seen, Ordering::Relaxed);
        }
    }

    /// Step 3. Called by the loop, under the lock.
    pub(super) fn tell(&self, beside_data: bool) {
        // ORDERING: Relaxed, twice. The word is written under the lock alone.
        let told = self.told.load(Ordering::Relaxed) & !BESIDE_DATA;
        let beside_data = if beside_data { BESIDE_DATA } else { 0 };
        self.told.store(told.wrapping_add(TICK) | beside_data, Ordering::Relaxed);
    }

    /// Nobody will tell any more. Called under the lock.
    pub(super) fn end(&self) {
        // ORDERING: Relaxed, twice. The word is written under the lock alone.
        let told = self.told.load(Ordering::Relaxed);
        self.told.store(told | GONE, Ordering::Relaxed);
    }
}
