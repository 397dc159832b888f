//! [`Handle`]: access to a runtime's loop and pool from any thread.

use std::fmt;
use std::mem;
use std::sync::Arc;

#[cfg(feature = "fs")]
use runtime_blocking::Lane;
use runtime_blocking::{PendingClose, Pool};
use runtime_core::heap_if_large;
use runtime_core::join::JoinHandle;
use runtime_core::large::is_large;
use runtime_core::metadata::Metadata;
use runtime_core::sync::Mutex;
#[cfg(feature = "fs")]
use runtime_core::sync::OnceLock;
use runtime_executor::ClockHold;

#[cfg(feature = "fs")]
use crate::closing_files::ClosingFiles;
use crate::lookups::Lookups;

/// Gives access to a runtime, its loop and its pool, from any thread. Cheap to clone, `Send` and
/// `Sync`.
///
/// A handle does not keep the runtime alive. After the runtime is gone, the handle of a spawned
/// task yields *cancelled*, and the handle of a blocking call yields *refused*.
///
/// ```
/// aside::run(async {
///     let handle = aside::Handle::current();
///     let sum = aside::spawn_blocking(move || {
///         // Blocking code, on a worker, may call async code.
///         handle.block_on(async { 20 + 22 })
///     });
///     assert_eq!(sum.await.unwrap(), 42);
/// });
/// ```
#[derive(Clone)]
pub struct Handle {
    parts: Arc<RuntimeParts>,
}

/// *Shared by* all handles of a runtime, by `Arc`.
struct RuntimeParts {
    event_loop: runtime_executor::Handle,
    pool: Pool,
    /// Pinned states whose last handle was dropped on the loop, where the drop could not wait.
    pending_closes: Mutex<Vec<PendingClose>>,
    #[cfg_attr(not(all(feature = "net", unix)), allow(dead_code))]
    lookups: Lookups,
    /// The lane of jobs that change files, made for the first such job.
    #[cfg(feature = "fs")]
    fs: OnceLock<Lane>,
    /// The files that were dropped before their accepted bytes were written.
    #[cfg(feature = "fs")]
    closing_files: ClosingFiles,
}

impl Handle {
    pub(crate) fn new(
        event_loop: runtime_executor::Handle,
        pool: Pool,
        lookups: Lookups,
    ) -> Handle {
        let parts = RuntimeParts {
            event_loop,
            pool,
            pending_closes: Mutex::new(Vec::new()),
            lookups,
            #[cfg(feature = "fs")]
            fs: OnceLock::new(),
            #[cfg(feature = "fs")]
            closing_files: ClosingFiles::new(),
        };
        Handle { parts: Arc::new(parts) }
    }

    /// Spawns a future on the loop, from any thread. The future is polled and dropped on the loop's
    /// thread.
    ///
    /// If the runtime is gone, the handle yields a *cancelled* [`JoinError`](crate::JoinError).
    #[track_caller]
    #[doc(alias("run_coroutine_threadsafe", "call_soon_threadsafe"))]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // Not by `spawn_as`: to pass a large future on by value would copy it once more.
        heap_if_large!(Box::pin, future: F => self.parts.event_loop.spawn(Metadata::here(), future))
    }

    /// Like [`spawn`](Handle::spawn), with the caller's metadata. An
    /// [`Executor`](crate::blocking::Executor) whose work is a task passes on the metadata that it
    /// was given, so that errors and lists show the name and the location of the call.
    pub fn spawn_as<F>(&self, metadata: Metadata, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        heap_if_large!(Box::pin, future: F => self.parts.event_loop.spawn(metadata, future))
    }

    /// Sends a closure to the loop's thread, calls it there, and spawns the future that it returns.
    /// The future need not be `Send`.
    ///
    /// The closure runs between two polls, so it should be short. If the closure panics, the handle
    /// yields that panic.
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
    #[doc(alias("call_soon_threadsafe", "spawn_local"))]
    pub fn spawn_with<M, F>(&self, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        if const { is_large::<M>() || is_large::<F>() } {
            let make = Box::new(make);
            self.parts.event_loop.spawn_with(Metadata::here(), move || Box::pin(make()))
        } else {
            self.parts.event_loop.spawn_with(Metadata::here(), make)
        }
    }

    pub(crate) fn event_loop(&self) -> &runtime_executor::Handle {
        &self.parts.event_loop
    }

    /// Returns the pool that [`spawn_blocking`](Handle::spawn_blocking) uses.
    pub fn pool(&self) -> &Pool {
        &self.parts.pool
    }

    /// Returns the time by the runtime's clock.
    pub fn now(&self) -> std::time::Instant {
        self.parts.event_loop.clock().now()
    }

    /// Stops the runtime's clock until the hold is dropped, if the clock is virtual.
    pub(crate) fn hold_clock(&self) -> Option<ClockHold> {
        self.parts.event_loop.hold_clock()
    }

    /// Returns the limits of name lookups.
    #[cfg(all(feature = "net", unix))]
    pub(crate) fn lookups(&self) -> &Lookups {
        &self.parts.lookups
    }

    /// Returns the lane of jobs that change files, which no shutdown cancels.
    #[cfg(feature = "fs")]
    pub(crate) fn fs(&self) -> &Lane {
        self.parts.fs.get_or_init(|| self.parts.pool.lane("fs").must_run().build())
    }

    #[cfg(feature = "fs")]
    pub(crate) fn closing_files(&self) -> &ClosingFiles {
        &self.parts.closing_files
    }

    pub(crate) fn is_same_runtime(&self, other: &Handle) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }

    /// Makes the runtime's shutdown wait for this state to close.
    pub(crate) fn wait_at_shutdown(&self, pending: PendingClose) {
        let mut pending_closes = self.parts.pending_closes.lock();
        let (over, mut left): (Vec<_>, Vec<_>) =
            mem::take(&mut *pending_closes).into_iter().partition(PendingClose::is_over);
        left.push(pending);
        *pending_closes = left;
        drop(pending_closes);
        drop(over);
    }

    /// Takes the states for which the shutdown must wait.
    pub(crate) fn take_pending_closes(&self) -> Vec<PendingClose> {
        mem::take(&mut self.parts.pending_closes.lock())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("event_loop", &self.parts.event_loop)
            .field("pool", &self.parts.pool)
            .finish()
    }
}
