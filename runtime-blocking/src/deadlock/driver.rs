//! Blocks a worker's thread on a future, and reports each wait for a job to the pool.

use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use runtime_core::blocking_driver::{self, BlockingDriver, InstalledDriver};

use crate::deadlock::detect;
use crate::deadlock::wait_tracking::{AwaitedJob, WaitsFor, WakerPair};
use crate::pool::shared::PoolShared;
use crate::worker::current::{Membership, WorkerId, membership};

/// Drives the futures on which a worker's jobs block.
struct WorkerDriver {
    shared: Arc<PoolShared>,
    worker: WorkerId,
}

/// Tracks the waits of the current thread, which is this worker, until the guard is dropped.
pub(crate) fn track_worker(shared: &Arc<PoolShared>, worker: WorkerId) -> InstalledDriver {
    let shared = Arc::clone(shared);
    blocking_driver::install(Rc::new(WorkerDriver { shared, worker }))
}

impl BlockingDriver for WorkerDriver {
    /// Old clones of the wakers may be left over, for example in the timer of a timeout that has
    /// ended. Because of these clones it seems that something other than the job could wake the
    /// thread. So the future is polled once more with new wakers. Only the objects for which the
    /// future waits now hold clones of the new wakers.
    fn drive(
        &self,
        waker: &Waker,
        sleep: &dyn Fn(),
        poll: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>,
    ) {
        let mut wakers = WakerPair::new(waker);
        let mut are_new = true;
        while wakers.poll(poll).is_pending() {
            match wakers.waits_for() {
                WaitsFor::Job(job) => self.sleep_until_ended(job, sleep),
                WaitsFor::JobAndMore if !mem::replace(&mut are_new, true) => {
                    wakers = WakerPair::new(waker);
                    continue;
                }
                WaitsFor::JobAndMore | WaitsFor::Other => sleep(),
            }
            are_new = false;
        }
    }
}

impl WorkerDriver {
    fn sleep_until_ended(&self, job: AwaitedJob, sleep: &dyn Fn()) {
        // A destructor may still block when the worker has retired and given up its row.
        if membership(self.shared.id) != Membership::Worker(self.worker) {
            return sleep();
        }
        detect::start_waiting(&self.shared, self.worker, job);
        sleep();
        self.shared.lock().waits.stop(self.worker);
    }
}
