//! [`Counters`]: numbers of tasks, polls and parks.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use runtime_core::metadata::Metadata;
use runtime_executor::Observer;

/// Counts the tasks, polls and parks of a loop. Clones share the counts: keep one clone, and give
/// the other to the runtime.
///
/// ```
/// use aside::{Runtime, observe::Counters};
///
/// let counters = Counters::default();
/// let runtime = Runtime::builder().observer(counters.clone()).build();
/// runtime.block_on(async { aside::spawn(async {}).await.unwrap() });
/// assert_eq!(counters.spawned(), 1);
/// assert_eq!(counters.ended(), 1);
/// ```
#[doc(alias("RuntimeMetrics", "metrics"))]
#[derive(Clone, Debug, Default)]
pub struct Counters {
    counts: Rc<CounterCells>,
}

#[derive(Debug, Default)]
struct CounterCells {
    spawned: Cell<u64>,
    polls: Cell<u64>,
    ended: Cell<u64>,
    parks: Cell<u64>,
}

fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

impl Counters {
    /// Returns the number of spawned tasks.
    pub fn spawned(&self) -> u64 {
        self.counts.spawned.get()
    }

    /// Returns the number of started polls, of tasks and of `block_on` futures.
    pub fn polls(&self) -> u64 {
        self.counts.polls.get()
    }

    /// Returns the number of tasks that have ended.
    pub fn ended(&self) -> u64 {
        self.counts.ended.get()
    }

    /// Returns how many times the loop has parked.
    pub fn parks(&self) -> u64 {
        self.counts.parks.get()
    }
}

impl Observer for Counters {
    fn task_spawned(&self, _task: &Metadata) {
        count(&self.counts.spawned);
    }

    fn poll_started(&self, _task: &Metadata) {
        count(&self.counts.polls);
    }

    fn task_ended(&self, _task: &Metadata) {
        count(&self.counts.ended);
    }

    fn parked(&self, _deadline: Option<Instant>) {
        count(&self.counts.parks);
    }
}
