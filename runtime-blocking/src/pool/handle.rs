//! The pool's handle.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::thread;

use crate::pool::lane::Lane;
use crate::pool::lane_builder::LaneBuilder;
use crate::pool::owner::PoolOwner;
use crate::pool::report::PoolReport;
use crate::pool::settings::Settings;
use crate::pool::shared::PoolShared;
use crate::pool::shutdown::Shutdown;
use crate::pool::stats::{LaneStats, RunningJob, Stats};
use crate::pool::submit_error::SubmitError;
use crate::worker::start::start_worker;

/// A pool of threads that run closures which block.
///
/// This type is a handle: clones are cheap and refer to the same pool, which several runtimes may
/// share. No thread is started before the first job. Jobs of different kinds can have
/// [lanes](Pool::lane) of their own.
///
/// # Examples
/// ```
/// use aside::blocking::{Pool, Shutdown};
/// use std::time::Duration;
///
/// let pool = Pool::builder().threads_max(8).keep_alive(Duration::from_secs(1)).build();
/// aside::run(async {
///     let answer = pool.submit(|| 6 * 7).expect("a thread can be started");
///     assert_eq!(answer.await.unwrap(), 42);
/// });
/// let report = pool.shutdown(Shutdown::Wait);
/// assert!(report.is_clean());
/// ```
///
/// # Drop
/// Dropping the last handle, including the handles of lanes, closes the pool and loses no job:
/// every accepted job is still run. The drop waits for these jobs, like [`Shutdown::Wait`]. In
/// three cases it does not wait: on a thread that is turning an event loop, on one of the pool's
/// own workers, and after a [`shutdown`](Pool::shutdown), which has decided how long to wait. In
/// these cases the workers finish by themselves and retire; if the process ends first, unfinished
/// jobs are lost. To cancel jobs, shut the pool down.
///
/// # Fork
/// A fork copies only the calling thread, and none of the pool's threads. In the child of a process
/// that has used the pool, a submit hands the closure back ([`SubmitError::Forked`]), and a
/// shutdown or a drop does nothing. The queued jobs are left alone, because they belong to the
/// parent. A pool that is made in the child works. Do not await a handle from before the fork,
/// because its job belongs to the parent. One case is not detected at once. If all threads were
/// busy at the fork, or one thread was arriving, a submit dispatches no worker and does not ask the
/// system for the process ID. In this case the fork is detected only after other code in the child
/// has asked the system, as making a runtime does.
#[doc(alias = "ThreadPoolExecutor")]
#[derive(Clone)]
pub struct Pool {
    main: Lane,
}

impl Pool {
    pub(crate) fn with(settings: Settings) -> Pool {
        let shared = Arc::new(PoolShared::new(settings, start_worker));
        Pool { main: Lane::main(Arc::new(PoolOwner::new(shared))) }
    }

    fn shared(&self) -> &Arc<PoolShared> {
        self.main.owner().shared()
    }

    /// Starts a thread that runs no jobs, with the name and the signal mask of the pool's threads.
    #[doc(hidden)]
    pub fn start_helper(
        &self,
        role: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<thread::JoinHandle<()>> {
        self.shared().settings.start_helper(role, Box::new(body))
    }

    /// Returns the lane of the jobs that are submitted to the pool itself. Its limits are the
    /// pool's threads and [`PoolBuilder::queue_max`](crate::PoolBuilder::queue_max).
    pub fn main_lane(&self) -> &Lane {
        &self.main
    }

    /// Configures a lane of this pool. [`lanes`](Pool::lanes) shows it by `name`.
    pub fn lane(&self, name: impl Into<Cow<'static, str>>) -> LaneBuilder {
        LaneBuilder::new(Arc::clone(self.main.owner()), name.into())
    }

    /// [`Lane::submit`] in the main lane.
    ///
    /// # Errors
    /// Those of [`Lane::submit`].
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.main.submit_with(Metadata::here(), (), f)
    }

    /// [`Lane::try_submit`] in the main lane.
    ///
    /// # Errors
    /// Those of [`Lane::try_submit`].
    #[track_caller]
    pub fn try_submit<F, T>(&self, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.main.try_submit(f)
    }

    /// [`Lane::submit_async`] in the main lane.
    ///
    /// # Errors
    /// Those of [`Lane::submit_async`].
    ///
    /// # Cancel safety
    /// As for [`Lane::submit_async`].
    #[track_caller]
    pub fn submit_async<F, T>(
        &self,
        f: F,
    ) -> impl Future<Output = Result<JoinHandle<T>, SubmitError<F>>> + Send + use<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.main.submit_async(f)
    }

    /// [`Lane::submit_as`] in the main lane.
    ///
    /// # Errors
    /// Those of [`Lane::submit`].
    pub fn submit_as<F, T>(&self, metadata: Metadata, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.main.submit_with(metadata, (), f)
    }

    /// [`Lane::submit_with`] in the main lane.
    ///
    /// # Errors
    /// Those of [`Lane::submit`].
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
        self.main.submit_with(metadata, keep, f)
    }

    /// Closes the pool, waits as long as `how` says, and reports the jobs that are left undone.
    ///
    /// From now on, [`submit`](Pool::submit) hands closures back. A shutdown may be called again,
    /// even by several threads at once. Each call waits as long as its `how` says, and reports the
    /// jobs that it has cancelled itself and the jobs that run when it stops waiting. A shutdown
    /// that is called by a job of this pool waits for the other jobs, and reports the caller's own
    /// job among the running jobs.
    ///
    /// # Blocking
    /// Blocks as long as `how` says, and no longer: jobs that [must run](LaneBuilder::must_run) are
    /// waited for within the limit, and then reported. Unless `how` is [`Leave`](Shutdown::Leave),
    /// the call also waits, within the limit, for the thread-local destructors of threads that have
    /// retired.
    pub fn shutdown(&self, how: Shutdown) -> PoolReport {
        self.shared().shutdown(how)
    }

    /// Returns the maximum number of threads, as [set](crate::PoolBuilder::threads_max).
    pub fn threads_max(&self) -> usize {
        self.shared().settings.threads_max
    }

    /// Returns the statistics of the pool. Costs one short lock.
    pub fn stats(&self) -> Stats {
        self.shared().lock_to_look().stats()
    }

    /// Returns a function that returns the statistics, or `None` once the pool is gone. It is no
    /// handle: it does not keep the pool alive.
    #[doc(hidden)]
    pub fn stats_while_alive(&self) -> impl Fn() -> Option<Stats> + Send + Sync + use<> {
        let pool = Arc::downgrade(self.shared());
        move || Some(pool.upgrade()?.lock_to_look().stats())
    }

    /// Returns the statistics of each lane, the main lane first. Costs one lock.
    pub fn lanes(&self) -> Vec<LaneStats> {
        let state = self.shared().lock_to_look();
        state.queue.lanes().map(|(id, _)| state.lane_stats(id)).collect()
    }

    /// Returns the running jobs with their names, locations and ages, including
    /// [abandoned](RunningJob::is_abandoned) jobs. Costs one lock.
    pub fn running(&self) -> Vec<RunningJob> {
        let now = Instant::now();
        self.shared().lock_to_look().running(now, None)
    }
}

impl Lane {
    /// Returns the statistics of the lane. Costs one short lock.
    pub fn stats(&self) -> LaneStats {
        self.owner().shared().lock_to_look().lane_stats(self.id())
    }

    /// Returns the pool of the lane.
    pub fn pool(&self) -> Pool {
        Pool { main: Lane::main(Arc::clone(self.owner())) }
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("settings", &self.shared().settings)
            .field("stats", &self.stats())
            .finish()
    }
}
