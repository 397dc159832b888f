//! Tracking of the job that a blocked thread waits for.
//!
//! The thread polls a future, and sleeps until its waker is woken. The thread waits for one job
//! alone if all clones of that waker are in the completion cell of the job. To find this out, the
//! thread has two wakers, which wake the same thread. It polls with the *task waker*. If a job is
//! polled with the task waker on this thread, the job's cell stores a clone of the *job waker*
//! instead, and the job is recorded. Suppose that the task waker has no clone, the job waker has
//! one clone, and one job is recorded. Then the cell of that job holds the only waker that can end
//! the sleep. Any other clone (in a timer, a channel, another thread) shows in the counts.
//!
//! On any other thread, this tracking costs the poll of a job one thread-local load.

use std::cell::{Cell, RefCell};
use std::mem;
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use runtime_core::metadata::Id;
use runtime_core::sync::thread_local_const;

use crate::queue::ticket::Ticket;

/// A job that a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AwaitedJob {
    pub(crate) id: Id,
    /// The job's ticket in the pool that it was submitted to, which need not be the pool of the
    /// waiting thread.
    pub(crate) ticket: Ticket,
}

/// The jobs that store a clone of the job waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recorded {
    Nothing,
    One(AwaitedJob),
    Several,
}

/// The innermost poll on this thread, which is the one that is tracked.
struct TrackedPoll {
    job_waker: Waker,
    recorded: Recorded,
}

thread_local_const! {
    /// The data pointer of the task waker of the tracked poll; null if there is none.
    static TASK_WAKER: Cell<*const ()> = Cell::new(ptr::null())
}
thread_local_const! {
    static TRACKED: RefCell<Option<TrackedPoll>> = RefCell::new(None)
}

/// Calls `poll`, which stores the context's waker in a cell that the end of this job completes.
#[inline]
pub(crate) fn poll_job<R>(
    cx: &mut Context<'_>,
    id: Id,
    ticket: Ticket,
    poll: impl FnOnce(&mut Context<'_>) -> R,
) -> R {
    let tracked = TASK_WAKER.with(|waker| waker.get());
    if !tracked.is_null()
        && tracked == cx.waker().data()
        && let Some(waker) = record(AwaitedJob { id, ticket })
    {
        return poll(&mut Context::from_waker(&waker));
    }
    poll(cx)
}

#[cold]
fn record(job: AwaitedJob) -> Option<Waker> {
    TRACKED.with(|tracked| {
        let mut tracked = tracked.borrow_mut();
        let tracked = tracked.as_mut()?;
        tracked.recorded = match tracked.recorded {
            Recorded::Nothing => Recorded::One(job),
            Recorded::One(other) if other == job => Recorded::One(job),
            Recorded::One(_) | Recorded::Several => Recorded::Several,
        };
        Some(tracked.job_waker.clone())
    })
}

/// The events for which a thread waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    /// For this job, and nothing else.
    Job(AwaitedJob),
    /// For a job, and perhaps for something else.
    JobAndMore,
    /// For no job.
    Other,
}

/// The two wakers of a blocked thread.
pub(crate) struct WakerPair {
    task: CountedWaker,
    job: CountedWaker,
    recorded: Recorded,
}

/// A waker whose clones can be counted.
struct CountedWaker {
    count: Arc<Forward>,
    waker: Waker,
}

/// The number of references to a counted waker that are not clones: the two fields above.
const OWN_REFERENCES: usize = 2;

/// Forwards each wake to the thread's own waker.
struct Forward(Waker);

impl Wake for Forward {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
    }
}

impl CountedWaker {
    fn new(waker: &Waker) -> CountedWaker {
        let count = Arc::new(Forward(waker.clone()));
        CountedWaker { waker: Waker::from(Arc::clone(&count)), count }
    }

    /// The number of clones. If this number is too high, the future is only polled once more. The
    /// number cannot be too low: every clone descends from clones that this thread made, and once
    /// all of them are dropped, no new clone can be made.
    fn clones(&self) -> usize {
        Arc::strong_count(&self.count) - OWN_REFERENCES
    }
}

impl WakerPair {
    /// A pair of wakers that wake `waker`.
    pub(crate) fn new(waker: &Waker) -> WakerPair {
        let (task, job) = (CountedWaker::new(waker), CountedWaker::new(waker));
        WakerPair { task, job, recorded: Recorded::Nothing }
    }

    /// Calls `poll` with the task waker, and records the jobs that are polled with it.
    pub(crate) fn poll(&mut self, poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>) -> Poll<()> {
        if self.job.clones() == 0 {
            self.recorded = Recorded::Nothing;
        }
        let inner = TrackedPoll { job_waker: self.job.waker.clone(), recorded: self.recorded };
        let outer = TRACKED.with(|tracked| tracked.borrow_mut().replace(inner));
        let outer_waker = TASK_WAKER.with(|waker| waker.replace(self.task.waker.data()));
        let _restore = Restore { outer, outer_waker, recorded: &mut self.recorded };
        poll(&mut Context::from_waker(&self.task.waker))
    }

    /// Returns what the thread waits for, after a poll that was pending.
    pub(crate) fn waits_for(&self) -> WaitsFor {
        match self.recorded {
            Recorded::One(job) if self.task.clones() == 0 && self.job.clones() == 1 => {
                WaitsFor::Job(job)
            }
            Recorded::One(_) | Recorded::Several => WaitsFor::JobAndMore,
            Recorded::Nothing => WaitsFor::Other,
        }
    }
}

/// Ends the tracking of a poll, even if the poll panics.
struct Restore<'a> {
    outer: Option<TrackedPoll>,
    outer_waker: *const (),
    recorded: &'a mut Recorded,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        TASK_WAKER.with(|waker| waker.set(self.outer_waker));
        let outer = self.outer.take();
        let inner = TRACKED.with(|tracked| mem::replace(&mut *tracked.borrow_mut(), outer));
        if let Some(inner) = inner {
            *self.recorded = inner.recorded;
        }
    }
}
