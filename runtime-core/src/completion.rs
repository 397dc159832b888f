//! The completion cell: where the result of a task or a job meets whoever awaits it.
//!
//! ```text
//!              1 complete                2 poll
//!   WAITING ───────────────▶ READY ───────────────▶ TAKEN
//!      │                       │
//!      │ 3 close               │ 3 close (the result is dropped here)
//!      ▼                       ▼
//!   CLOSED ◀───────────────────┘
//!      │ 1 complete (the result is dropped there)
//!      └──────▶ CLOSED
//! ```
//!
//! | state | result | wakers | who may move it on |
//! |---|---|---|---|
//! | WAITING | not there yet | the awaiter's and the producer's | both ends |
//! | READY | in the cell | none | the reading end |
//! | TAKEN | handed out | none | nobody |
//! | CLOSED | dropped, or to be dropped | none | nobody |
//!
//! The producing end (a task on the loop, a job on a worker) calls
//! [`complete`](Completion::complete) once. The reading end
//! ([`JoinHandle`](crate::join::JoinHandle)) polls, asks for cancelling, and closes when it is
//! dropped. Cancelling is a request: a flag for the producer to look at, and one wake of the
//! producer so that it looks.
//!
//! All of it happens under one small mutex, and nothing of the user's happens there: a waker is
//! cloned before the lock is taken; wakers are woken, and wakers and results dropped, after it was
//! released. So a waker or a destructor that panics or comes back here finds the cell whole.

use std::mem;
use std::task::{Context, Poll, Waker};

use crate::catch_panic::{catch_panic, drop_catching};
use crate::join_error::JoinError;
use crate::metadata::Metadata;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// The cell. *Shared by* one producer and one reader, by `Arc`. *Guarded by* its mutex, but for
/// the two flags, each of which has one writer. *Woken by*: `complete` wakes the awaiter, `cancel`
/// the producer.
pub struct Completion<T> {
    metadata: Metadata,
    /// Set by the reading end, looked at by the producer at every poll.
    cancel_requested: AtomicBool,
    /// Set by the producer when the result is there, so that a look costs no lock.
    finished: AtomicBool,
    state: Mutex<State<T>>,
}

enum State<T> {
    Waiting { awaiter: Option<Waker>, producer: Option<Waker> },
    Ready(Result<T, JoinError>),
    Taken,
    Closed,
}

impl<T> Completion<T> {
    /// A waiting cell. The producer is woken when somebody asks for cancelling.
    pub fn new(metadata: Metadata, producer: Option<Waker>) -> Completion<T> {
        Completion {
            metadata,
            cancel_requested: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            state: Mutex::new(State::Waiting { awaiter: None, producer }),
        }
    }

    /// Who the producer is.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    // ---- the producing end ----

    /// Arrow 1. Stores the result and wakes who awaits it; drops it if the reader has gone. Gives
    /// the producer its waker back, if nobody used it.
    pub fn complete(&self, result: Result<T, JoinError>) -> Option<Waker> {
        let mut state = self.state.lock();
        let before = match *state {
            State::Waiting { .. } => mem::replace(&mut *state, State::Ready(result)),
            State::Closed => {
                drop(state);
                drop_catching(result);
                return None;
            }
            State::Ready(_) | State::Taken => unreachable!("a producer completes once"),
        };
        // ORDERING: Release, paired with the Acquire in `is_finished`. One writer, once.
        self.finished.store(true, Ordering::Release);
        drop(state);
        let State::Waiting { awaiter, producer } = before else { return None };
        if let Some(awaiter) = awaiter {
            catch_panic(|| awaiter.wake());
        }
        producer
    }

    /// Whether the reading end asked for cancelling.
    #[inline]
    pub fn is_cancel_requested(&self) -> bool {
        // ORDERING: Acquire, paired with the swap in `cancel`.
        self.cancel_requested.load(Ordering::Acquire)
    }

    /// Names the waker of a producer that did not exist yet when the cell was made.
    ///
    /// A request for cancelling may have come before it: look at
    /// [`is_cancel_requested`](Completion::is_cancel_requested) afterwards.
    pub fn set_producer(&self, waker: Waker) {
        let mut state = self.state.lock();
        let unused = match &mut *state {
            State::Waiting { producer, .. } => producer.replace(waker),
            State::Ready(_) | State::Taken | State::Closed => Some(waker),
        };
        drop(state);
        // Mostly there is none.
        if let Some(unused) = unused {
            drop_catching(unused);
        }
    }

    // ---- the reading end ----

    /// Arrow 2. The result, or `Pending` with the caller's waker stored in place of an earlier one.
    ///
    /// # Panics
    /// If the result was taken before.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        if !self.is_finished() {
            let waker = cx.waker().clone();
            let mut state = self.state.lock();
            if let State::Waiting { awaiter, .. } = &mut *state {
                let former = awaiter.replace(waker);
                drop(state);
                drop_catching(former);
                return Poll::Pending;
            }
            // It was completed between the look and the lock.
            let result = Self::take(state);
            drop_catching(waker);
            return Poll::Ready(result);
        }
        Poll::Ready(Self::take(self.state.lock()))
    }

    fn take(mut state: MutexGuard<'_, State<T>>) -> Result<T, JoinError> {
        match mem::replace(&mut *state, State::Taken) {
            State::Ready(result) => result,
            before @ (State::Waiting { .. } | State::Taken | State::Closed) => {
                *state = before;
                drop(state);
                panic!("a JoinHandle was polled after it had handed out its result")
            }
        }
    }

    /// Arrow 2 for a reader whom nobody can disturb any more: no lock. `None` if there is no
    /// result.
    pub fn take_alone(&mut self) -> Option<Result<T, JoinError>> {
        let state = self.state.get_mut();
        match mem::replace(state, State::Taken) {
            State::Ready(result) => Some(result),
            before @ (State::Waiting { .. } | State::Taken | State::Closed) => {
                *state = before;
                None
            }
        }
    }

    /// Whether the result is there (or was, and has been taken).
    #[inline]
    pub fn is_finished(&self) -> bool {
        // ORDERING: Acquire, paired with the store in `complete`: who sees it true also sees what
        // the producer did before.
        self.finished.load(Ordering::Acquire)
    }

    /// Requests the producer to stop, and returns whether this is the first request.
    pub fn request_cancel(&self) -> bool {
        // ORDERING: AcqRel, paired with the load in `is_cancel_requested`. A swap, because several
        // threads may request at the same time.
        !self.cancel_requested.swap(true, Ordering::AcqRel)
    }

    /// Requests the producer to stop, and wakes it so that it sees the request. Does nothing after
    /// the first request, or once the result is there.
    pub fn cancel(&self) {
        if !self.request_cancel() {
            return;
        }
        let mut state = self.state.lock();
        let producer = match &mut *state {
            State::Waiting { producer, .. } => producer.take(),
            State::Ready(_) | State::Taken | State::Closed => None,
        };
        drop(state);
        if let Some(producer) = producer {
            catch_panic(|| producer.wake());
        }
    }

    /// Arrow 3. The reader goes; a result that is there, or will be, is dropped.
    pub fn close(&self) {
        let mut state = self.state.lock();
        let before = match *state {
            State::Waiting { .. } | State::Ready(_) => mem::replace(&mut *state, State::Closed),
            State::Taken | State::Closed => return,
        };
        drop(state);
        drop_catching(before);
    }
}

impl<T> std::fmt::Debug for Completion<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match *self.state.lock() {
            State::Waiting { .. } => "waiting",
            State::Ready(_) => "ready",
            State::Taken => "taken",
            State::Closed => "closed",
        };
        f.debug_struct("Completion")
            .field("metadata", &self.metadata)
            .field("state", &state)
            .finish()
    }
}
