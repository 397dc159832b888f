//! A lane: how the jobs of one kind are treated within a pool.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use runtime_core::catch_panic::drop_catching;
use runtime_core::completion::Completion;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;

use crate::job::closure::{Job, Unrun, Work};
use crate::pool::handle::{Pool, PoolHandle};
use crate::pool::shared::{Refusal, Shared};
use crate::pool::stats::LaneStats;
use crate::pool::submit_error::SubmitError;
use crate::queue::lane_config::{Priority, Rules};
use crate::queue::lanes::{Admission, LaneId, MAIN, WhenFull};

/// How the jobs of one kind are treated within a pool: how many run at a time, how many wait, and
/// which go first.
///
/// The threads of a pool are common to all its jobs. Without lanes a thousand slow look-ups of
/// names would take all of them, and reading a file would have to wait; in a lane of their own they
/// take as many as the lane allows. A job counts for its lane's limit until its closure has really
/// ended, also when it was aborted and nobody waits for it any more.
///
/// It is a handle: clones are cheap and stand for the same lane. It keeps its pool open as a
/// [`Pool`] does. A lane goes when its last handle and its last job have gone.
///
/// ```
/// use runtime_blocking::{Pool, Priority};
///
/// let pool = Pool::new();
/// let dns = pool.lane("dns").running_max(4).build();
/// let indexing = pool.lane("indexing").priority(Priority::Background).queue_max(1000).build();
///
/// dns.submit(|| "look up a name").expect("a thread can be started").detach();
/// match indexing.try_submit(|| "index a file") {
///     Ok(job) => job.detach(),
///     Err(error) => println!("{error}"),
/// }
/// ```
#[derive(Clone)]
pub struct Lane {
    pool: Arc<PoolHandle>,
    /// `None` is the pool's main lane, which stays as long as the pool.
    own: Option<Arc<OwnLane>>,
}

/// What the clones of a lane share. *Shared by* them alone, so that its drop is the last handle's.
struct OwnLane {
    shared: Arc<Shared>,
    id: LaneId,
}

impl Drop for OwnLane {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.lock_from_outside() {
            state.lanes.abandon(self.id);
        }
    }
}

/// A job that was taken in.
struct Accepted<T> {
    handle: JoinHandle<T>,
    /// If it stands in line: what tells that it has got a place in the queue, and what leaves.
    in_line: Option<(Admission, Arc<dyn Job>)>,
}

impl Lane {
    pub(crate) fn main(pool: Arc<PoolHandle>) -> Lane {
        Lane { pool, own: None }
    }

    pub(crate) fn pool_handle(&self) -> &Arc<PoolHandle> {
        &self.pool
    }

    /// The pool that the lane is in.
    pub fn pool(&self) -> Pool {
        Pool::of(Lane::main(Arc::clone(&self.pool)))
    }

    fn id(&self) -> LaneId {
        self.own.as_ref().map_or(MAIN, |own| own.id)
    }

    /// Has a thread of the pool run `f`, and returns the handle by which its result is awaited.
    ///
    /// Jobs of a lane begin in the order in which they were submitted. If the queue is full, the
    /// job stands in line and comes into the queue as soon as there is a place: awaiting the handle
    /// then waits for that too. A panic of `f` comes back through the handle. Dropping the handle
    /// detaches; [`abort`](JoinHandle::abort) removes a job that has not begun, and asks one that
    /// runs to [stop](crate::is_cancelled). A closure that is accepted is either run or cancelled
    /// before it began, and its handle says which.
    ///
    /// # Errors
    /// [`SubmitError`] hands the closure back if the pool is closed, or has no thread and cannot
    /// start one. If it has others and only cannot start one more, the job waits for them.
    ///
    /// # Blocking
    /// Never waits for a job. It may start a thread, which takes some ten microseconds.
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_as(Metadata::here(), f)
    }

    /// [`submit`](Lane::submit) that hands the closure back if the queue is full.
    ///
    /// # Errors
    /// As [`submit`](Lane::submit), and [`SubmitError::Full`].
    #[track_caller]
    pub fn try_submit<F, T>(&self, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let accepted = self.accept(Metadata::here(), (), f, WhenFull::Refuse)?;
        Ok(accepted.handle)
    }

    /// [`submit`](Lane::submit) that waits until the job has a place in the queue: for a producer
    /// that is to go no faster than its jobs.
    ///
    /// The first to wait gets the first place. Nothing happens before the future is polled.
    ///
    /// # Errors
    /// As [`submit`](Lane::submit). If the pool is shut down while the job stands in line, it is
    /// treated like those in the queue.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it takes the job out of the line again, and drops the closure.
    #[track_caller]
    pub fn submit_async<F, T>(
        &self,
        f: F,
    ) -> impl Future<Output = Result<JoinHandle<T>, SubmitError<F>>> + Send + use<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (lane, metadata) = (self.clone(), Metadata::here());
        async move {
            let accepted = lane.accept(metadata, (), f, WhenFull::StandInLineAndTell)?;
            if let Some((admission, job)) = accepted.in_line {
                let mut leaving = LeaveTheLine { job: Some(job) };
                // It fails if the pool is stranded or shut down: then the handle says so too.
                let _ = JoinHandle::new(admission).await;
                leaving.job = None;
            }
            Ok(accepted.handle)
        }
    }

    /// [`submit`](Lane::submit) under metadata that the caller brings, to give the job a name.
    ///
    /// # Errors
    /// As [`submit`](Lane::submit).
    pub fn submit_as<F, T>(&self, metadata: Metadata, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_with(metadata, (), f)
    }

    /// [`submit_as`](Lane::submit_as) with something to `keep`: it is dropped when the job has come
    /// to its end, whichever that is, and whoever awaits it has been told.
    ///
    /// # Errors
    /// As [`submit`](Lane::submit).
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
        Ok(self.accept(metadata, keep, f, WhenFull::StandInLine)?.handle)
    }

    fn accept<F, T, K>(
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
        let shared = self.pool.shared();
        let context = shared.settings.capture.as_ref().map(|capture| capture());
        let completion = Arc::new(Completion::of_job(metadata, shared.pool_number()));
        let unrun = Unrun { closure, keep, context };
        let cell = Arc::clone(&completion);
        let work = Arc::new(Work::new(unrun, cell, self.id(), Arc::clone(shared)));
        completion.set_producer(Waker::from(Arc::clone(&work)));
        match shared.enqueue(work.clone(), when_full) {
            Ok(admission) => {
                let in_line = admission.map(|admission| (admission, work as Arc<dyn Job>));
                Ok(Accepted { handle: JoinHandle::new(completion), in_line })
            }
            Err(refusal) => {
                // Nobody has read the cell and nobody will: closing it ends the circle of the two.
                completion.close();
                let unrun = work.take().expect("a refused job was out of everybody's reach");
                let Unrun { closure, keep, context } = unrun;
                // Their destructors may panic, and the closure is to come back all the same.
                drop_catching((keep, context));
                Err(match refusal {
                    Refusal::Closed => SubmitError::Closed(closure),
                    Refusal::Forked(forked) => SubmitError::Forked(closure, forked),
                    Refusal::Full => SubmitError::Full(closure),
                    Refusal::NoThread(error) => SubmitError::NoThread(closure, error),
                })
            }
        }
    }

    /// What the lane is doing. Costs one short lock.
    pub fn stats(&self) -> LaneStats {
        self.pool.shared().lock_to_look().lane_stats(self.id())
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Takes a job out of the line if whoever waits for its place goes away.
struct LeaveTheLine {
    job: Option<Arc<dyn Job>>,
}

impl Drop for LeaveTheLine {
    fn drop(&mut self) {
        if let Some(job) = &self.job {
            job.request_cancel();
        }
    }
}

/// Configures a [`Lane`]; made by [`Pool::lane`].
#[must_use = "a builder does nothing before `build`"]
pub struct LaneBuilder {
    pool: Arc<PoolHandle>,
    rules: Rules,
}

impl LaneBuilder {
    pub(crate) fn new(pool: Arc<PoolHandle>, name: Cow<'static, str>) -> LaneBuilder {
        LaneBuilder { pool, rules: Rules::new(name) }
    }

    /// At most so many of its jobs run at a time; no limit of its own if not set.
    ///
    /// If all of them block on jobs of this same lane, one of these is refused with a
    /// [`Standstill`](crate::Standstill).
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn running_max(mut self, jobs: usize) -> LaneBuilder {
        assert!(jobs > 0, "a lane needs room for one running job at least");
        self.rules.running_max = jobs;
        self
    }

    /// At most so many of its jobs wait with a place in the queue; no limit if not set. What
    /// happens to more is up to the call: [`submit`](Lane::submit) stands in line,
    /// [`submit_async`](Lane::submit_async) waits for a place, [`try_submit`](Lane::try_submit)
    /// hands back.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn queue_max(mut self, jobs: usize) -> LaneBuilder {
        assert!(jobs > 0, "a queue needs room for one job at least");
        self.rules.queue_max = jobs;
        self
    }

    /// Whether its jobs go first; [`Priority::Interactive`] if not set.
    pub fn priority(mut self, priority: Priority) -> LaneBuilder {
        self.rules.priority = priority;
        self
    }

    /// No shutdown cancels its jobs: those that wait are run, whatever the shutdown says of others,
    /// and it returns when the last of them has ended. For what must not be lost, such as the last
    /// buffer of a file.
    ///
    /// Where a shutdown may not wait (on a thread that turns an event loop, and on the pool's own),
    /// it reports those that still wait; the workers run them if the process lives.
    pub fn must_run(mut self) -> LaneBuilder {
        self.rules.must_run = true;
        self
    }

    /// The lane.
    pub fn build(self) -> Lane {
        let shared = Arc::clone(self.pool.shared());
        let id = shared.lock_to_look().lanes.open(self.rules);
        Lane { pool: self.pool, own: Some(Arc::new(OwnLane { shared, id })) }
    }
}

impl fmt::Debug for LaneBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaneBuilder").field("rules", &self.rules).finish_non_exhaustive()
    }
}
