//! A loop's handle, by which any thread reaches the loop.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;

use runtime_core::blocking_driver;
use runtime_core::budget;
use runtime_core::clock::Clock;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_core::unwinding::poll_or_drop;

use crate::scheduler::current::{self, Current};
use crate::scheduler::enter::{self, EnteredLoop};
use crate::scheduler::idle::ForkGuard;
use crate::scheduler::no_runtime::NoRuntimeError;
use crate::scheduler::remote_spawn;
use crate::scheduler::shared::Shared;
use crate::scheduler::thread_waker::ThreadWaker;
use crate::task::waker::Message;
use crate::time::clock_hold::ClockHold;

/// Reaches a loop from any thread. Cheap to clone.
///
/// A handle does not keep the loop alive. A task that is spawned on a loop that is gone is
/// cancelled.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared<Message>>,
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared<Message>>) -> Handle {
        Handle { shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<Message>> {
        &self.shared
    }

    /// Returns the handle of the loop that this thread is turning or has [entered](Handle::enter).
    /// If loops nest, this is the innermost loop.
    ///
    /// # Errors
    /// If there is no such loop.
    pub fn try_current() -> Result<Handle, NoRuntimeError> {
        current::shared().map(Handle::new).ok_or_else(NoRuntimeError::new)
    }

    /// Makes this loop current on this thread, until the guard is dropped. If it is current
    /// already, nothing changes.
    ///
    /// Guards nest. Drop them in reverse order, as scopes do.
    pub fn enter(&self) -> EnteredLoop {
        enter::enter_shared(&self.shared)
    }

    /// Makes this loop current on a thread that runs one of the loop's jobs. The job's [hold on the
    /// clock](Handle::hold_clock) must last longer than the guard. While the job sleeps in
    /// [`block_on`](Handle::block_on), it does not hold the clock.
    pub fn enter_at_work(&self) -> EnteredLoop {
        enter::enter(Current::AtWork(Arc::clone(&self.shared)))
    }

    /// Spawns a future on the loop, whose thread polls and drops it.
    ///
    /// If the loop is gone, the handle yields a cancelled [`JoinError`].
    ///
    /// [`JoinError`]: runtime_core::join::JoinError
    pub fn spawn<F>(&self, metadata: Metadata, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match current::turning() {
            Some(core) if Arc::ptr_eq(&core.shared, &self.shared) => core.spawn(metadata, future),
            Some(_) | None => self.spawn_with(metadata, move || future),
        }
    }

    /// Sends a closure to the loop's thread. The closure makes the future there, and the loop
    /// spawns the future, which need not be `Send`.
    ///
    /// The closure runs between two polls of tasks, so it should be short. If the closure panics,
    /// the handle yields that panic.
    pub fn spawn_with<M, F>(&self, metadata: Metadata, make: M) -> JoinHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        remote_spawn::spawn_with(&self.shared, metadata, make)
    }

    /// Drives a future on this thread, which sleeps while the future is pending. Blocking code,
    /// such as a job on the pool, waits for async code in this way.
    ///
    /// The future need not be `Send`. Its timers follow the loop's clock, and
    /// [`try_current`](Handle::try_current) within it returns this handle.
    ///
    /// # Blocking
    /// Blocks the thread until the future is ready.
    ///
    /// # Deadlock
    /// A job that blocks on a job of its own pool waits for a thread of the pool. If all threads
    /// wait in this way, none of them can continue. The pool detects this at once and refuses one
    /// of the queued jobs: the job that blocks on it gets a *refused* [`JoinError`] whose source is
    /// a `Deadlock`. There is no false alarm: the pool refuses a job only if nothing else could
    /// have woken the thread. So the pool detects no deadlock if the thread also waits for
    /// something else (a timeout, a channel, a group) or sleeps outside this call. The pool also
    /// detects no deadlock if a job waits for a task that waits for another job, or if running jobs
    /// wait for each other in a circle.
    ///
    /// # Panics
    /// On the loop's own thread, which would wait for itself. Await the future in a task instead.
    /// If the call would have to sleep in a forked child of the process that made the loop.
    ///
    /// [`JoinError`]: runtime_core::join::JoinError
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(
            !self.shared.parker.is_owned_here(),
            "`Handle::block_on` was called on the runtime's own thread, which would wait for \
             itself: await the future, use `Runtime::block_on` outside of tasks, or call it from \
             a job (`spawn_blocking`)"
        );
        let at_work = enter::is_at_work_for(&self.shared);
        let _budget = budget::suspend();
        let _entered = self.enter();
        let held = (at_work && self.clock().is_virtual()).then(|| Arc::clone(&self.shared));
        let mut future = pin!(Some(future));
        let thread = Arc::new(ThreadWaker::new(held));
        let fork_guard = ForkGuard::default();
        let sleep = || {
            fork_guard.before_sleep(&self.shared.process);
            thread.sleep();
        };
        let mut output = None;
        blocking_driver::drive(&Waker::from(Arc::clone(&thread)), sleep, |cx| {
            poll_or_drop(future.as_mut(), cx).map(|ready| output = Some(ready))
        });
        match output {
            Some(output) => output,
            None => unreachable!("a thread is driven until the future is ready"),
        }
    }

    /// Returns the loop's clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Keeps a virtual clock from moving until the hold is dropped, for work on another thread that
    /// takes no virtual time. A loop that [spins](crate::Config::spin_before_park) counts its
    /// holds. Returns `None` for the system's clock and a loop that does not spin.
    pub fn hold_clock(&self) -> Option<ClockHold> {
        let is_needed = self.clock().is_virtual() || self.shared.spin.is_on();
        is_needed.then(|| ClockHold::new(Arc::clone(&self.shared)))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("clock", &self.shared.clock)
            .field("parker", &self.shared.parker)
            .field("reactor", &self.shared.reactor)
            .finish()
    }
}
