//! Cancelling a job that runs.
//!
//! No thread can be stopped from outside. Cancelling a running job is therefore a request, for
//! which the job checks. It calls [`check_cancelled`] from anywhere inside the closure, with no
//! token in any signature, or it passes a [`CancelToken`] on and asks the token. A job that blocks
//! in a call that can be interrupted (a child process, a socket, a database query) registers a hook
//! instead: [`CancelToken::on_cancel`].
//!
//! The request is the flag of the job's completion cell. The job registers its hook first and
//! checks the flag afterwards; the requesting thread sets the flag first and calls the hooks
//! afterwards. So at least one of the two threads finds the hook. A hook is taken out before it is
//! called, so only one of the two threads calls it:
//!
//! ```text
//! job: on_cancel               requesting thread
//! registers the hook
//!                              sets the flag
//! the flag is set: calls it
//!                              takes the hooks: this hook has been called
//! ```

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::debug_as_message;
use runtime_core::metadata::{Id, Metadata};
use runtime_core::sync::{Mutex, thread_local_const};

/// A piece of work that can be requested to stop: a job, or a call of a pinned state.
pub(crate) trait Stoppable: Send + Sync {
    /// The work's number, name and location.
    fn metadata(&self) -> &Metadata;

    /// Returns whether the work was requested to stop.
    fn is_cancel_requested(&self) -> bool;

    /// Adds a hook to be called when the work is requested to stop while it runs.
    fn add_hook(&self, hook: Arc<Hook>);

    /// Removes a hook.
    fn remove_hook(&self, hook: &Arc<Hook>);
}

thread_local_const! {
    /// The work that this thread runs. Removed when the work has ended.
    static CURRENT: RefCell<Option<Arc<dyn Stoppable>>> = RefCell::new(None)
}

/// Calls `run`, which must not panic, with `work` as the thread's current work.
#[inline]
pub(crate) fn run_as_current(work: Arc<dyn Stoppable>, run: impl FnOnce()) {
    CURRENT.with(|current| {
        *current.borrow_mut() = Some(work);
        run();
        drop_catching(current.take());
    });
}

/// Returns the number of the job that this thread runs. A call of a
/// [`PinnedState`](crate::PinnedState) counts as a job here.
pub fn job_id() -> Option<Id> {
    CURRENT.with(|current| current.borrow().as_ref().map(|work| work.metadata().id()))
}

/// Returns whether the job that this thread runs was requested to stop; `false` outside a job. A
/// call of a [`PinnedState`](crate::PinnedState) counts as a job here.
///
/// Costs one thread-local access and one load, which is cheap enough for every round of a loop.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use aside::{blocking::is_cancelled, spawn_blocking, timeout};
///
/// aside::run(async {
///     let job = spawn_blocking(|| {
///         while !is_cancelled() {
///             // ... one step of something long ...
///             std::thread::yield_now();
///         }
///     });
///     // When the time has elapsed, the handle is dropped, which requests the job to stop.
///     let in_time = timeout(Duration::from_millis(10), job.abort_on_drop()).await;
///     assert!(in_time.is_err());
/// });
/// ```
#[doc(alias("CancellationToken", "cancelled", "abort"))]
pub fn is_cancelled() -> bool {
    CURRENT.with(|current| current.borrow().as_ref().is_some_and(|work| work.is_cancel_requested()))
}

/// Like [`is_cancelled`], for use with `?`.
///
/// # Examples
/// ```
/// use aside::{blocking::{Cancelled, check_cancelled}, spawn_blocking};
///
/// fn sum(numbers: &[u64]) -> Result<u64, Cancelled> {
///     let mut sum = 0;
///     for number in numbers {
///         check_cancelled()?;
///         sum += number;
///     }
///     Ok(sum)
/// }
///
/// aside::run(async {
///     let job = spawn_blocking(|| sum(&[1, 2, 3]));
///     assert_eq!(job.await.unwrap(), Ok(6));
/// });
/// ```
///
/// # Errors
/// [`Cancelled`] if the job that this thread runs was requested to stop. Never outside a job.
pub fn check_cancelled() -> Result<(), Cancelled> {
    if is_cancelled() { Err(Cancelled(())) } else { Ok(()) }
}

/// The error of a job that was requested to stop: by
/// [`abort`](runtime_core::join::JoinHandle::abort), by dropping a handle that
/// [aborts on drop](runtime_core::join::JoinHandle::abort_on_drop), or by a shutdown that no longer
/// waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cancelled(());

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job was asked to stop")
    }
}

debug_as_message!(Cancelled);

impl Error for Cancelled {}

/// An error of the kind `Other`, whose [inner error](io::Error::get_ref) is `Cancelled`. The kind
/// is not `Interrupted`, after which readers and writers of std would try again.
impl From<Cancelled> for io::Error {
    fn from(cancelled: Cancelled) -> io::Error {
        io::Error::other(cancelled)
    }
}

/// Checks, from any thread, whether one job was requested to stop. Cheap to clone.
///
/// A token keeps the job's completion cell alive, but nothing that the closure held.
#[doc(alias = "CancellationToken")]
#[derive(Clone)]
pub struct CancelToken {
    work: Arc<dyn Stoppable>,
}

impl CancelToken {
    /// Returns the token of the job that this thread runs, or `None` outside a job.
    pub fn current() -> Option<CancelToken> {
        CURRENT.with(|current| Some(CancelToken { work: Arc::clone(current.borrow().as_ref()?) }))
    }

    /// Returns whether the job was requested to stop.
    pub fn is_cancelled(&self) -> bool {
        self.work.is_cancel_requested()
    }

    /// Like [`is_cancelled`](CancelToken::is_cancelled), for use with `?`.
    ///
    /// # Errors
    /// [`Cancelled`] if the job was requested to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled(())) } else { Ok(()) }
    }

    /// Registers `interrupt` to be called once when the job is requested to stop. The call happens
    /// on the requesting thread, or immediately if the request has been made already. `interrupt`
    /// should be short, because an event loop may be waiting for it. A panic of `interrupt` is
    /// swallowed.
    ///
    /// Dropping the [`CancelHook`] removes `interrupt`. If another thread is calling `interrupt` at
    /// that moment, the drop does not wait for the call.
    pub fn on_cancel(&self, interrupt: impl FnOnce() + Send + 'static) -> CancelHook {
        let hook = Arc::new(Hook { interrupt: Mutex::new(Some(Box::new(interrupt))) });
        self.work.add_hook(Arc::clone(&hook));
        if self.is_cancelled() {
            hook.call();
        }
        CancelHook { work: Arc::clone(&self.work), hook }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("job", self.work.metadata())
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// Keeps a hook of [`CancelToken::on_cancel`] registered until it is dropped.
#[must_use = "dropping it removes the hook"]
pub struct CancelHook {
    work: Arc<dyn Stoppable>,
    hook: Arc<Hook>,
}

impl Drop for CancelHook {
    fn drop(&mut self) {
        self.work.remove_hook(&self.hook);
        let interrupt = self.hook.interrupt.lock().take();
        drop_catching(interrupt);
    }
}

impl fmt::Debug for CancelHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHook").field("job", self.work.metadata()).finish_non_exhaustive()
    }
}

/// A token and a hook contain nothing that a panic could leave half changed.
impl UnwindSafe for CancelToken {}
impl RefUnwindSafe for CancelToken {}
impl UnwindSafe for CancelHook {}
impl RefUnwindSafe for CancelHook {}

/// A function to call when a job is requested to stop. *Shared by* the job and the hook's owner.
/// *Guarded by* its mutex.
pub(crate) struct Hook {
    interrupt: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Hook {
    /// Calls the function, unless it was called or removed before.
    pub(crate) fn call(&self) {
        let interrupt = self.interrupt.lock().take();
        if let Some(interrupt) = interrupt {
            catch_panic(interrupt);
        }
    }
}

/// The hooks of one job or call.
#[derive(Default)]
pub(crate) struct Hooks(Vec<Arc<Hook>>);

impl Hooks {
    pub(crate) fn add(&mut self, hook: Arc<Hook>) {
        self.0.push(hook);
    }

    /// Removes a hook. The caller holds another reference to it, so no user code is dropped here,
    /// under the caller's lock.
    pub(crate) fn remove(&mut self, hook: &Arc<Hook>) {
        self.0.retain(|other| !Arc::ptr_eq(other, hook));
    }

    /// Calls all hooks. Call this outside any lock.
    pub(crate) fn call(self) {
        self.0.iter().for_each(|hook| hook.call());
    }
}
