//! A lane's handle, and the submit of a job: step 1 of a blocking call.

use std::sync::Arc;

use runtime_core::catch_panic::drop_catching;
use runtime_core::join::JoinHandle;
use runtime_core::large::is_large;
use runtime_core::metadata::Metadata;

use crate::job::closure::{BlockingJob, Job};
use crate::job::content::{Content, Extras, Kept, Submitted};
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

    /// Like [`submit_with`](Lane::submit_with), with a second value that is dropped just before
    /// `keep`, for a value that few jobs have: it costs the other jobs no memory.
    ///
    /// # Errors
    /// Those of [`submit`](Lane::submit).
    #[doc(hidden)]
    pub fn submit_holding<F, T, K>(
        &self,
        metadata: Metadata,
        keep: K,
        held: Option<Box<dyn Send + Sync>>,
        f: F,
    ) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        Ok(self.accept(metadata, Kept { own: keep, held }, f, WhenFull::Wait)?.handle)
    }

    /// Step 1 of a blocking call: makes the job, and offers it to the queue. Moves a
    /// [large](runtime_core::large) closure to the heap first.
    #[inline]
    pub(crate) fn accept<F, T, K>(
        &self,
        metadata: Metadata,
        kept: Kept<K>,
        closure: F,
        when_full: WhenFull,
    ) -> Result<Accepted<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        if const { is_large::<F>() } {
            let accepted = self.accept_sized(metadata, kept, Box::new(closure), when_full);
            return accepted.map_err(|error| error.map(|closure| *closure));
        }
        self.accept_sized(metadata, kept, closure, when_full)
    }

    fn accept_sized<F, T, K>(
        &self,
        metadata: Metadata,
        kept: Kept<K>,
        closure: F,
        when_full: WhenFull,
    ) -> Result<Accepted<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        let shared = self.owner.shared();
        let context = shared.settings.capture.as_ref().map(|capture| capture(&metadata));
        let (submitted, held) = (Submitted { closure, keep: kept.own }, kept.held);
        let content = Content::new(submitted, Extras { context, held });
        let job = Arc::new(BlockingJob::new(metadata, content, Arc::downgrade(shared)));
        let queued = Arc::clone(&job) as Arc<dyn Job>;
        match shared.enqueue(queued, self.id(), when_full) {
            Ok(permit) => {
                let wait = permit.map(|permit| (permit, Arc::clone(&job) as Arc<dyn Job>));
                Ok(Accepted { handle: JoinHandle::of_job(job), wait })
            }
            Err(rejection) => {
                let parts = job.take_parts().expect("no other thread can reach a rejected job");
                let (Submitted { closure, keep }, extras) = parts;
                // If one of these destructors panics, the closure is handed back nevertheless.
                drop_catching((extras, keep));
                Err(rejection.with(closure))
            }
        }
    }
}
