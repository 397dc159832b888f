//! [`Handle`]: access to a runtime's loop and pool from any thread.

use std::fmt;
use std::mem;
use std::sync::Arc;

#[cfg(any(feature = "fs", all(feature = "net", unix)))]
use runtime_blocking::Lane;
use runtime_blocking::{PendingClose, Pool};
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
#[cfg(any(feature = "fs", all(feature = "net", unix)))]
use runtime_core::sync::OnceLock;
use runtime_executor::ClockHold;

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

    pub(crate) fn event_loop(&self) -> &runtime_executor::Handle {
        &self.parts.executor
    }

    /// The pool that [`spawn_blocking`](Handle::spawn_blocking) uses.
    pub fn pool(&self) -> &Pool {
        &self.parts.pool
    }

    /// The time by the runtime's clock.
    pub fn now(&self) -> std::time::Instant {
        self.parts.executor.clock().now()
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
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("executor", &self.parts.executor)
            .field("pool", &self.parts.pool)
            .finish()
    }
}
