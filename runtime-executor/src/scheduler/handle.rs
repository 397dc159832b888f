//! A loop's handle: what can be asked of it from any thread.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;

use runtime_core::blocking_driver;
use runtime_core::catch_panic::drop_catching;
use runtime_core::clock::Clock;
use runtime_core::completion::Completion;
use runtime_core::join::{JoinError, JoinHandle};
use runtime_core::metadata::Metadata;

use crate::scheduler::core::Local;
use crate::scheduler::current::{self, Current, CurrentGuard};
use crate::scheduler::shared::{Letter, Remote};
use crate::scheduler::thread_waker::Sleeper;

/// Reaches a loop from any thread. Cheap to clone.
///
/// It does not keep the loop alive: what is asked of a loop that is gone is answered as cancelled.
#[derive(Clone)]
pub struct Handle {
    remote: Arc<Remote>,
}

impl Handle {
    pub(crate) fn new(remote: Arc<Remote>) -> Handle {
        Handle { remote }
    }

    pub(crate) fn remote(&self) -> &Arc<Remote> {
        &self.remote
    }

    /// The loop that this thread is turning or has [entered](Handle::enter), the innermost.
    ///
    /// # Errors
    /// If there is none.
    pub fn try_current() -> Result<Handle, NoRuntimeError> {
        current::handle().ok_or_else(NoRuntimeError::new)
    }

    /// Makes this the current loop of a thread that does not turn it, until the guard is dropped.
    ///
    /// Guards nest, and are to be dropped in reverse order, as scopes do by themselves.
    pub fn enter(&self) -> EnterGuard {
        EnterGuard { _guard: current::enter(Current::Entered(self.clone())) }
    }

    /// The same for a job of this loop: one whose [hold on the clock](Handle::hold_clock) lasts
    /// longer than the guard. While the job sleeps in [`block_on`](Handle::block_on), it holds
    /// nothing.
    pub fn enter_at_work(&self) -> EnterGuard {
        EnterGuard { _guard: current::enter(Current::AtWork(self.clone())) }
    }

    pub(crate) fn is_same_loop(&self, other: &Handle) -> bool {
        Arc::ptr_eq(&self.remote, &other.remote)
    }

    /// Spawns a future that may be sent to the loop's thread.
    ///
    /// The task is dropped on that thread. If the loop is gone the handle yields a cancelled
    /// [`JoinError`].
    pub fn spawn<F>(&self, metadata: Metadata, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match current::turning() {
            Some(local) if Arc::ptr_eq(&local.remote, &self.remote) => {
                local.spawn(metadata, future)
            }
            Some(_) | None => self.spawn_with(metadata, move || future),
        }
    }

    /// Sends a closure to the loop's thread, where it makes the future to be spawned: one that
    /// need not be `Send`.
    ///
    /// The closure runs on the loop between two polls, so it should be short. If it panics, the
    /// handle yields that panic.
    pub fn spawn_with<M, F>(&self, metadata: Metadata, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let completion = Arc::new(Completion::new(metadata, None));
        let handle = JoinHandle::new(Arc::clone(&completion));
        let mut order = Order { make: Some(make), completion };
        // A loop that is gone gives the letter back; dropping it cancels the order.
        let _ = self.remote.post(Letter::Open(Box::new(move |local| order.open(local))));
        handle
    }

    /// Drives a future on this thread, which sleeps while it waits: the way from blocking code
    /// (a job on the pool) back to async code.
    ///
    /// The future runs here and need not be `Send`; its timers are the loop's, and
    /// [`try_current`](Handle::try_current) within it is this handle.
    ///
    /// # Blocking
    /// Blocks the thread until the future is ready.
    ///
    /// # Deadlock
    /// A job that blocks on a job of its own pool waits for a thread, and may wait for ever when
    /// all threads do so. That is found: as soon as none of them can go on, one of the jobs that
    /// wait to be run is refused, and who blocks on it gets a *refused* [`JoinError`] whose source
    /// is a `Deadlock`. There is never a false alarm: it is said only when nothing else could
    /// have woken the thread. So it is not found when the thread also waits for something else (the
    /// time of a timeout, a channel, a group), when it sleeps elsewhere than here, when a task
    /// stands between two jobs, or when jobs that run wait for each other in a circle.
    ///
    /// # Panics
    /// On the loop's own thread, which would wait for itself: await the future there. If it would
    /// have to sleep in a forked child of the process that made the loop.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(
            !self.remote.parker.is_owned_here(),
            "`Handle::block_on` was called on the thread that turns the runtime, which it would \
             stop for good: await the future, use `Runtime::block_on` outside of tasks, or call \
             it from a job (`spawn_blocking`)"
        );
        let at_work = current::is_at_work_for(self);
        let _entered = if at_work { self.enter_at_work() } else { self.enter() };
        let held = (at_work && self.remote.clock.is_virtual()).then(|| Arc::clone(&self.remote));
        let mut future = pin!(future);
        let sleeper = Arc::new(Sleeper::new(held));
        let waker = Waker::from(Arc::clone(&sleeper));
        let sleep = || {
            self.remote.assert_not_forked();
            sleeper.sleep();
        };
        let mut output = None;
        blocking_driver::drive(&waker, sleep, |cx| {
            future.as_mut().poll(cx).map(|ready| output = Some(ready))
        });
        match output {
            Some(output) => output,
            None => unreachable!("a thread is driven until the future is ready"),
        }
    }

    /// The loop's clock.
    pub fn clock(&self) -> &Clock {
        &self.remote.clock
    }

    /// Keeps the loop's clock, if it is a virtual one, from moving until the hold is dropped: for
    /// work elsewhere, which takes no virtual time. `None` by the system's clock.
    pub fn hold_clock(&self) -> Option<ClockHold> {
        self.remote.clock.is_virtual().then(|| {
            self.remote.clock.hold();
            ClockHold { remote: Arc::clone(&self.remote) }
        })
    }
}

/// Keeps a virtual clock from moving. Drop it after the work's result has been published.
#[must_use = "the clock moves again when the hold is dropped"]
#[derive(Debug)]
pub struct ClockHold {
    remote: Arc<Remote>,
}

impl Drop for ClockHold {
    fn drop(&mut self) {
        self.remote.clock.release();
        // The loop sleeps without a deadline while the clock is held.
        self.remote.parker.unpark();
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("clock", &self.remote.clock)
            .field("parker", &self.remote.parker)
            .field("reactor", &self.remote.reactor)
            .finish()
    }
}

/// A task that is on its way to its loop. Dropped unopened, it is cancelled.
struct Order<M, T> {
    make: Option<M>,
    completion: Arc<Completion<T>>,
}

impl<M, T> Order<M, T> {
    fn open<F>(&mut self, local: &Local)
    where
        M: FnOnce() -> F,
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        if local.is_closed() {
            return;
        }
        let Some(make) = self.make.take() else { return };
        let completion = Arc::clone(&self.completion);
        match catch_unwind(AssertUnwindSafe(make)) {
            Ok(future) => local.adopt(completion, future),
            Err(payload) => {
                let metadata = completion.metadata().clone();
                let _no_producer = completion.complete(Err(JoinError::panicked(metadata, payload)));
            }
        }
    }
}

impl<M, T> Drop for Order<M, T> {
    fn drop(&mut self) {
        if let Some(make) = self.make.take() {
            drop_catching(make);
            let cancelled = JoinError::cancelled(self.completion.metadata().clone());
            let _no_producer = self.completion.complete(Err(cancelled));
        }
    }
}

/// Keeps a loop current on a thread, until it is dropped. See [`Handle::enter`].
#[must_use = "the loop is current until the guard is dropped"]
pub struct EnterGuard {
    _guard: CurrentGuard,
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnterGuard")
    }
}

/// There is no runtime on this thread.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoRuntimeError(());

impl NoRuntimeError {
    /// The error, for who finds none in another way.
    #[allow(clippy::new_without_default)]
    pub fn new() -> NoRuntimeError {
        NoRuntimeError(())
    }
}

impl fmt::Display for NoRuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "there is no runtime on this thread: call this inside `run` or `block_on`, inside a \
             blocking job of a runtime, or reach the runtime by its `Handle`",
        )
    }
}

impl Error for NoRuntimeError {}
