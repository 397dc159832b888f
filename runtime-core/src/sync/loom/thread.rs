//! Threads that loom runs, and parking.
//!
//! - `unpark` sets the parking token by a Release read-modify-write, and wakes the thread if it
//!   sleeps.
//! - `park` takes the token by an Acquire read-modify-write. If there is no token, it sleeps, and
//!   then takes the token that arrived meanwhile. Two unparks between two parks count as one.
//! - `park_until` does the same, unless time has passed since its last call. Then it returns true
//!   at once.
//!
//! The word that holds the token is in the module `slot`.

use std::cell::OnceCell;
use std::io;
use std::panic::Location;
use std::time::{Duration, Instant};

use loom::sync::atomic::Ordering::{Acquire, Relaxed};

use super::execution::{count_start, make_slots, occupy_slot};
use super::film;
use super::slot::{Parked, TICK, TOKEN, ThreadStage};

pub use super::slot::{Thread, ThreadId};

loom::thread_local! {
    static CURRENT: OnceCell<Thread> = OnceCell::new();
}

/// Makes the slots of an execution, and gives the first one to the calling thread.
pub(super) fn begin() {
    make_slots();
    set_current(occupy_slot("main".to_owned()));
}

fn set_current(thread: Thread) {
    film::number_thread(thread.number());
    CURRENT.with(|current| current.set(thread).expect("a thread gets its slot once"));
}

/// Does nothing: in a model the other threads may run at every step anyway.
pub fn yield_now() {}

/// The pauses of a thread that spins for a limited time. A pause takes a nanosecond of the limit,
/// so the limit is the number of pauses.
#[derive(Debug)]
pub struct SpinWait {
    left: u128,
}

impl SpinWait {
    /// Begins to spin, with a pause for each nanosecond of `limit`.
    pub fn new(limit: Duration) -> SpinWait {
        SpinWait { left: limit.as_nanos() }
    }

    /// Pauses between two looks. Returns false if the limit has passed.
    pub fn pause(&mut self) -> bool {
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }
}

/// The calling thread.
pub fn current() -> Thread {
    CURRENT.with(|current| current.get().expect("every thread of a model has a slot").clone())
}

/// Parks the thread until it is unparked. Returns at once if it was unparked since its last park,
/// and spuriously if an injector wakes it.
///
/// # Blocking
/// Blocks the model thread. If no thread is left to unpark it, the model fails: a deadlock.
#[track_caller]
pub fn park() {
    let me = current();
    // ORDERING: Acquire, paired with the Release of `unpark`.
    if me.word().fetch_and(!TOKEN, Acquire) & TOKEN == 0 {
        let _word = me.sleep(Parked::Untimed);
    } else {
        film::note("take_token", None, None);
    }
}

/// Parks like [`park`], at most until `deadline`. Returns whether the deadline had already passed
/// at the call. If it returns false, the wait may have ended for any reason, even spuriously.
///
/// A deadline passes only when an [injector](super::injector) lets time pass. This may be at any
/// moment, because a thread may be delayed for any time between two instructions.
///
/// # Blocking
/// Blocks the model thread, as [`park`] does.
#[track_caller]
pub fn park_until(deadline: Instant) -> bool {
    let me = current();
    let (ticks, passed) = {
        let state = me.state();
        (state.ticks, state.passed)
    };
    if passed.is_some_and(|passed| deadline <= passed) {
        film::note("deadline_passed", None, None);
        return true;
    }
    // ORDERING: Acquire for a token, paired with the Release of `unpark`; Relaxed for a passed
    // deadline: then the exchange fails and does not take the token, so the thread need not see
    // what the token orders.
    let no_token = ticks * TICK;
    match me.word().compare_exchange(no_token | TOKEN, no_token, Acquire, Relaxed) {
        Ok(_) => {
            film::note("take_token", None, None);
            false
        }
        Err(word) if word / TICK > ticks => {
            film::note("deadline_passed", None, None);
            let_pass(&me, word, deadline);
            true
        }
        Err(_) => {
            let word = me.sleep(Parked::Timed);
            if word / TICK > ticks {
                let_pass(&me, word, deadline);
            }
            false
        }
    }
}

fn let_pass(me: &Thread, word: usize, deadline: Instant) {
    let mut state = me.state();
    state.ticks = word / TICK;
    state.passed = state.passed.max(Some(deadline));
}

/// Zero: the steps of a model take no time, and a model must not depend on the machine's speed.
pub fn time_between(_since: Instant, _now: Instant) -> Duration {
    Duration::ZERO
}

/// Starts a thread, unless an [injector](super::injector) refuses. loom determines the size of the
/// stack.
///
/// # Errors
/// `WouldBlock`, as from a system that cannot start another thread.
#[track_caller]
pub fn spawn(
    name: String,
    _stack_size: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    if let Err(refused) = count_start() {
        film::note("spawn_refused", None, None);
        return Err(refused);
    }
    Ok(start(occupy_slot(name), body))
}

/// Starts the injector's thread.
#[track_caller]
pub(super) fn spawn_injector(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = occupy_slot("injector".to_owned());
    thread.state().is_injector = true;
    start(thread, body)
}

#[track_caller]
fn start(thread: Thread, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let (started, site) = (thread.clone(), Location::caller());
    film::note_at(site, "spawn", Some(thread.number()), None);
    let handle = loom::thread::spawn(move || {
        set_current(started);
        film::note_at(site, "begin", None, None);
        body();
        film::note_at(site, "end", None, None);
        current().state().stage = ThreadStage::Ended;
    });
    JoinHandle { handle, thread }
}

/// A started thread. Dropping the handle detaches the thread; the execution still waits for its
/// end.
#[derive(Debug)]
pub struct JoinHandle<T> {
    handle: loom::thread::JoinHandle<T>,
    thread: Thread,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread to end. Its end happens before the return.
    ///
    /// # Errors
    /// Never returns an error: a panic in the thread ends the whole model.
    ///
    /// # Blocking
    /// Blocks the model thread.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        let joined = self.thread.number();
        film::note("join", Some(joined), None);
        current().state().stage = ThreadStage::Joining;
        let result = self.handle.join();
        film::note("joined", Some(joined), None);
        current().state().stage = ThreadStage::Alive;
        result
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}
