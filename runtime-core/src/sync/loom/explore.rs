//! Running a model, and what it records where loom does not look.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{injector, thread};

/// More branches than any execution of ours has: an execution that reaches it spins.
const BRANCHES_MAX: usize = 100_000;

/// Runs `body` in every interleaving with at most `bound` preemptions (or in every one), and
/// returns how many executions that took.
///
/// # Panics
/// If an execution of the body panics, deadlocks, spins, or does not end all its threads. Often
/// the process aborts instead, because a thread that is torn down panics a second time.
pub fn explore(bound: Option<usize>, body: impl Fn() + Send + Sync + 'static) -> u64 {
    let executions = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&executions);
    let mut model = loom::model::Builder::new();
    model.preemption_bound = bound;
    model.max_branches = BRANCHES_MAX;
    // A limit of these stops the exploration early and reports nothing.
    model.max_duration = None;
    model.max_permutations = None;
    model.checkpoint_file = None;
    model.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        // The state of the last execution goes before anything of this one is made.
        EXECUTION.take();
        thread::begin();
        body();
    });
    EXECUTION.take();
    executions.load(Ordering::Relaxed)
}

/// What the facade keeps for the length of one execution. The threads of a model are coroutines on
/// one thread of the system, so all of them find the same one.
#[derive(Default)]
pub(super) struct Execution {
    pub(super) seats: thread::Seats,
    pub(super) refusals: injector::Refusals,
    pub(super) dismissed: bool,
    pub(super) unparks: usize,
}

std::thread_local! {
    static EXECUTION: RefCell<Execution> = RefCell::default();
}

/// Looks at the state of this execution. `look` does nothing that loom sees.
pub(super) fn execution<R>(look: impl FnOnce(&mut Execution) -> R) -> R {
    EXECUTION.with(|execution| look(&mut execution.borrow_mut()))
}

/// How often `Thread::unpark` was called in this execution: each would be a system call.
pub fn unparks() -> usize {
    execution(|execution| execution.unparks)
}

/// Counts, over all executions of a model, what happened: a model that never got to the
/// interesting place proves nothing.
#[derive(Debug, Default)]
pub struct Witness(Mutex<BTreeMap<&'static str, u64>>);

impl Witness {
    /// A witness that has seen nothing.
    pub const fn new() -> Witness {
        Witness(Mutex::new(BTreeMap::new()))
    }

    /// Records that this happened in this execution.
    pub fn saw(&self, event: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(event).or_default() += 1;
    }

    /// What was seen, and how often.
    pub fn seen(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A list that the threads of a model write to without ordering each other by it: what happened,
/// in the order of this execution.
pub struct Record<T>(Arc<Mutex<Vec<T>>>);

impl<T> Record<T> {
    /// An empty record.
    pub fn new() -> Record<T> {
        Record(Arc::new(Mutex::new(Vec::new())))
    }

    /// Adds a line.
    pub fn note(&self, line: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Takes all lines out.
    pub fn take(&self) -> Vec<T> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Record<T> {
    fn clone(&self) -> Record<T> {
        Record(Arc::clone(&self.0))
    }
}

impl<T> Default for Record<T> {
    fn default() -> Record<T> {
        Record::new()
    }
}

impl<T> fmt::Debug for Record<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("lines", &self.len()).finish()
    }
}
