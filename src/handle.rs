//! A runtime as it is reached from anywhere: its loop and its pool.

use std::fmt;
use std::sync::Arc;

use runtime_blocking::{Lane, Pool};
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::origin::Origin;
use runtime_core::quietly::drop_quietly;
use runtime_executor::NoRuntimeError;

use crate::context::{self, Entered};
use crate::executor::Executor;

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
}

impl Handle {
    pub(crate) fn new(executor: runtime_executor::Handle, pool: Pool) -> Handle {
        Handle { parts: Arc::new(Parts { executor, pool }) }
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
        self.parts.executor.spawn(Origin::here(), future)
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
        self.parts.executor.spawn_with(Origin::here(), make)
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
    /// # Panics
    /// On the runtime's own thread, which would wait for itself: await the future inside a task, or
    /// use [`Runtime::block_on`](crate::Runtime::block_on).
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
        self.submit(self.parts.pool.main_lane(), Origin::here(), (), f)
    }

    /// Has an executor carry out a piece of work, as a job of this runtime. See
    /// [`run_in_executor`](crate::run_in_executor).
    #[track_caller]
    pub fn run_in_executor<E, W>(&self, executor: &E, work: W) -> JoinHandle<E::Output>
    where
        E: Executor<W> + ?Sized,
    {
        executor.execute(self, Origin::here(), work)
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

    /// Submits a job that belongs to this runtime: the runtime is current in it, and its virtual
    /// clock stands still until it has ended, except while it sleeps in `block_on`. What is to be
    /// kept is dropped when whoever awaits the job has been told of its end.
    pub(crate) fn submit<F, T, K>(
        &self,
        lane: &Lane,
        origin: Origin,
        keep: K,
        f: F,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        let handle = self.clone();
        let job = move || {
            let _entered_loop = handle.parts.executor.enter_at_work();
            let _entered = context::enter(handle.clone());
            f()
        };
        let refused = origin.clone();
        match lane.submit_with(origin, (self.parts.executor.hold_clock(), keep), job) {
            Ok(handle) => handle,
            Err(error) => {
                // The closure is dropped here, on the caller's thread, unrun.
                let reason = error.map(drop_quietly);
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
