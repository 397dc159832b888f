//! [`EnterGuard`]: a runtime made current for code outside its tasks.

use std::cell::Cell;
use std::fmt;
use std::thread;

use runtime_core::sync::thread_local_const;
use runtime_executor::EnteredLoop;

use crate::context::Entered;
use crate::handle::Handle;
use crate::runtime::Runtime;

thread_local_const! {
    /// The number of guards that this thread has.
    static DEPTH: Cell<usize> = Cell::new(0)
}

impl Runtime {
    /// Makes this runtime the current one on its thread, until the guard is dropped.
    ///
    /// It is for code that runs before or between the turns of the loop and calls functions which
    /// need a runtime: [`spawn`](crate::spawn()), [`spawn_blocking`](crate::spawn_blocking),
    /// [`sleep`](crate::sleep()), and the functions that make sockets. Nothing is polled until the
    /// loop is turned.
    ///
    /// ```
    /// let runtime = aside::Runtime::new();
    /// let _guard = runtime.enter();
    /// let task = aside::spawn(async { 20 + 22 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// ```
    ///
    /// # Panics
    /// See [`EnterGuard`].
    pub fn enter(&self) -> EnterGuard {
        EnterGuard::new(self.executor.enter(), self.handle.make_current())
    }
}

impl Handle {
    /// Makes this runtime the current one on this thread, which may be any thread, until the guard
    /// is dropped.
    ///
    /// On a thread that does not turn the loop:
    ///
    /// - [`Handle::current`] and [`spawn_blocking`](crate::spawn_blocking) work as in a task, and
    ///   so do the functions that make sockets, files, processes and sleeps. Any executor may poll
    ///   their futures, for example [`Handle::block_on`].
    /// - [`spawn`](crate::spawn()) panics, because its future need not be `Send`: use
    ///   [`Handle::spawn`]. Within a guard of [`Runtime::enter`] it works.
    ///
    /// Inside a task or a job of this runtime the guard changes nothing. The guard does not keep
    /// the runtime alive.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// aside::run(async {
    ///     let handle = aside::Handle::current();
    ///     let thread = std::thread::spawn(move || {
    ///         let _guard = handle.enter();
    ///         let sleep = aside::sleep(Duration::from_millis(1));
    ///         let job = aside::spawn_blocking(|| 7);
    ///         aside::Handle::current().spawn(async move {
    ///             sleep.await;
    ///             job.await.unwrap()
    ///         })
    ///     });
    ///     let task = aside::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
    ///     assert_eq!(task.await.unwrap(), 7);
    /// });
    /// ```
    ///
    /// # Panics
    /// See [`EnterGuard`].
    pub fn enter(&self) -> EnterGuard {
        EnterGuard::new(self.event_loop().enter(), self.make_current())
    }
}

/// Keeps a runtime current on a thread. Made by [`Runtime::enter`] and [`Handle::enter`].
///
/// Guards nest: the innermost runtime is the current one. A guard stays on its thread, so it is not
/// `Send`. Do not hold a guard across an `.await`: other tasks would run within it.
///
/// # Panics
/// If a guard is dropped before another guard that was made after it. Which runtime is current on
/// the thread is then unspecified.
#[must_use = "the runtime is current until the guard is dropped"]
pub struct EnterGuard {
    depth: usize,
    // Dropped in this order.
    _loop: EnteredLoop,
    _runtime: Entered,
}

impl EnterGuard {
    fn new(entered_loop: EnteredLoop, runtime: Entered) -> EnterGuard {
        let depth = DEPTH.with(|depth| {
            depth.set(depth.get() + 1);
            depth.get()
        });
        EnterGuard { depth, _loop: entered_loop, _runtime: runtime }
    }
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        let depth = DEPTH.with(|depth| depth.replace(depth.get() - 1));
        assert!(
            depth == self.depth || thread::panicking(),
            "guards of `enter` were not dropped in the reverse order of their making"
        );
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").field("depth", &self.depth).finish_non_exhaustive()
    }
}
