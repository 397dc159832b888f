//! The pool, as its users hold it.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use runtime_core::completion::Completion;
use runtime_core::join::JoinHandle;
use runtime_core::on_loop::is_on_loop;
use runtime_core::origin::Origin;

use crate::builder::{Builder, Settings};
use crate::job::{Job, Work};
use crate::shared::{Refusal, Shared};
use crate::shutdown::{Report, Shutdown};
use crate::submit_error::SubmitError;
use crate::worker::{Place, current_place};

/// A pool of threads that run closures which block.
///
/// It is a handle: clones are cheap and stand for the same pool. No thread is started before the
/// first job.
///
/// # Examples
/// ```
/// use runtime_blocking::{Pool, Shutdown};
/// use std::time::Duration;
///
/// let pool = Pool::builder().threads_max(8).keep_alive(Duration::from_secs(1)).build();
/// let answer = pool.submit(|| 6 * 7).expect("a thread can be started");
/// # let waker = std::task::Waker::noop();
/// # let mut answer = std::pin::pin!(answer);
/// # let poll = loop {
/// #     let polled = answer.as_mut().poll(&mut std::task::Context::from_waker(waker));
/// #     if let std::task::Poll::Ready(result) = polled { break result }
/// #     std::thread::yield_now();
/// # };
/// # assert_eq!(poll.expect("it ran"), 42);
/// // In async code: assert_eq!(answer.await?, 42);
/// let report = pool.shutdown(Shutdown::Wait);
/// assert!(report.is_clean());
/// ```
///
/// # Drop
/// Dropping the last handle closes the pool, and loses nothing: every job that was accepted is
/// still run. It also waits for that, like [`Shutdown::Wait`], except where waiting would be wrong:
/// on a thread that is turning an event loop, on one of the pool's own workers, and after a
/// [`shutdown`](Pool::shutdown), which has said already how long to wait. There the workers finish
/// by themselves, and retire; if the process ends first, what they had not finished is lost. To
/// cancel, shut the pool down.
#[derive(Clone)]
pub struct Pool {
    handle: Arc<Handle>,
}

/// What the clones of a pool share. *Shared by* them alone, so that its drop is the last handle's.
struct Handle {
    shared: Arc<Shared>,
}

/// What a pool is doing. All of it is of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Threads: the idle ones, the busy ones, and those on their way to a job.
    pub threads: usize,
    /// Threads that wait for work.
    pub idle: usize,
    /// Threads that run a job. A job runs until its closure has ended and its awaiter was woken.
    pub busy: usize,
    /// Jobs that wait for a thread.
    pub queued: usize,
    /// Jobs that have run, and ended or panicked, since the pool was made.
    pub completed: u64,
}

impl Pool {
    /// A pool with the default settings.
    pub fn new() -> Pool {
        Pool::builder().build()
    }

    /// Configures a pool.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn with(settings: Settings) -> Pool {
        Pool { handle: Arc::new(Handle { shared: Arc::new(Shared::new(settings)) }) }
    }

    /// Has a thread of the pool run `f`, and returns the handle by which its result is awaited.
    ///
    /// Jobs begin in the order in which they were submitted. A panic of `f` comes back through the
    /// handle. Dropping the handle detaches; [`abort`](JoinHandle::abort) removes a job that has
    /// not begun. A closure that is accepted is either run or cancelled before it began, and its
    /// handle says which.
    ///
    /// # Errors
    /// [`SubmitError`] hands the closure back if the pool is closed, or has no thread and cannot
    /// start one. If it has others and only cannot start one more, the job waits for them.
    ///
    /// # Blocking
    /// Never waits for a job. It may start a thread, which takes some ten microseconds.
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_as(Origin::here(), f)
    }

    /// [`submit`](Pool::submit) under an origin that the caller brings, to give the job a name.
    ///
    /// # Errors
    /// As [`submit`](Pool::submit).
    pub fn submit_as<F, T>(&self, origin: Origin, f: F) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_with(origin, (), f)
    }

    /// [`submit_as`](Pool::submit_as) with something to `keep`: it is dropped when the job has come
    /// to its end, whichever that is, and whoever awaits it has been told.
    ///
    /// # Errors
    /// As [`submit`](Pool::submit).
    pub fn submit_with<F, T, K>(
        &self,
        origin: Origin,
        keep: K,
        f: F,
    ) -> Result<JoinHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Send + Sync + 'static,
    {
        let shared = Arc::clone(&self.handle.shared);
        let completion = Arc::new(Completion::new(origin, None));
        let work = Work::new(f, Arc::clone(&completion), keep, shared);
        let work = Arc::new(work);
        completion.set_producer(Waker::from(Arc::clone(&work)));
        let enqueued = self.handle.shared.enqueue(Arc::clone(&work) as Arc<dyn Job>);
        let Err(refusal) = enqueued else { return Ok(JoinHandle::new(completion)) };
        // Nobody has read the cell and nobody will: closing it ends the circle of the two.
        completion.close();
        let (f, _keep) = work.take().expect("a refused job was out of everybody's reach");
        Err(match refusal {
            Refusal::Closed => SubmitError::Closed(f),
            Refusal::NoThread(error) => SubmitError::NoThread(f, error),
        })
    }

    /// Closes the pool, waits as long as `how` says, and reports what was left undone.
    ///
    /// From now on [`submit`](Pool::submit) hands closures back. It may be called again, and by
    /// several threads at once: each waits as long as it was told, and reports what it has
    /// cancelled itself and what runs when it returns. Called by a job of this pool, it waits for
    /// the others and reports the caller's own job among those that run.
    ///
    /// # Blocking
    /// As long as `how` says. It may also wait for thread-local destructors of threads that have
    /// retired, unless it is told to [leave](Shutdown::Leave).
    pub fn shutdown(&self, how: Shutdown) -> Report {
        self.handle.shared.shutdown(how)
    }

    /// What the pool is doing. Costs one short lock.
    pub fn stats(&self) -> Stats {
        let state = self.handle.shared.lock();
        Stats {
            threads: state.policy.threads(),
            idle: state.policy.waiting(),
            busy: state.policy.busy(),
            queued: state.policy.queued(),
            completed: state.policy.ended(),
        }
    }
}

impl Default for Pool {
    fn default() -> Pool {
        Pool::new()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("settings", &self.handle.shared.settings)
            .field("stats", &self.stats())
            .finish()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let was_closed = self.shared.lock().policy.is_closed();
        let is_outside = current_place(&self.shared) == Place::Outside;
        if was_closed || is_on_loop() || !is_outside {
            self.shared.close();
        } else {
            self.shared.shutdown(Shutdown::Wait);
        }
    }
}
