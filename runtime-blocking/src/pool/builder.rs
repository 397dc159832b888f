//! How a pool is configured.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use runtime_core::sync::thread::JoinHandle;

use crate::pool::handle::Pool;
use crate::pool::settings::{Settings, ThreadBody};

/// Configures a [`Pool`]; made by [`Pool::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct Builder(Settings);

impl Pool {
    /// A pool with the default settings.
    pub fn new() -> Pool {
        Pool::builder().build()
    }

    /// Configures a pool.
    pub fn builder() -> Builder {
        Builder(Settings::new())
    }
}

impl Default for Pool {
    fn default() -> Pool {
        Pool::new()
    }
}

impl Builder {
    /// At most so many threads; 512 if not set.
    ///
    /// Jobs beyond wait in a queue, which has no limit if none is [set](Builder::queue_max). A pool
    /// whose jobs wait for each other needs more threads than jobs that wait. If all of them block
    /// on jobs of their own pool, so that none can go on, one of these is refused with a
    /// [`Deadlock`](crate::Deadlock), and its thread goes on with the error.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn threads_max(mut self, threads: usize) -> Builder {
        assert!(threads > 0, "a pool needs at least one thread");
        self.0.threads_max = threads;
        self
    }

    /// At most so many jobs wait for a thread with a place in the queue; no limit if not set. What
    /// happens to more is up to the call: [`submit`](Pool::submit) stands in line,
    /// [`submit_async`](Pool::submit_async) waits for a place, [`try_submit`](Pool::try_submit)
    /// hands back.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn queue_max(mut self, jobs: usize) -> Builder {
        assert!(jobs > 0, "a queue needs room for one job at least");
        self.0.main_lane.queue_max = jobs;
        self
    }

    /// Carries something of the submitter's surroundings into each job, such as the current span of
    /// a tracing library: `capture` is called at each submit, on the submitter's thread, and what
    /// it returns is called around the closure, on the worker.
    ///
    /// A panic of `capture` is the submitter's, one of what it returned the job's. If that never
    /// calls what it is given, the job is cancelled.
    ///
    /// ```
    /// use std::cell::Cell;
    /// use runtime_blocking::{Pool, Shutdown};
    ///
    /// thread_local! { static USER: Cell<u32> = const { Cell::new(0) } }
    ///
    /// let pool = Pool::builder()
    ///     .carry(|| {
    ///         let user = USER.get();
    ///         move |job: &mut dyn FnMut()| {
    ///             let before = USER.replace(user);
    ///             job();
    ///             USER.set(before);
    ///         }
    ///     })
    ///     .build();
    /// USER.set(7);
    /// pool.submit(|| assert_eq!(USER.get(), 7))?.detach();
    /// assert!(pool.shutdown(Shutdown::Wait).is_clean());
    /// # Ok::<(), runtime_blocking::SubmitError<_>>(())
    /// ```
    pub fn carry<C, W>(mut self, capture: C) -> Builder
    where
        C: Fn() -> W + Send + Sync + 'static,
        W: FnOnce(&mut dyn FnMut()) + Send + 'static,
    {
        self.0.capture = Some(Arc::new(move || Box::new(capture())));
        self
    }

    /// How long a thread without work stays; 10 seconds if not set.
    ///
    /// Each thread waits for itself: the ones at the bottom of the idle stack, which is reused from
    /// the top, leave first. When all have left, the pool has no thread and no timer.
    pub fn keep_alive(mut self, keep_alive: Duration) -> Builder {
        self.0.keep_alive = keep_alive;
        self
    }

    /// What the threads are called: `NAME-1`, `NAME-2`, the lowest free number first. `blocking` if
    /// not set. Linux shows the first 15 bytes.
    ///
    /// # Panics
    /// If the name contains a NUL byte, which the name of a thread cannot.
    #[track_caller]
    pub fn thread_name(mut self, name: impl Into<Cow<'static, str>>) -> Builder {
        let name = name.into();
        assert!(!name.contains('\0'), "a thread's name cannot contain a NUL byte");
        self.0.thread_name = name;
        self
    }

    /// The stack size of the threads, in bytes; what std takes if not set.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.0.stack_size = Some(bytes);
        self
    }

    /// How many jobs may run before the pool takes it that more threads would only fight each
    /// other; past that, threads are added when the jobs do block. If not set, what
    /// [`std::thread::available_parallelism`] says at the first submit.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn cores(mut self, cores: usize) -> Builder {
        assert!(cores > 0, "there is at least one core");
        self.0.cores = Some(cores);
        self
    }

    /// After how long a shutdown that waits says on stderr, once, for whom it waits; 5 seconds if
    /// not set, never if `None`.
    pub fn slow_shutdown_notice(mut self, after: Option<Duration>) -> Builder {
        self.0.slow_shutdown_notice = after;
        self
    }

    /// After how many jobs in a row a worker lingers, so that a model need not run as many.
    #[doc(hidden)]
    pub fn many(mut self, jobs: usize) -> Builder {
        self.0.burst = jobs;
        self
    }

    /// Starts the threads in place of std, so that a test can refuse one. It is given the thread's
    /// name, its stack size, and what it is to run.
    #[doc(hidden)]
    pub fn spawner(
        mut self,
        spawner: impl Fn(String, Option<usize>, ThreadBody) -> io::Result<JoinHandle<()>>
        + Send
        + Sync
        + 'static,
    ) -> Builder {
        self.0.spawner = Some(Arc::new(spawner));
        self
    }

    /// The pool. No thread is started before the first job.
    pub fn build(self) -> Pool {
        Pool::with(self.0)
    }
}
