//! Watching a loop: who holds it up, and how busy it is.
//!
//! A runtime takes one [`Observer`] ([`Builder::observer`](crate::Builder::observer)). Two are
//! here, and a pair of observers is an observer, so both can be had.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

pub use runtime_executor::Observer;

use crate::Metadata;

/// Reports each poll that held the loop for longer than a threshold: the sign of a task that
/// blocks instead of using [`spawn_blocking`](crate::spawn_blocking).
///
/// ```
/// use std::time::Duration;
/// use aside::{Runtime, observe::SlowPolls};
///
/// let runtime = Runtime::builder().observer(SlowPolls::new(Duration::from_millis(50))).build();
/// runtime.block_on(async { /* nothing slow */ });
/// ```
pub struct SlowPolls {
    threshold: Duration,
    started: Cell<Option<Instant>>,
    report: RefCell<Report>,
}

type Report = Box<dyn FnMut(&Metadata, Duration)>;

impl SlowPolls {
    /// Reports on stderr, a line each.
    pub fn new(threshold: Duration) -> SlowPolls {
        SlowPolls::with_report(threshold, |task, held| {
            eprintln!("aside: {task} held the loop for {held:.1?}; block on the pool instead");
        })
    }

    /// Reports to a closure: who, and for how long.
    pub fn with_report(
        threshold: Duration,
        report: impl FnMut(&Metadata, Duration) + 'static,
    ) -> SlowPolls {
        let report = RefCell::new(Box::new(report) as Report);
        SlowPolls { threshold, started: Cell::new(None), report }
    }
}

impl Observer for SlowPolls {
    fn poll_started(&self, _task: &Metadata) {
        self.started.set(Some(Instant::now()));
    }

    fn poll_ended(&self, task: &Metadata) {
        let held = self.started.take().map_or(Duration::ZERO, |started| started.elapsed());
        if held > self.threshold {
            (self.report.borrow_mut())(task, held);
        }
    }
}

impl fmt::Debug for SlowPolls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlowPolls").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}

/// Counts what the loop does. Clones share the counts, so keep one and give away the other.
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
#[derive(Clone, Debug, Default)]
pub struct Counters {
    counts: Rc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    spawned: Cell<u64>,
    polls: Cell<u64>,
    ended: Cell<u64>,
    parks: Cell<u64>,
}

fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

impl Counters {
    /// Tasks spawned.
    pub fn spawned(&self) -> u64 {
        self.counts.spawned.get()
    }

    /// Polls begun, of tasks and of the futures given to `block_on`.
    pub fn polls(&self) -> u64 {
        self.counts.polls.get()
    }

    /// Tasks ended.
    pub fn ended(&self) -> u64 {
        self.counts.ended.get()
    }

    /// Times the loop went to sleep.
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

/// Both are told, the first one first.
impl<A: Observer, B: Observer> Observer for Both<A, B> {
    fn task_spawned(&self, task: &Metadata) {
        self.0.task_spawned(task);
        self.1.task_spawned(task);
    }

    fn poll_started(&self, task: &Metadata) {
        self.0.poll_started(task);
        self.1.poll_started(task);
    }

    fn poll_ended(&self, task: &Metadata) {
        self.0.poll_ended(task);
        self.1.poll_ended(task);
    }

    fn task_ended(&self, task: &Metadata) {
        self.0.task_ended(task);
        self.1.task_ended(task);
    }

    fn parked(&self, deadline: Option<Instant>) {
        self.0.parked(deadline);
        self.1.parked(deadline);
    }

    fn unparked(&self) {
        self.0.unparked();
        self.1.unparked();
    }
}

/// Two observers as one.
#[derive(Debug)]
pub struct Both<A, B>(pub A, pub B);
