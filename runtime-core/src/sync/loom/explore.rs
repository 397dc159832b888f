//! The exploration of a model, and records that loom does not see.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::slot::Thread;
use super::{execution, film, thread};

/// A number of branches that no correct execution of our models reaches. An execution that reaches
/// this number spins.
const BRANCHES_MAX: usize = 100_000;

/// Runs `body` in every interleaving with at most `bound` preemptions (without a bound: in every
/// interleaving) and returns the number of executions.
///
/// # Panics
/// If an execution of the body panics, deadlocks, spins, or leaves a thread running. Often the
/// process aborts instead, because a thread that is unwound panics a second time.
pub fn explore(bound: Option<usize>, body: impl Fn() + Send + Sync + 'static) -> u64 {
    let executions = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&executions);
    let mut model = loom::model::Builder::new();
    model.preemption_bound = bound;
    model.max_branches = BRANCHES_MAX;
    // Each of these limits would end the exploration early without a report.
    model.max_duration = None;
    model.max_permutations = None;
    model.checkpoint_file = None;
    film::begin_exploration();
    model.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        // The state of the previous execution is dropped before anything of this execution is made.
        execution::reset();
        film::begin_execution();
        thread::begin();
        body();
    });
    execution::reset();
    film::end_exploration();
    executions.load(Ordering::Relaxed)
}

/// The number of calls of `Thread::unpark` in this execution: each would be a system call.
pub fn unparks() -> usize {
    execution::slots().iter().map(Thread::unparks).sum()
}

/// Counts events over all executions of a model.
///
/// A model that never reached the interesting state proves nothing.
#[derive(Debug, Default)]
pub struct Witness(Mutex<BTreeMap<&'static str, u64>>);

impl Witness {
    /// A witness without events.
    pub const fn new() -> Witness {
        Witness(Mutex::new(BTreeMap::new()))
    }

    /// Records that the event happened in this execution.
    pub fn saw(&self, event: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(event).or_default() += 1;
    }

    /// The events, with the number of times that each was recorded.
    pub fn seen(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A list to which the threads of a model append. The list does not order the threads with each
/// other.
///
/// The entries are in the order in which they were appended in this execution.
pub struct Record<T>(Arc<Mutex<Vec<T>>>);

impl<T> Record<T> {
    /// An empty record.
    pub fn new() -> Record<T> {
        Record(Arc::new(Mutex::new(Vec::new())))
    }

    /// Appends an entry.
    #[track_caller]
    pub fn note(&self, entry: T) {
        film::note("note", None, None);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Removes and returns all entries.
    pub fn take(&self) -> Vec<T> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Returns whether there is no entry.
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
        f.debug_struct("Record").field("entries", &self.len()).finish()
    }
}
