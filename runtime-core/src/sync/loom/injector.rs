//! The injector, which lets time pass, wakes threads spuriously, and refuses thread starts.
//!
//! The passing of time and spurious wake-ups come from a separate thread, which [`start`] starts
//! before any other thread of the model. loom then tries these events at every point where they
//! could matter. The injector's thread does nothing else, so its wake-ups order nothing that the
//! program did, just as a real timer orders nothing.

use super::execution;
use super::slot::Thread;
use super::thread::{self, JoinHandle};

/// Starts the injector's thread, which must call only the functions of this module, and nothing
/// else of the facade. It is one of the five threads that a model may have.
#[track_caller]
pub fn start(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn_injector(body)
}

/// Lets time pass. The deadline of every timed wait in progress passes, and so does the deadline of
/// the next timed wait of each other thread.
///
/// - A thread in a timed wait wakes. The wait returns false, as on the native side. If the thread
///   waits again, with the same deadline or an earlier one, that wait returns true at once.
/// - A thread that is not in a timed wait finds, at its next timed wait, that the deadline has
///   already passed: the wait returns true at once, and does not take the token.
/// - A further wait with a later deadline does not return at once. An untimed wait does not end.
///
/// The injector reaches the threads one after the other, and other threads may run in between.
///
/// # Panics
/// If called outside the injector's thread.
#[track_caller]
pub fn expire() {
    assert_injector();
    for thread in others() {
        thread.expire();
    }
}

/// Wakes every parked thread spuriously, whether its park is timed or not.
///
/// # Panics
/// If called outside the injector's thread.
#[track_caller]
pub fn wake_spuriously() {
    assert_injector();
    for thread in others() {
        thread.wake_spuriously();
    }
}

/// Lets time pass whenever no other thread can run, until [`dismiss`] is called.
///
/// A model uses this function if its program waits for deadlines any number of times. The call must
/// be the last one of the injector's thread. An earlier call of [`expire`] makes time pass at
/// earlier moments, too.
///
/// # Panics
/// If called outside the injector's thread, and if no thread can run and none has a deadline.
#[track_caller]
pub fn expire_at_last() {
    assert_injector();
    let mut idle = 0;
    while !execution::is_dismissed() {
        // loom resumes this thread when no other thread can run, or in order to try that
        // interleaving.
        loom::thread::yield_now();
        let others = others();
        if !others.iter().all(Thread::waits) {
            continue;
        }
        let timed: Vec<_> = others.iter().filter(|thread| thread.waits_for_a_time()).collect();
        idle = if timed.is_empty() { idle + 1 } else { 0 };
        assert!(idle < IDLE_MAX, "no thread can run, and none waits for a deadline");
        timed.into_iter().for_each(Thread::expire);
    }
}

/// loom does not schedule the injector more often than this in a row while another thread can run.
const IDLE_MAX: usize = 500;

/// Lets [`expire_at_last`] return. The model's first thread calls it at its end.
pub fn dismiss() {
    execution::dismiss();
}

/// Refuses the `nth` call of `thread::spawn` of this execution, counted from 1.
///
/// The function may be called for several numbers, but only before any thread is started. It needs
/// no injector's thread.
pub fn refuse_spawn(nth: usize) {
    execution::refuse_start(nth);
}

/// All slots except the injector's own.
fn others() -> Vec<Thread> {
    let me = thread::current().id();
    execution::slots().into_iter().filter(|slot| slot.id() != me).collect()
}

#[track_caller]
fn assert_injector() {
    let is_injector = thread::current().state().is_injector;
    assert!(is_injector, "called on the thread that injector::start has started");
}
