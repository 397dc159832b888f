//! Threads that loom runs, and how one of them waits.
//!
//! Every thread has a seat, with one word that loom sees: bit 0 is the parking token, the rest
//! counts how often the [injector](super::injector) let time pass.
//!
//! 1. `unpark` sets the token by a Release read-modify-write, and wakes the thread if it sleeps.
//! 2. `park` takes the token by an Acquire one. If there is none it sleeps; woken, it takes the
//!    token that came meanwhile. Two unparks between two parks are one.
//! 3. `park_until` does the same, and returns true instead if time passed since it last looked.
//!
//! Whether a thread sleeps is kept beside loom, and changes only together with an operation on
//! the word, so that loom tries every order of it. loom's own park does the sleeping, and its
//! unpark is called for a thread that sleeps here and for no other: it would also set free a
//! thread that waits for a mutex. The words of all seats are made before any thread starts,
//! because the injector reaches for each of them whether its thread has started or not.

use std::cell::OnceCell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::explore::execution;
use super::injector;
use super::mutation::{self, Kind};

const TOKEN: usize = 1;
/// What the injector adds to the word when time passes.
pub(super) const TICK: usize = 2;

/// Which thread it is; the first is number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(usize);

/// A thread of the model.
#[derive(Clone, Debug)]
pub struct Thread(Arc<Seat>);

#[derive(Debug)]
struct Seat {
    id: ThreadId,
    name: OnceLock<String>,
    word: AtomicUsize,
    /// Not seen by loom.
    private: Mutex<Private>,
}

#[derive(Debug, Default)]
struct Private {
    sleep: Option<Sleep>,
    /// How many ticks of the word have been taken for a passed deadline.
    ticks: usize,
    /// The latest deadline that has passed: it and all earlier ones stay passed.
    passed: Option<Instant>,
    injector: bool,
    stage: Stage,
}

/// What a thread is about, as far as the injector has to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nobody has taken the seat.
    #[default]
    Vacant,
    /// It runs, or sleeps, or waits for a mutex that another thread will unlock.
    Alive,
    /// It waits for another thread to end.
    Joining,
    Ended,
}

/// A sleep under way, and loom's handle to end it.
#[derive(Debug)]
enum Sleep {
    Untimed(loom::thread::Thread),
    Timed(loom::thread::Thread),
}

/// The seats of one execution, and how many of them are taken.
#[derive(Debug, Default)]
pub(super) struct Seats {
    all: Vec<Thread>,
    taken: usize,
}

loom::thread_local! {
    static CURRENT: OnceCell<Thread> = OnceCell::new();
}

/// Makes the seats and puts the first thread in its own.
pub(super) fn begin() {
    let all = (0..loom::MAX_THREADS).map(|id| {
        Thread(Arc::new(Seat {
            id: ThreadId(id),
            name: OnceLock::new(),
            word: AtomicUsize::new(0),
            private: Mutex::default(),
        }))
    });
    let all = all.collect();
    execution(|execution| execution.seats = Seats { all, taken: 0 });
    sit_down(take_seat("main".to_owned()));
}

fn take_seat(name: String) -> Thread {
    let seat = execution(|execution| {
        let seats = &mut execution.seats;
        let seat = seats.all.get(seats.taken).expect("a model has five threads at most").clone();
        seats.taken += 1;
        seat
    });
    seat.0.name.set(name).expect("a seat is taken once");
    seat.private().stage = Stage::Alive;
    seat
}

fn sit_down(seat: Thread) {
    CURRENT.with(|current| current.set(seat).expect("a thread sits down once"));
}

/// All seats but the caller's.
pub(super) fn others() -> Vec<Thread> {
    let me = current().id();
    let all = execution(|execution| execution.seats.all.clone());
    all.into_iter().filter(|seat| seat.id() != me).collect()
}

/// Does nothing: in a model the others may run at every step anyway.
pub fn yield_now() {}

/// The calling thread.
pub fn current() -> Thread {
    CURRENT.with(|current| current.get().expect("every thread of a model has a seat").clone())
}

impl Thread {
    /// Which thread it is.
    pub fn id(&self) -> ThreadId {
        self.0.id
    }

    /// What it was named when it was started.
    pub fn name(&self) -> Option<&str> {
        self.0.name.get().map(String::as_str)
    }

    /// Ends the thread's park, or lets its next one end at once.
    #[track_caller]
    pub fn unpark(&self) {
        if mutation::here() == Some(Kind::Lose) {
            return;
        }
        execution(|execution| execution.unparks += 1);
        // ORDERING: Release, paired with the Acquires of `park`: as std's. No Acquire, so that two
        // threads that unpark a third learn nothing of each other.
        self.0.word.fetch_or(TOKEN, Release);
        match self.private().sleep.take() {
            Some(Sleep::Untimed(sleeper) | Sleep::Timed(sleeper)) => sleeper.unpark(),
            None => {}
        }
    }

    /// Lets a deadline of this thread pass. Only the injector does.
    pub(super) fn expire(&self) {
        // ORDERING: Relaxed. Time publishes nothing.
        self.0.word.fetch_add(TICK, Relaxed);
        let mut private = self.private();
        match private.sleep.take() {
            Some(Sleep::Timed(sleeper)) => sleeper.unpark(),
            untimed_or_awake => private.sleep = untimed_or_awake,
        }
    }

    /// Ends the thread's sleep for no reason. Only the injector does.
    pub(super) fn wake_spuriously(&self) {
        // ORDERING: Relaxed. It changes nothing, and is there for loom to try its place.
        self.0.word.fetch_or(0, Relaxed);
        match self.private().sleep.take() {
            Some(Sleep::Untimed(sleeper) | Sleep::Timed(sleeper)) => sleeper.unpark(),
            None => {}
        }
    }

    /// Whether it does nothing, and will not by itself.
    pub(super) fn waits(&self) -> bool {
        let private = self.private();
        private.stage != Stage::Alive || private.sleep.is_some()
    }

    /// Whether it sleeps, and with a deadline.
    pub(super) fn waits_for_a_time(&self) -> bool {
        matches!(self.private().sleep, Some(Sleep::Timed(_)))
    }

    pub(super) fn is_injector(&self) -> bool {
        self.private().injector
    }

    fn private(&self) -> MutexGuard<'_, Private> {
        self.0.private.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps, and takes the token that ended it, if one did. The look for a token that said there
    /// was none came right before: no other thread ran between.
    fn sleep(&self, sleep: fn(loom::thread::Thread) -> Sleep) -> usize {
        self.private().sleep = Some(sleep(loom::thread::current()));
        loom::thread::park();
        // ORDERING: Acquire, paired with the Release of `unpark`.
        self.0.word.fetch_and(!TOKEN, Acquire)
    }
}

/// Sleeps until the thread is unparked, if it was not since its last park; or for no reason, if
/// an injector disturbs it.
///
/// # Blocking
/// Blocks the model thread. If nobody is left to unpark it, the model fails: a deadlock.
pub fn park() {
    let me = current();
    // ORDERING: Acquire, paired with the Release of `unpark`.
    if me.0.word.fetch_and(!TOKEN, Acquire) & TOKEN == 0 {
        let _word = me.sleep(Sleep::Untimed);
    }
}

/// Waits like [`park`], at most until `deadline`. Says whether the deadline had passed when it was
/// called; if not, the wait may have ended for any reason, or for none.
///
/// A deadline passes when an [injector](super::injector) says so and never by itself: for what a
/// model knows, a thread may be held up for any time between two instructions.
///
/// # Blocking
/// Blocks the model thread, as [`park`] does.
pub fn park_until(deadline: Instant) -> bool {
    let me = current();
    let (ticks, passed) = {
        let private = me.private();
        (private.ticks, private.passed)
    };
    if passed.is_some_and(|passed| deadline <= passed) {
        return true;
    }
    // ORDERING: Acquire for a token, paired with the Release of `unpark`; Relaxed for a passed
    // deadline, which leaves the token where it is and so reads nothing of what it would order.
    let quiet = ticks * TICK;
    match me.0.word.compare_exchange(quiet | TOKEN, quiet, Acquire, Relaxed) {
        Ok(_) => false,
        Err(word) if word / TICK > ticks => {
            me.let_pass(word, deadline);
            true
        }
        Err(_) => {
            let word = me.sleep(Sleep::Timed);
            if word / TICK > ticks {
                me.let_pass(word, deadline);
            }
            false
        }
    }
}

impl Thread {
    fn let_pass(&self, word: usize, deadline: Instant) {
        let mut private = self.private();
        private.ticks = word / TICK;
        private.passed = private.passed.max(Some(deadline));
    }
}

/// Starts a thread, or says why the system would not: because an [injector](super::injector)
/// refuses. A stack is as large as loom makes it.
///
/// # Errors
/// `WouldBlock`, as from a system that has no thread to spare.
pub fn spawn(
    name: String,
    _stack_size: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    injector::ask_leave()?;
    Ok(start(take_seat(name), body))
}

/// Starts the thread that plays the injector.
pub(super) fn spawn_injector(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let seat = take_seat("injector".to_owned());
    seat.private().injector = true;
    start(seat, body)
}

fn start(seat: Thread, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = seat.clone();
    let handle = loom::thread::spawn(move || {
        sit_down(seat);
        body();
        current().private().stage = Stage::Ended;
    });
    JoinHandle { handle, thread }
}

/// A started thread. Dropping it detaches the thread, which must end all the same before the
/// execution can.
#[derive(Debug)]
pub struct JoinHandle<T> {
    handle: loom::thread::JoinHandle<T>,
    thread: Thread,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread to end. What it did comes before what follows.
    ///
    /// # Errors
    /// None: a panic of the thread has ended the model.
    ///
    /// # Blocking
    /// Blocks the model thread.
    pub fn join(self) -> std::thread::Result<T> {
        current().private().stage = Stage::Joining;
        let result = self.handle.join();
        current().private().stage = Stage::Alive;
        result
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}
