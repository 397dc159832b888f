//! The state that the facade keeps during one execution of a model.
//!
//! The threads of a model are coroutines on one thread of the system, so all of them find the same
//! state in that thread's thread-local.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;

use super::slot::Thread;

#[derive(Default)]
struct Execution {
    /// One slot for each thread that a model may have. All are made before any thread starts,
    /// because the injector accesses each of them, whether its thread has started or not.
    slots: Vec<Thread>,
    /// The number of slots that are occupied.
    occupied: usize,
    refused_starts: RefusedStarts,
    /// Set when the injector may end.
    is_dismissed: bool,
}

/// The numbers of the thread starts that fail in this execution.
#[derive(Default)]
struct RefusedStarts {
    nths: Vec<usize>,
    /// The number of starts so far. loom sees this word, so it tries both orders of two concurrent
    /// starts. The word exists only if a start is refused.
    calls: Option<Arc<AtomicUsize>>,
}

std::thread_local! {
    static EXECUTION: RefCell<Execution> = RefCell::default();
}

/// Accesses the state. `access` must not perform an operation that loom sees.
fn with_execution<R>(access: impl FnOnce(&mut Execution) -> R) -> R {
    EXECUTION.with(|execution| access(&mut execution.borrow_mut()))
}

/// Drops the state of the last execution.
pub(super) fn reset() {
    EXECUTION.take();
}

/// Makes the slots.
pub(super) fn make_slots() {
    let slots = (0..loom::MAX_THREADS).map(Thread::vacant).collect();
    with_execution(|execution| execution.slots = slots);
}

/// Occupies the next slot.
pub(super) fn occupy_slot(name: String) -> Thread {
    let slot = with_execution(|execution| {
        let next = execution.slots.get(execution.occupied);
        let slot = next.expect("a model has five threads at most").clone();
        execution.occupied += 1;
        slot
    });
    slot.occupy(name);
    slot
}

/// All slots, occupied or not.
pub(super) fn slots() -> Vec<Thread> {
    with_execution(|execution| execution.slots.clone())
}

/// Lets the injector end.
pub(super) fn dismiss() {
    with_execution(|execution| execution.is_dismissed = true);
}

/// Returns whether the injector may end.
pub(super) fn is_dismissed() -> bool {
    with_execution(|execution| execution.is_dismissed)
}

/// Lets the `nth` start of a thread fail.
pub(super) fn refuse_start(nth: usize) {
    let calls = AtomicUsize::new(0);
    with_execution(|execution| {
        let refused = &mut execution.refused_starts;
        refused.nths.push(nth);
        refused.calls.get_or_insert(Arc::new(calls));
    });
}

/// Counts a start of a thread, and fails if this start is refused.
pub(super) fn count_start() -> io::Result<()> {
    let Some(calls) = with_execution(|execution| execution.refused_starts.calls.clone()) else {
        return Ok(());
    };
    // ORDERING: Relaxed. Only the number matters.
    let nth = calls.fetch_add(1, Relaxed) + 1;
    if with_execution(|execution| execution.refused_starts.nths.contains(&nth)) {
        return Err(io::Error::from(io::ErrorKind::WouldBlock));
    }
    Ok(())
}
