//! The settings of a pool, as its users set them.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use runtime_core::metadata::Metadata;
#[cfg(feature = "record")]
use runtime_core::record::Recorder;
use runtime_core::sync::thread::JoinHandle;

use crate::job::context::nest;
use crate::pool::handle::Pool;
use crate::pool::settings::Settings;
use crate::worker::signal_mask::{SignalMask, ThreadBody};

/// Configures a [`Pool`]; made by [`Pool::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing before `build`"]
pub struct PoolBuilder(Settings);

impl Pool {
    /// Makes a pool with the default settings.
    pub fn new() -> Pool {
        Pool::builder().build()
    }

    /// Configures a pool.
    pub fn builder() -> PoolBuilder {
        PoolBuilder(Settings::new())
    }
}

impl Default for PoolBuilder {
    fn default() -> PoolBuilder {
        Pool::builder()
    }
}

impl Default for Pool {
    fn default() -> Pool {
        Pool::new()
    }
}

impl PoolBuilder {
    /// Sets the maximum number of threads. 512 by default.
    ///
    /// Further jobs wait in a queue, which has no limit unless one is
    /// [set](PoolBuilder::queue_max). A pool whose jobs wait for each other needs more threads than
    /// there are waiting jobs. If all threads block on jobs of their own pool, so that none can
    /// proceed, one of the awaited jobs is refused with a [`Deadlock`](crate::Deadlock). The thread
    /// that waits for the refused job continues with this error.
    ///
    /// # Panics
    /// If `threads` is 0.
    #[track_caller]
    pub fn threads_max(mut self, threads: usize) -> PoolBuilder {
        assert!(threads > 0, "a pool needs at least one thread");
        self.0.threads_max = threads;
        self
    }

    /// Sets the maximum number of jobs in the queue. There is no limit by default. The call decides
    /// what happens to further jobs: [`submit`](Pool::submit) lets the job wait behind the queue,
    /// [`submit_async`](Pool::submit_async) waits for room, [`try_submit`](Pool::try_submit) hands
    /// the closure back.
    ///
    /// # Panics
    /// If `jobs` is 0.
    #[track_caller]
    pub fn queue_max(mut self, jobs: usize) -> PoolBuilder {
        assert!(jobs > 0, "a queue needs room for one job at least");
        self.0.main_lane.queue_max = jobs;
        self
    }

    /// Propagates a part of the submitter's context into each job, such as the current span of a
    /// tracing library. `capture` is called at each submit, on the submitter's thread, and the
    /// function that it returns is called around the closure, on the worker.
    ///
    /// A panic of `capture` reaches the submitter. A panic of the returned function counts as a
    /// panic of the job. If the returned function does not call its argument, the job is cancelled.
    ///
    /// If this method is called more than once, the later contexts are nested in the earlier ones.
    ///
    /// ```
    /// use std::cell::Cell;
    /// use aside::blocking::Pool;
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
    /// aside::run(async {
    ///     USER.set(7);
    ///     let job = pool.submit(|| USER.get()).expect("a thread can be started");
    ///     assert_eq!(job.await.unwrap(), 7);
    /// });
    /// ```
    pub fn carry<C, W>(self, capture: C) -> PoolBuilder
    where
        C: Fn() -> W + Send + Sync + 'static,
        W: FnOnce(&mut dyn FnMut()) + Send + 'static,
    {
        self.carry_with(move |_job| capture())
    }

    /// Propagates context like [`carry`](PoolBuilder::carry). `capture` also receives the number,
    /// the name and the location of the job.
    pub fn carry_with<C, W>(mut self, capture: C) -> PoolBuilder
    where
        C: Fn(&Metadata) -> W + Send + Sync + 'static,
        W: FnOnce(&mut dyn FnMut()) + Send + 'static,
    {
        self.0.capture = Some(match self.0.capture.take() {
            None => Arc::new(move |job| Box::new(capture(job))),
            Some(outer) => Arc::new(move |job| nest(outer(job), Box::new(capture(job)))),
        });
        self
    }

    /// Sets the time after which a thread without work retires. 10 seconds by default.
    ///
    /// The idle stack is used from the top, so the threads at its bottom retire first. When all
    /// threads have retired, the pool has no thread and no timer.
    pub fn keep_alive(mut self, keep_alive: Duration) -> PoolBuilder {
        self.0.keep_alive = keep_alive;
        self
    }

    /// Lets the worker that became idle last look for its next job for at most `limit` before it
    /// sleeps. `Duration::ZERO`, the default, turns the spin off.
    ///
    /// A worker spins only after it has run a job, and at most one worker of the pool spins. The
    /// setting has no effect if the pool has one [core](PoolBuilder::cores). The runtime's builder
    /// has a setting of the same name, which states what a spin costs.
    pub fn spin_before_park(mut self, limit: Duration) -> PoolBuilder {
        self.0.spin_before_park = limit;
        self
    }

    /// Sets the name of the threads. They are called `NAME-1`, `NAME-2` and so on, the lowest free
    /// number first. `blocking` by default. Linux shows the first 15 bytes.
    ///
    /// # Panics
    /// If the name contains a NUL byte, which a thread's name cannot contain.
    #[track_caller]
    pub fn thread_name(mut self, name: impl Into<Cow<'static, str>>) -> PoolBuilder {
        let name = name.into();
        assert!(!name.contains('\0'), "a thread's name cannot contain a NUL byte");
        self.0.thread_name = name;
        self
    }

    /// Sets the stack size of the threads, in bytes. By default, std chooses it.
    pub fn stack_size(mut self, bytes: usize) -> PoolBuilder {
        self.0.stack_size = Some(bytes);
        self
    }

    /// Sets whether the threads take every signal that the thread which starts them takes; `false`
    /// by default.
    ///
    /// By default, a thread of the pool blocks the signals that are meant for the program: all
    /// except those of a fault (SIGSEGV and the like) and those that end, stop or continue programs
    /// (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT), SIGCHLD, and, if the
    /// program ignores it, SIGPIPE. So handlers run on the program's own threads, and no signal
    /// interrupts a blocking call of a job with `EINTR`. A signal that the starting thread blocks
    /// is blocked in any case. A child process that a job starts with
    /// [`std::process::Command`] inherits the mask.
    ///
    /// Use this setting if a job raises signals for its own thread, or if a library sends signals
    /// to the threads that call it, as some profilers, garbage collectors and interpreters do. It
    /// has no effect on systems other than Unix.
    pub fn inherit_signals(mut self, inherit: bool) -> PoolBuilder {
        self.0.signals = SignalMask::inherited(inherit);
        self
    }

    /// Sets the number of running jobs above which more threads would only contend with each other.
    /// Beyond this number, threads are added only when jobs block. The default is
    /// [`std::thread::available_parallelism`], read at the first submit.
    ///
    /// # Panics
    /// If `cores` is 0.
    #[track_caller]
    pub fn cores(mut self, cores: usize) -> PoolBuilder {
        assert!(cores > 0, "there is at least one core");
        self.0.cores = Some(cores);
        self
    }

    /// Sets whether a worker chooses the core on which it sleeps between single short jobs; `true`
    /// by default. It has an effect on Linux only.
    ///
    /// The kernel wakes a thread on the core on which it slept, and an idle core may take far
    /// longer to wake up than a job takes. So a worker that has run one job of at most 50 µs, while
    /// no other job ran, sleeps restricted to its own core or, after two such jobs in a row that
    /// were submitted on another core, to that one. The restriction ends before the next job, so
    /// jobs run on every core that the thread may use. Nothing is restricted if the pool has one
    /// [core](PoolBuilder::cores) or [spins](PoolBuilder::spin_before_park).
    ///
    /// With `false`, the kernel alone decides. Use this if another part of the program, or a tool,
    /// sets the cores of threads while they sleep, because the end of the restriction undoes what
    /// was set, or if a sandbox ends a program that calls `sched_setaffinity`.
    pub fn choose_cores(mut self, choose: bool) -> PoolBuilder {
        self.0.choose_cores = choose;
        self
    }

    /// Sets the time after which a waiting shutdown prints one notice on stderr, which names the
    /// jobs for which it waits. 5 seconds by default; never if `None`.
    pub fn slow_shutdown_notice(mut self, after: Option<Duration>) -> PoolBuilder {
        self.0.slow_shutdown_notice = after;
        self
    }

    /// Sets the number of jobs in a row after which a worker yields before it waits. For models,
    /// which cannot run many jobs.
    #[doc(hidden)]
    pub fn burst(mut self, jobs: usize) -> PoolBuilder {
        self.0.burst = jobs;
        self
    }

    /// Replaces the function that starts threads, so that a test can make a start fail. The spawner
    /// receives the thread's name, its stack size, and its body.
    #[doc(hidden)]
    pub fn spawner(
        mut self,
        spawner: impl Fn(String, Option<usize>, ThreadBody) -> io::Result<JoinHandle<()>>
        + Send
        + Sync
        + 'static,
    ) -> PoolBuilder {
        self.0.spawner = Some(Arc::new(spawner));
        self
    }

    /// Sets the recorder of the pool's events.
    #[doc(hidden)]
    #[cfg(feature = "record")]
    pub fn recorder(mut self, recorder: Recorder) -> PoolBuilder {
        self.0.recorder = recorder;
        self
    }

    /// Makes the pool. No thread is started before the first job.
    pub fn build(self) -> Pool {
        Pool::with(self.0)
    }
}
