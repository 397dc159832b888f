//! How a job that runs learns that it is no longer wanted.
//!
//! Nothing can stop a thread from outside. So cancelling a job that runs is a request, and the job
//! is asked to look for it: [`check_cancelled`] from anywhere inside the closure, with no token in
//! any signature, or a [`CancelToken`] that is passed on. Who sits in a call that can be
//! interrupted from elsewhere (a child process, a socket, a database query) has a hook called
//! instead: [`CancelToken::on_cancel`].
//!
//! The request is the flag of the job's completion cell. A hook is registered first and the flag
//! looked at then; who requests sets the flag first and calls the hooks then. So one of the two
//! finds the hook, and as it is taken out to be called, only one.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use runtime_core::catch_panic::{catch_panic, drop_catching};
use runtime_core::metadata::Metadata;
use runtime_core::sync::{Mutex, thread_local_const};

use crate::job::closure::Job;

/// What runs and can be asked to stop: a job, or a call of a pinned state.
pub(crate) trait Stoppable: Send + Sync {
    /// Who it is.
    fn metadata(&self) -> &Metadata;

    /// Whether somebody asked it to stop.
    fn is_cancel_requested(&self) -> bool;

    /// Has a hook called when somebody asks it to stop while it runs.
    fn add_hook(&self, hook: Arc<Hook>);

    /// Forgets a hook.
    fn remove_hook(&self, hook: &Arc<Hook>);
}

/// What a thread runs.
enum Running {
    Job(Arc<dyn Job>),
    Call(Arc<dyn Stoppable>),
}

impl Running {
    fn stoppable(&self) -> &dyn Stoppable {
        match self {
            Running::Job(job) => &**job,
            Running::Call(call) => &**call,
        }
    }
}

thread_local_const! {
    /// What this thread runs. Taken out again when it has ended.
    static RUNNING: RefCell<Option<Running>> = RefCell::new(None)
}

/// Runs a job, as the current one of this thread.
#[inline]
pub(crate) fn run_as_current(job: Arc<dyn Job>) {
    RUNNING.with(|running| {
        *running.borrow_mut() = Some(Running::Job(job));
        if let Some(Running::Job(job)) = &*running.borrow() {
            job.run();
        }
        drop_catching(running.take());
    });
}

/// Does `run`, which must not panic, as the call that is current on this thread.
pub(crate) fn run_call_as_current(call: Arc<dyn Stoppable>, run: impl FnOnce()) {
    RUNNING.with(|running| {
        *running.borrow_mut() = Some(Running::Call(call));
        run();
        drop_catching(running.take());
    });
}

/// Whether the job that this thread runs was asked to stop. `false` outside a job. A call of a
/// [`Pinned`](crate::Pinned) state is a job in this sense.
///
/// Costs a look at a thread-local and a load: cheap enough for every round of a loop.
///
/// ```
/// use runtime_blocking::{Pool, Shutdown, is_cancelled};
/// use std::sync::mpsc::channel;
///
/// let pool = Pool::new();
/// let (begun, has_begun) = channel();
/// let job = pool.submit(move || {
///     begun.send(()).unwrap();
///     while !is_cancelled() {
///         // ... a step of something long ...
///         std::thread::yield_now();
///     }
///     "stopped half-way"
/// })?;
/// has_begun.recv().unwrap();
/// job.abort();
/// assert!(pool.shutdown(Shutdown::Wait).is_clean());
/// # Ok::<(), runtime_blocking::SubmitError<_>>(())
/// ```
pub fn is_cancelled() -> bool {
    RUNNING.with(|running| {
        running.borrow().as_ref().is_some_and(|running| running.stoppable().is_cancel_requested())
    })
}

/// [`is_cancelled`] for `?`.
///
/// # Errors
/// [`Cancelled`] if the job that this thread runs was asked to stop. Never outside a job.
pub fn check_cancelled() -> Result<(), Cancelled> {
    if is_cancelled() { Err(Cancelled(())) } else { Ok(()) }
}

/// The job was asked to stop: by [`abort`](runtime_core::join::JoinHandle::abort), by dropping a
/// handle that [aborts on drop](runtime_core::join::JoinHandle::abort_on_drop), or by a shutdown
/// that no longer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled(());

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job was asked to stop")
    }
}

impl Error for Cancelled {}

/// Tells whether one job was asked to stop, on whatever thread it is held. Cheap to clone.
///
/// It holds on to the job's cell, and to nothing of the closure's.
#[derive(Clone)]
pub struct CancelToken {
    job: Arc<dyn Stoppable>,
}

impl CancelToken {
    /// The token of the job that this thread runs; `None` outside a job.
    pub fn current() -> Option<CancelToken> {
        RUNNING.with(|running| {
            let job = match running.borrow().as_ref()? {
                Running::Job(job) => Arc::clone(job) as Arc<dyn Stoppable>,
                Running::Call(call) => Arc::clone(call),
            };
            Some(CancelToken { job })
        })
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.job.is_cancel_requested()
    }

    /// [`is_cancelled`](CancelToken::is_cancelled) for `?`.
    ///
    /// # Errors
    /// [`Cancelled`] if the job was asked to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled(())) } else { Ok(()) }
    }

    /// Has `interrupt` called once if the job is asked to stop: on the thread that asks, or here
    /// and now if that has happened already. It should be short, as somebody's loop may wait for
    /// it; its panic is swallowed.
    ///
    /// Dropping the [`CancelHook`] takes it back; if it is being called at that moment on another
    /// thread, the drop does not wait for it.
    pub fn on_cancel(&self, interrupt: impl FnOnce() + Send + 'static) -> CancelHook {
        let hook = Arc::new(Hook { interrupt: Mutex::new(Some(Box::new(interrupt))) });
        self.job.add_hook(Arc::clone(&hook));
        if self.is_cancelled() {
            hook.call();
        }
        CancelHook { job: Arc::clone(&self.job), hook }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("job", self.job.metadata())
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// Keeps a hook of [`CancelToken::on_cancel`] in place until it is dropped.
#[must_use = "dropping it takes the hook back"]
pub struct CancelHook {
    job: Arc<dyn Stoppable>,
    hook: Arc<Hook>,
}

impl Drop for CancelHook {
    fn drop(&mut self) {
        self.job.remove_hook(&self.hook);
        let interrupt = self.hook.interrupt.lock().take();
        drop_catching(interrupt);
    }
}

impl fmt::Debug for CancelHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHook").field("job", self.job.metadata()).finish_non_exhaustive()
    }
}

/// What is to be called when a job is asked to stop. *Shared by* the job and the hook's owner.
/// *Guarded by* its mutex. *Woken by* whoever cancels the job.
pub(crate) struct Hook {
    interrupt: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Hook {
    /// Calls it, unless it was called or taken back.
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

    /// Forgets a hook. The caller has another reference, so nothing of the user's is dropped here,
    /// under whatever lock this is.
    pub(crate) fn remove(&mut self, hook: &Arc<Hook>) {
        self.0.retain(|other| !Arc::ptr_eq(other, hook));
    }

    /// Calls all of them. Outside the lock.
    pub(crate) fn call(self) {
        self.0.iter().for_each(|hook| hook.call());
    }
}
