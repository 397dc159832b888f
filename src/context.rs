//! The current runtime of a thread: the runtime whose loop the thread turns, whose job it runs, or
//! which it has entered.

use std::cell::RefCell;

use runtime_core::heap_if_large;
use runtime_core::sync::thread_local_const;
use runtime_executor::NoRuntimeError;

use crate::handle::Handle;

thread_local_const! {
    static CURRENT: RefCell<Option<Handle>> = RefCell::new(None)
}

impl Handle {
    /// Returns the runtime whose loop this thread turns, whose job it runs, or which it has
    /// [entered](Handle::enter). If these nest, it is the innermost one.
    ///
    /// # Panics
    /// If this thread has no current runtime; [`try_current`](Handle::try_current) returns an error
    /// instead.
    #[track_caller]
    #[doc(alias = "get_running_loop")]
    pub fn current() -> Handle {
        match Handle::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns the runtime that [`current`](Handle::current) returns.
    ///
    /// # Errors
    /// If this thread has no current runtime.
    pub fn try_current() -> Result<Handle, NoRuntimeError> {
        CURRENT.with(|current| current.borrow().clone()).ok_or_else(NoRuntimeError::new)
    }

    /// Polls a future on this thread until it is ready, and parks the thread while the future is
    /// pending. In this way blocking code, such as a job on the pool, can call async code.
    ///
    /// The future stays on this thread, so it need not be `Send`. Within the future this runtime is
    /// the current one, and this runtime's loop serves the timers.
    ///
    /// # Blocking
    /// Blocks the thread until the future is ready.
    ///
    /// # Deadlock
    /// A job that blocks on another job of its own pool waits for a worker. If every worker waits
    /// in this way, none of them can continue. The pool detects this: it refuses one of the queued
    /// jobs, and the `block_on` that waits for that job returns a *refused*
    /// [`JoinError`](crate::JoinError) whose source is a [`Deadlock`](crate::blocking::Deadlock).
    /// There are no false positives: the error is reported only if nothing else could have woken
    /// the thread. A deadlock is therefore not detected if the thread also waits for something else
    /// (a timeout, a channel, a group), or if it sleeps elsewhere than in `block_on`. Nor is it
    /// detected if a job waits for a task that waits for another job, or if running jobs wait for
    /// each other in a circle.
    ///
    /// # Panics
    /// - On the runtime's own thread, which would wait for itself: await the future inside a task,
    ///   or use [`Runtime::block_on`](crate::Runtime::block_on).
    /// - If the call would have to sleep in a forked child of the process that made the runtime.
    #[track_caller]
    #[doc(alias = "run_coroutine_threadsafe")]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.make_current();
        heap_if_large!(Box::pin, future: F => self.event_loop().block_on(future))
    }

    /// Makes this runtime the current one until the guard is dropped. Guards nest.
    pub(crate) fn make_current(&self) -> Entered {
        self.clone().into_current()
    }

    #[inline]
    fn into_current(self) -> Entered {
        Entered { outer: CURRENT.with(|current| current.replace(Some(self))) }
    }

    /// Runs a closure with this runtime as the current runtime. The caller must keep a
    /// [hold](Handle::hold_clock) on the clock while the closure runs.
    ///
    /// Takes the handle, because the count of a runtime's handles is written by the submitter and
    /// by all workers.
    #[inline]
    pub(crate) fn at_work<T>(self, f: impl FnOnce() -> T) -> T {
        let _entered_loop = self.event_loop().enter_at_work();
        let _entered = self.into_current();
        f()
    }
}

/// Restores the former current runtime when dropped.
pub(crate) struct Entered {
    outer: Option<Handle>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let inner = CURRENT.with(|current| current.replace(outer));
        // The former runtime is dropped outside the borrow of `CURRENT`, because dropping the last
        // handle of a pool shuts the pool down.
        drop(inner);
    }
}
