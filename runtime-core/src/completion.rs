//! The completion cell: passes the result of a task or a job to the future that awaits it.
//!
//! ```text
//!              C1 complete               C2 poll
//!   WAITING ───────────────▶ READY ───────────────▶ TAKEN
//!      │                       │
//!      │ C3 close              │ C3 close (the result is dropped here)
//!      ▼                       ▼
//!   CLOSED ◀───────────────────┘
//!      │ C1 complete (the result is dropped there)
//!      └──────▶ TAKEN
//! ```
//!
//! | state | result | waker of the awaiting task | producer's place | ends that may change it |
//! |---|---|---|---|---|
//! | WAITING | not there yet | perhaps | there | both |
//! | READY | in the cell | none | gone | the reading end |
//! | TAKEN | yielded, or dropped | none | gone | none |
//! | CLOSED | dropped at the close, or when it arrives | none | there | the producer |
//!
//! In its place a task keeps its waker, and a job its closure and later its hooks.
//!
//! The producer (a task on the loop, or a job on a worker) calls [`complete`](Completion::complete)
//! once. The reading end ([`JoinHandle`](crate::join::JoinHandle)) polls, requests cancellation,
//! and closes the cell when it is dropped. A request is a flag that the producer checks. A task is
//! also woken once, so that it checks the flag. An abort handle requests cancellation even if the
//! reading end is gone, so a closed cell keeps the producer's place.
//!
//! One small mutex guards the state, and no user code runs while it is locked. Wakers are cloned
//! before it is locked; they are woken, and wakers and results are dropped, after it is unlocked.
//! So a waker or a destructor that panics or calls back finds the cell consistent.

use std::fmt;
use std::mem;
use std::task::{Context, Poll, Waker};

use crate::catch_panic::{catch_panic, drop_catching};
use crate::join_error::JoinError;
use crate::metadata::Metadata;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// The cell. *Shared by* one producer and one reader. *Guarded by* its mutex, except the two flags,
/// each written by one end. *Woken by*: `complete` wakes the awaiting task, `cancel` the producer.
/// `P` is the producer's place: its waker or, if the producer contains the cell, its content.
pub struct Completion<T, P = Option<Waker>> {
    metadata: Metadata,
    /// Set by the reading end; the producer checks it at every poll.
    cancel_requested: AtomicBool,
    /// Set by the producer when it has stored or discarded the result. Checking takes no lock.
    finished: AtomicBool,
    pub(crate) state: Mutex<CompletionState<T, P>>,
}

pub(crate) enum CompletionState<T, P> {
    Waiting { awaiter: Option<Waker>, producer: P },
    Ready(Result<T, JoinError>),
    Taken,
    Closed { producer: P },
}

use CompletionState::{Closed, Ready, Taken, Waiting};

impl<T, P: Default> Completion<T, P> {
    /// A waiting cell. If `producer` is a waker, the first request for cancellation wakes it.
    pub fn new(metadata: Metadata, producer: P) -> Completion<T, P> {
        Completion {
            metadata,
            cancel_requested: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            state: Mutex::new(Waiting { awaiter: None, producer }),
        }
    }

    /// The number, name and location of the task or job.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// C1. Stores the result and wakes the awaiting task, or drops the result if the reader is
    /// gone. Returns the producer's place.
    pub fn complete(&self, result: Result<T, JoinError>) -> P {
        self.complete_for_reader(result).0
    }

    /// C1. Also returns whether there was a reader at that time.
    #[inline]
    pub fn complete_for_reader(&self, result: Result<T, JoinError>) -> (P, bool) {
        let mut state = self.state.lock();
        let before = mem::replace(&mut *state, Ready(result));
        let unwanted = matches!(before, Closed { .. }).then(|| mem::replace(&mut *state, Taken));
        // ORDERING: Release, paired with the Acquire in `is_finished`. Set once, by one thread.
        self.finished.store(true, Ordering::Release);
        drop(state);
        drop_catching(unwanted);
        match before {
            Waiting { awaiter, producer } => {
                if let Some(awaiter) = awaiter {
                    catch_panic(|| awaiter.wake());
                }
                (producer, true)
            }
            Closed { producer } => (producer, false),
            Ready(_) | Taken => unreachable!("a producer completes once"),
        }
    }

    /// Returns whether the reading end requested cancellation.
    #[inline]
    pub fn is_cancel_requested(&self) -> bool {
        // ORDERING: Acquire, paired with the swap in `request_cancel`.
        self.cancel_requested.load(Ordering::Acquire)
    }

    /// C2. Takes the result, or stores the caller's waker. Panics if the result was taken before.
    #[inline]
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        if self.is_finished() { Poll::Ready(self.take()) } else { self.poll_unfinished(cx) }
    }

    /// C2 for a cell that was not finished a moment ago.
    pub(crate) fn poll_unfinished(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let waker = cx.waker().clone();
        let mut state = self.state.lock();
        if let Waiting { awaiter, .. } = &mut *state {
            let former = awaiter.replace(waker);
            drop(state);
            drop_catching(former);
            return Poll::Pending;
        }
        // The cell was completed between the check and the lock.
        let result = Self::take_locked(state);
        drop_catching(waker);
        Poll::Ready(result)
    }

    /// C2 for a finished cell.
    pub fn take(&self) -> Result<T, JoinError> {
        Self::take_locked(self.state.lock())
    }

    fn take_locked(mut state: MutexGuard<'_, CompletionState<T, P>>) -> Result<T, JoinError> {
        match mem::replace(&mut *state, Taken) {
            Ready(result) => result,
            before => {
                *state = before;
                drop(state);
                panic!("a JoinHandle was polled after it had yielded its result")
            }
        }
    }

    /// C2 without the lock, for a reader with the only reference. `None` if there is no result.
    pub fn take_alone(&mut self) -> Option<Result<T, JoinError>> {
        let state = self.state.get_mut();
        match mem::replace(state, Taken) {
            Ready(result) => Some(result),
            before => {
                *state = before;
                None
            }
        }
    }

    /// Calls `f` with the producer's place, unless the cell is completed. The call happens under
    /// the cell's lock, so `f` must neither run nor drop user code.
    #[inline]
    pub fn with_producer<R>(&self, f: impl FnOnce(&mut P) -> R) -> Option<R> {
        match &mut *self.state.lock() {
            Waiting { producer, .. } | Closed { producer } => Some(f(producer)),
            Ready(_) | Taken => None,
        }
    }

    /// Returns whether the result is in the cell, or was taken.
    #[inline]
    pub fn is_finished(&self) -> bool {
        // ORDERING: Acquire, paired with the store in `complete`: a thread that reads `true` sees
        // everything that the producer did before the store.
        self.finished.load(Ordering::Acquire)
    }

    /// Sets the flag that requests cancellation. Returns whether this is the first request.
    pub fn request_cancel(&self) -> bool {
        // ORDERING: AcqRel, paired with the load in `is_cancel_requested`. Several threads swap.
        !self.cancel_requested.swap(true, Ordering::AcqRel)
    }

    /// C3. Closes the cell for its reader: the result is dropped, now or when it arrives.
    pub fn close(&self) {
        let mut state = self.state.lock();
        let producer = match &mut *state {
            Waiting { producer, .. } => mem::take(producer),
            Ready(_) => P::default(),
            Taken | Closed { .. } => return,
        };
        let before = mem::replace(&mut *state, Closed { producer });
        drop(state);
        drop_catching(before);
    }
}

impl<T> Completion<T> {
    /// Sets the waker of a producer that did not exist yet when the cell was made. The caller must
    /// then check whether cancellation [was already requested](Completion::is_cancel_requested).
    pub fn set_producer(&self, waker: Waker) {
        let mut waker = Some(waker);
        let former = self.with_producer(|producer| mem::replace(producer, waker.take()));
        drop_catching((former, waker));
    }

    /// Requests cancellation, and wakes the producer so that it sees the request. Does nothing
    /// after the first request, or once there is a result.
    pub fn cancel(&self) {
        if !self.request_cancel() {
            return;
        }
        let producer = self.with_producer(Option::take).flatten();
        if let Some(producer) = producer {
            catch_panic(|| producer.wake());
        }
    }
}

impl<T, P> fmt::Debug for Completion<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match *self.state.lock() {
            Waiting { .. } => "waiting",
            Ready(_) => "ready",
            Taken => "taken",
            Closed { .. } => "closed",
        };
        f.debug_struct("Completion")
            .field("metadata", &self.metadata)
            .field("state", &state)
            .finish()
    }
}
