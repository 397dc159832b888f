//! Blocking on a future where somebody [watches](runtime_core::watch): on the worker of a pool,
//! which is told if its thread sleeps until one job ends and nothing else can wake it.
//!
//! Before each sleep the clones of the two wakers are counted. If more are there than one job
//! accounts for, they may be left over: the timer of a timeout that has ended, a waker that has
//! just been woken. Then the future is polled once more, with new wakers, which nobody has but
//! those that the future waits for now.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use runtime_core::watch::{self, Awaited, Noted};

use crate::scheduler::shared::Remote;
use crate::scheduler::thread_waker::Sleeper;

/// Drives a future on this thread, which is watched.
pub(crate) fn drive<F: Future>(
    mut future: Pin<&mut F>,
    remote: &Remote,
    held: &Option<Arc<Remote>>,
) -> F::Output {
    let mut bed = Bed::new(held.clone());
    let mut is_new = true;
    let mut has_slept = false;
    loop {
        if let Poll::Ready(output) = bed.poll(future.as_mut()) {
            return output;
        }
        if !mem::replace(&mut has_slept, true) {
            remote.assert_not_forked();
        }
        match bed.waits_for() {
            WaitsFor::One(job) => {
                watch::falls_asleep(job);
                bed.sleeper.sleep();
                watch::wakes_up();
            }
            WaitsFor::OneAndMore if !is_new => {
                bed = Bed::new(held.clone());
                is_new = true;
                continue;
            }
            WaitsFor::OneAndMore | WaitsFor::Other => bed.sleeper.sleep(),
        }
        is_new = false;
    }
}

/// What the thread that sleeps in it waits for.
enum WaitsFor {
    /// For this job, and nothing else.
    One(Awaited),
    /// For a job, and perhaps for something else.
    OneAndMore,
    /// For no job.
    Other,
}

/// How many references to a sleeper there are by itself: the bed's, the waker's, the bell's.
const SLEEPERS_OWN: usize = 3;
/// And to a bell: the bed's, the waker's.
const BELLS_OWN: usize = 2;

/// Where the thread sleeps, and the two wakers that end it.
struct Bed {
    sleeper: Arc<Sleeper>,
    waker: Waker,
    bell: Arc<Bell>,
    bell_waker: Waker,
    noted: Noted,
}

/// The waker for jobs. It differs from the other in that it is counted by itself.
struct Bell(Arc<Sleeper>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
    }
}

impl Bed {
    fn new(held: Option<Arc<Remote>>) -> Bed {
        let sleeper = Arc::new(Sleeper::new(held));
        let bell = Arc::new(Bell(Arc::clone(&sleeper)));
        Bed {
            waker: Waker::from(Arc::clone(&sleeper)),
            bell_waker: Waker::from(Arc::clone(&bell)),
            noted: Noted::Nothing,
            sleeper,
            bell,
        }
    }

    fn poll<F: Future>(&mut self, future: Pin<&mut F>) -> Poll<F::Output> {
        if Arc::strong_count(&self.bell) == BELLS_OWN {
            // The cells that had one have let go of it.
            self.noted = Noted::Nothing;
        }
        let Bed { waker, bell_waker, noted, .. } = self;
        watch::noting(waker, bell_waker, noted, || future.poll(&mut Context::from_waker(waker)))
    }

    /// A count that is read too high costs a poll. It cannot be read too low: this thread has made
    /// the first clones of each, and once they and those made of them are gone, none comes back.
    fn waits_for(&self) -> WaitsFor {
        let wakers = Arc::strong_count(&self.sleeper) - SLEEPERS_OWN;
        let bells = Arc::strong_count(&self.bell) - BELLS_OWN;
        match self.noted {
            Noted::One(job) if wakers == 0 && bells == 1 => WaitsFor::One(job),
            Noted::One(_) | Noted::Several => WaitsFor::OneAndMore,
            Noted::Nothing => WaitsFor::Other,
        }
    }
}
