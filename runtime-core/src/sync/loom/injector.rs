//! What the world may do to a program at the worst moment: time passes, a sleeper wakes for no
//! reason, the system has no thread to spare. Only models have it.
//!
//! Time and disturbance come from a thread of their own, started by [`start`] before any other
//! thread of the model. loom then tries them at every place where they could matter. That thread
//! does nothing else, so that being woken by it tells the sleeper nothing about what the program
//! did: a real timer orders nothing either.

use std::io;
use std::sync::Arc;

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;

use super::explore::execution;
use super::thread::{self, JoinHandle, Thread};

/// Starts the injector's thread, which calls [`expire`] and [`wake_spuriously`] and nothing else of the
/// facade. It counts among the five threads a model may have.
pub fn start(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn_injector(body)
}

/// Time passes: the deadline of every timed wait under way, and that of each thread's next one.
///
/// A thread in a timed wait wakes; the wait says false, as it does on the native side, and says
/// true at once when it is called again with the same deadline or an earlier one. A thread that is
/// not in one finds, at its next, that the deadline passed before it began: true at once, without
/// a sleep, and its token stays. A wait with a later deadline begins anew, and untimed waits never
/// end by this. The threads are reached one after the other, and things may happen between.
///
/// # Panics
/// Outside the injector's thread.
#[track_caller]
pub fn expire() {
    assert_injector();
    for thread in thread::others() {
        thread.expire();
    }
}

/// Every thread that sleeps, timed or not, wakes for no reason; those that do not sleep notice
/// nothing.
///
/// # Panics
/// Outside the injector's thread.
#[track_caller]
pub fn wake_spuriously() {
    assert_injector();
    for thread in thread::others() {
        thread.wake_spuriously();
    }
}

/// Time passes whenever nothing else is left to happen, until [`dismiss`] is called: for a model
/// whose program waits out a deadline, however often that is. The injector's last act. That time
/// passes earlier is tried by calling [`expire`] before.
///
/// # Panics
/// Outside the injector's thread. If nothing is left to happen and nobody waits for a time.
#[track_caller]
pub fn expire_at_last() {
    assert_injector();
    let mut idle = 0;
    while !execution(|execution| execution.dismissed) {
        // A thread that yields is taken when no other can run; or when loom wants to try it.
        loom::thread::yield_now();
        let others = thread::others();
        if !others.iter().all(Thread::waits) {
            continue;
        }
        let waits: Vec<_> = others.iter().filter(|thread| thread.waits_for_a_time()).collect();
        idle = if waits.is_empty() { idle + 1 } else { 0 };
        assert!(idle < IDLE_MAX, "nothing is left to happen, and nobody waits for a time");
        waits.into_iter().for_each(Thread::expire);
    }
}

/// More often than this the injector is not taken while another thread can run.
const IDLE_MAX: usize = 500;

/// Lets [`expire_at_last`] end. The model's first thread calls it when all is done.
pub fn dismiss() {
    execution(|execution| execution.dismissed = true);
}

#[track_caller]
fn assert_injector() {
    let is_injector = thread::current().is_injector();
    assert!(is_injector, "only the thread of injector::start plays the injector");
}

/// Refuses the `nth` call of `thread::spawn` of this execution, counted from 1. May be called for
/// several of them, before any thread is started; it needs no injector's thread.
pub fn refuse_spawn(nth: usize) {
    let calls = AtomicUsize::new(0);
    execution(|execution| {
        let refusals = &mut execution.refusals;
        refusals.nths.push(nth);
        refusals.calls.get_or_insert(Arc::new(calls));
    });
}

/// Which starts of this execution are refused.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    nths: Vec<usize>,
    /// Counted where loom sees it, so that it tries both orders of two threads that both start
    /// one. Only there if anything is refused.
    calls: Option<Arc<AtomicUsize>>,
}

/// Whether the system has a thread for this call.
pub(super) fn ask_leave() -> io::Result<()> {
    let Some(calls) = execution(|execution| execution.refusals.calls.clone()) else {
        return Ok(());
    };
    // ORDERING: Relaxed. Only the number matters.
    let nth = calls.fetch_add(1, Relaxed) + 1;
    if execution(|execution| execution.refusals.nths.contains(&nth)) {
        return Err(io::Error::from(io::ErrorKind::WouldBlock));
    }
    Ok(())
}
