//! A runtime as it is reached from anywhere: its loop and its pool.

use std::fmt;
use std::mem;
use std::sync::Arc;

use runtime_blocking::{Lane, PendingClose, Pool};
use runtime_core::catch_panic::drop_catching;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
#[cfg(any(feature = "fs", all(feature = "net", unix)))]
use runtime_core::sync::OnceLock;
use runtime_executor::{ClockHold, NoRuntimeError};

use crate::blocking::Executor;
use crate::context::{self, Entered};

/// Reaches a runtime from any thread: its loop and its pool. Cheap to clone, `Send` and `Sync`.
///
/// A handle does not keep the runtime alive. What is asked of one that is gone comes back as an
/// error: a spawn as *cancelled*, a blocking call as *refused*.
///
/// ```
/// aside::run(async {
///     let handle = aside::Handle::current();
///     let sum = aside::spawn_blocking(move || {
///         // Blocking code, on a worker: and back to async code from here.
///         handle.block_on(async { 20 + 22 })
///     });
///     assert_eq!(sum.await.unwrap(), 42);
/// });
/// ```
#[derive(Clone)]
pub struct Handle {
    parts: Arc<Parts>,
}

struct Parts {
    executor: runtime_executor::Handle,
    pool: Pool,
    /// Pinned states whose last handle went on the loop, where nobody could wait for their end.
    pending_closes: Mutex<Vec<PendingClose>>,
    /// For the names that are looked up; made for the first one.
    #[cfg(all(feature = "net", unix))]
    dns: OnceLock<Lane>,
    /// For what changes files; made for the first one.
    #[cfg(feature = "fs")]
    fs: OnceLock<Lane>,
}

/// How many names are looked up at a time. Each takes a thread, for some seconds if nobody answers.
#[cfg(all(feature = "net", unix))]
const LOOKUPS_MAX: usize = 8;

impl Handle {
    pub(crate) fn new(executor: runtime_executor::Handle, pool: Pool) -> Handle {
        let parts = Parts {
            executor,
            pool,
            pending_closes: Mutex::new(Vec::new()),
            #[cfg(all(feature = "net", unix))]
            dns: OnceLock::new(),
            #[cfg(feature = "fs")]
            fs: OnceLock::new(),
        };
        Handle { parts: Arc::new(parts) }
    }

    /// The runtime that this thread turns, or whose job it runs.
    ///
    /// # Panics
    /// If there is none; [`try_current`](Handle::try_current) gives an error instead.
    #[track_caller]
    pub fn current() -> Handle {
        match Handle::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// The runtime that this thread turns, or whose job it runs.
    ///
    /// # Errors
    /// If there is none.
    pub fn try_current() -> Result<Handle, NoRuntimeError> {
        context::current().ok_or_else(NoRuntimeError::new)
    }

    /// Spawns a future on the loop, from any thread. It is polled and dropped there.
    ///
    /// If the runtime is gone, the handle yields a *cancelled* [`JoinError`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.parts.executor.spawn(Metadata::here(), future)
    }

    /// Sends a closure to the loop's thread, where it makes the future to be spawned: one that
    /// need not be `Send`.
    ///
    /// The closure runs between two polls, so it should be short. If it panics, the handle yields
    /// that panic.
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// let runtime = aside::Runtime::new();
    /// let handle = runtime.handle();
    /// let spawner = std::thread::spawn(move || {
    ///     handle.spawn_with(|| {
    ///         let not_send = Rc::new(7);
    ///         async move { *not_send }
    ///     })
    /// });
    /// let task = spawner.join().unwrap();
    /// assert_eq!(runtime.block_on(task).unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn spawn_with<M, F>(&self, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.parts.executor.spawn_with(Metadata::here(), make)
    }

    /// Drives a future on this thread, which sleeps while it waits: the way back from blocking
    /// code, such as a job on the pool, to async code.
    ///
    /// The future runs here, so it need not be `Send`. Within it this runtime is the current one,
    /// and its timers are the loop's.
    ///
    /// # Blocking
    /// Blocks the thread until the future is ready.
    ///
    /// # Deadlock
    /// A job that blocks on a job of its own pool waits for a thread, and may wait for ever when
    /// all threads do so. That is found: as soon as none of them can go on, one of the jobs that
    /// wait to be run is refused, and who blocks on it gets a *refused* [`JoinError`] whose source
    /// is a [`Standstill`](crate::blocking::Standstill). There is never a false alarm: it is said
    /// only when nothing else could have woken the thread. So it is not found when the thread also
    /// waits for something else (the time of a timeout, a channel, a group), when it sleeps
    /// elsewhere than here, when a task stands between two jobs, or when jobs that run wait for
    /// each other in a circle.
    ///
    /// # Panics
    /// On the runtime's own thread, which would wait for itself: await the future inside a task, or
    /// use [`Runtime::block_on`](crate::Runtime::block_on). If it would have to sleep in a forked
    /// child of the process that made the runtime.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.enter();
        self.parts.executor.block_on(future)
    }

    /// Runs a closure that blocks on the runtime's pool. See
    /// [`spawn_blocking`](crate::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit(self.parts.pool.main_lane(), Metadata::here(), (), f)
    }

    /// Has an executor carry out a piece of work, as a job of this runtime. See
    /// [`run_in_executor`](crate::run_in_executor).
    #[track_caller]
    pub fn run_in_executor<E, W>(&self, executor: &E, work: W) -> JoinHandle<E::Output>
    where
        E: Executor<W> + ?Sized,
    {
        executor.execute(self, Metadata::here(), work)
    }

    /// The pool that [`spawn_blocking`](Handle::spawn_blocking) uses.
    pub fn pool(&self) -> &Pool {
        &self.parts.pool
    }

    /// The time by the runtime's clock.
    pub fn now(&self) -> std::time::Instant {
        self.parts.executor.clock().now()
    }

    pub(crate) fn enter(&self) -> Entered {
        context::enter(self.clone())
    }

    /// Runs a closure as work of this runtime, which is current in it. For as long, there has to be
    /// a [hold](Handle::hold_clock) on its clock.
    #[inline]
    pub(crate) fn at_work<T>(&self, f: impl FnOnce() -> T) -> T {
        let _entered_loop = self.parts.executor.enter_at_work();
        let _entered = context::enter(self.clone());
        f()
    }

    /// Keeps the runtime's clock from moving, if it is a virtual one.
    pub(crate) fn hold_clock(&self) -> Option<ClockHold> {
        self.parts.executor.hold_clock()
    }

    /// The lane in which names are looked up.
    #[cfg(all(feature = "net", unix))]
    pub(crate) fn dns(&self) -> &Lane {
        let make = || self.parts.pool.lane("dns").running_max(LOOKUPS_MAX).build();
        self.parts.dns.get_or_init(make)
    }

    /// The lane of what changes files, which no shutdown cancels.
    #[cfg(feature = "fs")]
    pub(crate) fn fs(&self) -> &Lane {
        self.parts.fs.get_or_init(|| self.parts.pool.lane("fs").must_run().build())
    }

    pub(crate) fn is_same_runtime(&self, other: &Handle) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }

    /// Has the runtime's end wait for this one.
    pub(crate) fn wait_at_shutdown(&self, pending: PendingClose) {
        let mut pending_closes = self.parts.pending_closes.lock();
        let (over, mut left): (Vec<_>, Vec<_>) =
            mem::take(&mut *pending_closes).into_iter().partition(PendingClose::is_over);
        left.push(pending);
        *pending_closes = left;
        drop(pending_closes);
        drop(over);
    }

    /// What there is to wait for at the end.
    pub(crate) fn take_pending_closes(&self) -> Vec<PendingClose> {
        mem::take(&mut self.parts.pending_closes.lock())
    }

    /// Submits a job that belongs to this runtime: the runtime is current in it, and its virtual
    /// clock stands still until it has ended, except while it sleeps in `block_on`. What is to be
    /// kept is dropped when whoever awaits the job has been told of its end.
    pub(crate) fn submit<F, T, K>(
        &self,
        lane: &Lane,
        metadata: Metadata,
        keep: K,
        f: F,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        let handle = self.clone();
        let job = move || handle.at_work(f);
        let refused = metadata.clone();
        match lane.submit_with(metadata, (self.hold_clock(), keep), job) {
            Ok(handle) => handle,
            Err(error) => {
                // The closure is dropped here, on the caller's thread, unrun.
                let reason = error.map(drop_catching);
                JoinHandle::failed(JoinError::refused(refused, Box::new(reason)))
            }
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("executor", &self.parts.executor)
            .field("pool", &self.parts.pool)
            .finish()
    }
}
