//! A lane's handle, and the submit of a job: step 1 of a blocking call.

use std::sync::{Arc, Weak};

use runtime_core::catch_panic::drop_catching;
use runtime_core::join::JoinHandle;
use runtime_core::large::is_large;
use runtime_core::metadata::Metadata;

use crate::job::closure::{BlockingJob, Job, RemoveFromQueue, Submitted};
use crate::pool::lane_owner::LaneOwner;
use crate::pool::owner::PoolOwner;
use crate::pool::submit_error::SubmitError;
use crate::queue::lane_config::LaneId;
use crate::queue::permit::{Permit, WhenFull};

/// The jobs of one kind within a pool, with limits and a precedence of their own.
///
/// All jobs of a pool share its threads. Without lanes, a thousand slow name lookups would take all
/// threads, and reading a file would have to wait. In a lane of their own, the lookups take at most
/// as many threads as the lane allows. A job counts towards its lane's limit until its closure has
/// ended, even if it was aborted and nothing waits for it any more.
///
/// This type is a handle: clones are cheap and refer to the same lane. A handle keeps the pool
/// open. A lane is removed when it has neither a handle nor a job.
///
/// ```
/// let pool = aside::blocking::Pool::new();
/// let dns = pool.lane("dns").running_max(4).queue_max(1000).build();
/// let index = pool.lane("index").priority(aside::blocking::Priority::Background).build();
/// aside::run(async {
///     index.submit(|| "index a file").expect("a thread can be started").detach();
///     let address = dns.submit(|| "look up a name").expect("a thread can be started");
///     assert_eq!(address.await.unwrap(), "look up a name");
/// });
/// ```
#[derive(Clone)]
pub struct Lane {
    owner: Arc<PoolOwner>,
    /// `None` for the main lane, which exists as long as the pool exists.
    own: Option<Arc<LaneOwner>>,
}

/// A job that was accepted.
pub(crate) struct Accepted<T> {
    pub(crate) handle: JoinHandle<T>,
    /// Present only if the submitter has to wait for a place in the queue.
    pub(crate) wait: Option<(Permit, Arc<dyn Job>)>,
}

impl Lane {
    pub(crate) fn main(owner: Arc<PoolOwner>) -> Lane {
        Lane { owner, own: None }
    }

    pub(crate) fn own(owner: Arc<PoolOwner>, id: LaneId) -> Lane {
        let own = Arc::new(LaneOwner::new(Arc::clone(owner.shared()), id));
        Lane { owner, own: Some(own) }
    }

    pub(super) fn id(&self) -> LaneId {
        self.own.as_ref().map_or(self.owner.shared().main_lane, |own| own.id())
    }

    pub(crate) fn owner(&self) -> &Arc<PoolOwner> {
        &self.owner
    }

    /// Runs `f` on a thread of the pool, and returns the handle that awaits the result.
    ///
    /// The jobs of a lane begin in the order of their submits. If the queue is full, the job waits
    /// outside, and enters the queue as soon as there is room. A panic of `f` is returned through
    /// the handle. Dropping the handle detaches the job. [`abort`](JoinHandle::abort) removes a job
    /// that has not begun, and requests a running job to [stop](crate::is_cancelled). An accepted
    /// closure is either run or cancelled before it begins, and the handle reports which.
    ///
    /// # Errors
    /// [`SubmitError`] hands the closure back if the pool is closed, or has no thread and cannot
    /// start one. If it has threads but cannot start another, the job waits for one of them.
    ///
    /// # Blocking
    /// Never waits for a job. It may start a thread, which takes some ten microseconds.
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_with(Metadata::here(), (), f)
    }

    /// Like [`submit_as`](Lane::submit_as), with a value to `keep`. The value is dropped when the
    /// job has ended in any way and the awaiting task has been woken.
    ///
    /// # Errors
    /// Those of [`submit`](Lane::submit).
    pub fn submit_with<F, T, K>(
        &self,
        metadata: Metadata,
        keep: K,
        f: F,
    ) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        Ok(self.accept(metadata, keep, f, WhenFull::Wait)?.handle)
    }

    /// Step 1 of a blocking call: makes the job, and offers it to the queue. Moves a
    /// [large](runtime_core::large) closure to the heap first.
    #[inline]
    pub(crate) fn accept<F, T, K>(
        &self,
        metadata: Metadata,
        keep: K,
        closure: F,
        when_full: WhenFull,
    ) -> Result<Accepted<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        if const { is_large::<F>() } {
            let accepted = self.accept_sized(metadata, keep, Box::new(closure), when_full);
            return accepted.map_err(|error| error.map(|closure| *closure));
        }
        self.accept_sized(metadata, keep, closure, when_full)
    }

    fn accept_sized<F, T, K>(
        &self,
        metadata: Metadata,
        keep: K,
        closure: F,
        when_full: WhenFull,
    ) -> Result<Accepted<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        let shared = self.owner.shared();
        let context = shared.settings.capture.as_ref().map(|capture| capture());
        let queue: Weak<dyn RemoveFromQueue + Send + Sync> = Arc::downgrade(shared) as _;
        let submitted = Submitted { closure, keep, context };
        let job = Arc::new(BlockingJob::new(metadata, submitted, queue));
        let queued = Arc::clone(&job) as Arc<dyn Job>;
        match shared.enqueue(queued, self.id(), when_full) {
            Ok(permit) => {
                let wait = permit.map(|permit| (permit, Arc::clone(&job) as Arc<dyn Job>));
                Ok(Accepted { handle: JoinHandle::of_job(job), wait })
            }
            Err(rejection) => {
                let submitted = job.take().expect("no other thread can reach a rejected job");
                let Submitted { closure, keep, context } = submitted;
                // If one of these destructors panics, the closure is handed back nevertheless.
                drop_catching((keep, context));
                Err(rejection.with(closure))
            }
        }
    }
}
