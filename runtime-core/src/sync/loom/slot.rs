//! The slot of a model's thread: the part of the thread that the other threads can reach, with its
//! parking token.
//!
//! loom sees one word of the slot. Bit 0 is the parking token; the other bits count how often the
//! injector let time pass for this thread. The module `thread` describes the protocol of parking.
//!
//! A flag that loom does not see records that the thread sleeps. The flag changes only together
//! with an operation on the word, so loom tries every order of its changes. A thread sleeps in
//! loom's own park. loom's unpark is called only for a thread that sleeps there, because this call
//! would also release a thread that waits for a mutex.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::film;
use super::mutation::{self, Mutation};

/// The parking token in the word.
pub(super) const TOKEN: usize = 1;
/// The amount that is added to the word when time passes.
pub(super) const TICK: usize = 2;

/// Names a thread of the model; the first is number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(usize);

/// A thread of the model.
#[derive(Clone, Debug)]
pub struct Thread(Arc<ThreadSlot>);

#[derive(Debug)]
struct ThreadSlot {
    id: ThreadId,
    name: OnceLock<String>,
    word: AtomicUsize,
    /// Not seen by loom.
    state: Mutex<SlotState>,
}

#[derive(Debug, Default)]
pub(super) struct SlotState {
    parked: Option<Parked>,
    /// The number of ticks that this thread has used up, of those counted in the word. Each tick
    /// used up is one passed deadline.
    pub(super) ticks: usize,
    /// The latest deadline that has passed. All earlier deadlines have passed, too.
    pub(super) passed: Option<Instant>,
    /// True for the injector's thread.
    pub(super) is_injector: bool,
    pub(super) stage: ThreadStage,
    /// The number of calls of `unpark`.
    unparks: usize,
}

/// The stages of a thread's life that the injector distinguishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ThreadStage {
    /// No thread has the slot.
    #[default]
    Vacant,
    /// The thread runs, or sleeps, or waits for a mutex that another thread will unlock.
    Alive,
    /// The thread waits for another thread to end.
    Joining,
    /// The thread has ended.
    Ended,
}

/// A park in progress, with loom's handle to end it.
#[derive(Debug)]
pub(super) enum Parked {
    Untimed(loom::thread::Thread),
    Timed(loom::thread::Thread),
}

impl Thread {
    /// A vacant slot.
    pub(super) fn vacant(id: usize) -> Thread {
        Thread(Arc::new(ThreadSlot {
            id: ThreadId(id),
            name: OnceLock::new(),
            word: AtomicUsize::new(0),
            state: Mutex::default(),
        }))
    }

    /// Gives the slot to a thread.
    pub(super) fn occupy(&self, name: String) {
        film::name_thread(&name);
        self.0.name.set(name).expect("a slot is occupied once");
        self.state().stage = ThreadStage::Alive;
    }

    /// The thread's ID.
    pub fn id(&self) -> ThreadId {
        self.0.id
    }

    /// The name that the thread was started with.
    pub fn name(&self) -> Option<&str> {
        self.0.name.get().map(String::as_str)
    }

    /// Ends the thread's park, or lets its next park return at once.
    #[track_caller]
    pub fn unpark(&self) {
        if mutation::here() == Some(Mutation::Lose) {
            film::note_lost("unpark", Some(self.number()));
            return;
        }
        self.state().unparks += 1;
        // ORDERING: Release, paired with the Acquires of `park`, as in std. There is no Acquire, so
        // two threads that unpark a third are not ordered with each other.
        self.0.word.fetch_or(TOKEN, Release);
        film::note("unpark", Some(self.number()), Some(self.is_asleep()));
        self.end_park();
    }

    /// Lets a deadline of this thread pass. Only the injector calls it.
    #[track_caller]
    pub(super) fn expire(&self) {
        // ORDERING: Relaxed. Time publishes nothing.
        self.0.word.fetch_add(TICK, Relaxed);
        if self.state().stage == ThreadStage::Alive {
            film::note("expire", Some(self.number()), Some(self.waits_for_a_time()));
        }
        let mut state = self.state();
        match state.parked.take() {
            Some(Parked::Timed(thread)) => thread.unpark(),
            untimed_or_awake => state.parked = untimed_or_awake,
        }
    }

    /// Ends the thread's park without a token. Only the injector calls it.
    #[track_caller]
    pub(super) fn wake_spuriously(&self) {
        // ORDERING: Relaxed. The operation changes nothing, but loom sees it and tries every place
        // for it in the order.
        self.0.word.fetch_or(0, Relaxed);
        if self.is_asleep() {
            film::note("wake_spuriously", Some(self.number()), None);
        }
        self.end_park();
    }

    /// The number of the thread in films.
    pub(super) fn number(&self) -> usize {
        self.0.id.0
    }

    fn is_asleep(&self) -> bool {
        self.state().parked.is_some()
    }

    fn end_park(&self) {
        match self.state().parked.take() {
            Some(Parked::Untimed(thread) | Parked::Timed(thread)) => thread.unpark(),
            None => {}
        }
    }

    /// Returns whether the thread does nothing until another thread acts.
    pub(super) fn waits(&self) -> bool {
        let state = self.state();
        state.stage != ThreadStage::Alive || state.parked.is_some()
    }

    /// Returns whether the thread is parked with a deadline.
    pub(super) fn waits_for_a_time(&self) -> bool {
        matches!(self.state().parked, Some(Parked::Timed(_)))
    }

    /// The number of calls of [`unpark`](Thread::unpark) for this thread.
    pub(super) fn unparks(&self) -> usize {
        self.state().unparks
    }

    /// Locks the part that loom does not see. It must not be locked during an operation that loom
    /// sees.
    pub(super) fn state(&self) -> MutexGuard<'_, SlotState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The word that loom sees.
    pub(super) fn word(&self) -> &AtomicUsize {
        &self.0.word
    }

    /// Sleeps, then takes the token if there is one. Returns the word as it was before the token
    /// was taken.
    ///
    /// The caller must have found no token, and no other thread may have run since.
    #[track_caller]
    pub(super) fn sleep(&self, parked: fn(loom::thread::Thread) -> Parked) -> usize {
        self.state().parked = Some(parked(loom::thread::current()));
        film::note("sleep", None, Some(self.waits_for_a_time()));
        loom::thread::park();
        // ORDERING: Acquire, paired with the Release of `unpark`.
        let word = self.0.word.fetch_and(!TOKEN, Acquire);
        film::note("wake", None, Some(word & TOKEN != 0));
        word
    }
}
