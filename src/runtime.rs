//! [`Runtime`]: an event loop and a pool, made together and shut down together.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::time::{Duration, Instant};

use runtime_blocking::{Pool, PoolBuilder, PoolReport, Shutdown};
use runtime_core::clock::Clock;
use runtime_core::context::is_on_loop;
use runtime_core::heap_if_large;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_executor::{Config, EventLoop, Observer};

use crate::handle::Handle;
use crate::lookups::Lookups;
#[cfg(feature = "record")]
use crate::observe::Trace;
#[cfg(feature = "record")]
use crate::observe::traced_run::TracedRun;
use crate::observe::{Both, Metrics};
use crate::shutdown_report::ShutdownReport;
use crate::wake_thread::WakeThread;

/// An event loop, and a pool for blocking calls.
///
/// [`run`](crate::run) is enough for most programs. Use a `Runtime` to change the settings, to keep
/// the runtime, or to turn it from a loop of your own. A runtime stays on the thread that made it,
/// because its tasks need not be `Send`. Other threads access it through its [`Handle`].
///
/// Making a runtime starts no thread, and makes no system call except for the process id. The pool
/// starts threads when there are jobs.
///
/// ```
/// let runtime = aside::Runtime::new();
/// let task = runtime.spawn(async { 1 });
/// assert_eq!(runtime.block_on(async { task.await.unwrap() + 1 }), 2);
/// ```
///
/// # Drop
/// Shuts the runtime down, like [`shutdown`](Runtime::shutdown) with [`Shutdown::Wait`]. Inside
/// async code, where waiting would stall a loop, the drop uses [`Shutdown::Leave`]. It never
/// panics.
///
/// # Fork
/// A fork copies only the calling thread, so a runtime that was made before the fork does not work
/// in the child. In the child, a call that would have to sleep panics, submitted jobs are refused,
/// and dropping the runtime waits for nothing. A runtime made in the child works. If a task or a
/// job forks, the child should `exec` or `exit` there, because it is inside a turn of the parent's
/// loop.
#[doc(alias("EventLoop", "LocalRuntime", "LocalExecutor", "Runner", "run_until_complete"))]
pub struct Runtime {
    pub(crate) executor: EventLoop,
    pub(crate) handle: Handle,
    /// The helper thread of a host that cannot watch a descriptor.
    pub(crate) wake_thread: OnceCell<WakeThread>,
    owns_pool: bool,
    /// The runtime was shut down, so dropping it does nothing.
    is_shut_down: bool,
    /// Saves the trace, if the environment asks for one. Dropped after the shutdown.
    #[cfg(feature = "record")]
    _traced: Option<TracedRun>,
}

impl Runtime {
    /// Makes a runtime with the settings of [`run`](crate::run).
    pub fn new() -> Runtime {
        Runtime::builder().build()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns a handle, to access this runtime from other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Drives `future`, and all spawned tasks, until the future is ready. The remaining tasks are
    /// kept, and continue at the next call.
    ///
    /// # Blocking
    /// Blocks the thread.
    ///
    /// # Panics
    /// - If the future panics. The runtime may be used again.
    /// - If this method is called inside a task of the same runtime: await the future there. See
    ///   [`is_turning`](Runtime::is_turning). In a task of *another* runtime the call works, but
    ///   stalls the other runtime until it returns.
    /// - If the call would have to sleep in a forked child of the process that made the runtime:
    ///   make a new runtime after the fork.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.handle.make_current();
        heap_if_large!(Box::pin, future: F => self.executor.block_on(future))
    }

    /// Spawns a task, which is first polled in the next turn. See [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        heap_if_large!(Box::pin, future: F => self.executor.spawn(Metadata::here(), future))
    }

    /// Turns the loop until no task is left.
    ///
    /// # Blocking
    /// Blocks the thread, forever if a task never ends.
    ///
    /// # Panics
    /// If this method is called inside a task of the same runtime.
    #[track_caller]
    pub fn drain(&self) {
        let _entered = self.handle.make_current();
        self.executor.drain();
    }

    /// Returns the number of tasks that have not finished. [`tasks`](Runtime::tasks) lists them.
    pub fn task_count(&self) -> usize {
        self.executor.tasks()
    }

    /// Cancels the tasks, shuts the pool down as `how` says, and returns a report.
    ///
    /// A pool that was set by [`Builder::pool`] is not shut down. The shutdown also waits for the
    /// [pinned states](crate::blocking::Pinned) whose last handle was dropped on this loop, within
    /// the same limit.
    ///
    /// # Blocking
    /// Blocks the thread as `how` says, and no longer. Only the destructors of the cancelled tasks
    /// and jobs run on this thread, and have no limit. Writes of files that have been accepted are
    /// [waited for within the limit](Shutdown), and then reported.
    pub fn shutdown(mut self, how: Shutdown) -> ShutdownReport {
        self.end(how)
    }

    fn end(&mut self, how: Shutdown) -> ShutdownReport {
        self.is_shut_down = true;
        // The waits share one limit. Without a limit, no clock is read.
        let limited = match how {
            Shutdown::WaitAtMost(limit) => Some((limit, Instant::now())),
            Shutdown::Wait | Shutdown::Leave => None,
        };
        let remaining = || match limited {
            Some((limit, begun)) => Shutdown::WaitAtMost(limit.saturating_sub(begun.elapsed())),
            None => how,
        };
        let _entered = self.handle.make_current();
        drop(self.wake_thread.take());
        let tasks_cancelled = self.executor.close();
        let jobs = if self.owns_pool {
            self.handle.pool().shutdown(remaining())
        } else {
            PoolReport::default()
        };
        let pending_closes = self.handle.take_pending_closes().into_iter();
        let states_left = pending_closes.filter_map(|pending| pending.wait(remaining()).err());
        let states_left = states_left.collect();
        ShutdownReport { tasks_cancelled, jobs, states_left }
    }
}

impl Default for Runtime {
    fn default() -> Runtime {
        Runtime::new()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.is_shut_down {
            return;
        }
        let how = if is_on_loop() { Shutdown::Leave } else { Shutdown::Wait };
        let _ = self.end(how);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("executor", &self.executor)
            .field("pool", self.handle.pool())
            .finish()
    }
}

/// Configures a [`Runtime`].
///
/// ```
/// use std::time::Duration;
/// use aside::Runtime;
///
/// let runtime = Runtime::builder()
///     .threads_max(4)
///     .keep_alive(Duration::from_secs(1))
///     .thread_name("aside-worker")
///     .build();
/// ```
#[doc(alias("new_current_thread", "enable_all", "max_blocking_threads", "start_paused"))]
#[derive(Debug)]
pub struct Builder {
    pub(crate) config: Config,
    pub(crate) pool: PoolBuilder,
    shared: Option<Pool>,
    pub(crate) lookups: Lookups,
    #[cfg(feature = "record")]
    trace: Option<Trace>,
    /// They count the threads of the pool.
    pub(crate) metrics: Vec<Metrics>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            config: Config::default(),
            pool: Pool::builder(),
            shared: None,
            lookups: Lookups::default(),
            #[cfg(feature = "record")]
            trace: None,
            metrics: Vec::new(),
        }
    }
}

impl Builder {
    /// Sets the maximum number of threads of the runtime's pool; 512 by default.
    ///
    /// # Panics
    /// If `threads` is zero.
    #[must_use]
    #[track_caller]
    pub fn threads_max(mut self, threads: usize) -> Builder {
        self.pool = self.pool.threads_max(threads);
        self
    }

    /// Sets how long an idle worker of the pool is kept; 10 seconds by default.
    #[must_use]
    pub fn keep_alive(mut self, duration: Duration) -> Builder {
        self.pool = self.pool.keep_alive(duration);
        self
    }

    /// Sets the name of the pool's threads, to which a number is appended.
    #[must_use]
    pub fn thread_name(mut self, name: impl Into<Cow<'static, str>>) -> Builder {
        self.pool = self.pool.thread_name(name);
        self
    }

    /// Sets the stack size of the pool's threads, in bytes. The default is std's.
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.pool = self.pool.stack_size(bytes);
        self
    }

    /// Sets whether the pool's threads take every signal that the thread which starts them takes.
    /// By default, they block the signals that are meant for the program: see
    /// [`PoolBuilder::inherit_signals`](crate::blocking::PoolBuilder::inherit_signals).
    #[must_use]
    pub fn inherit_signals(mut self, inherit: bool) -> Builder {
        self.pool = self.pool.inherit_signals(inherit);
        self
    }

    /// Sets how long a shutdown waits for jobs before it names the running jobs on stderr. The
    /// default is five seconds. With `None` it never names them.
    #[must_use]
    pub fn slow_shutdown_notice(mut self, after: Option<Duration>) -> Builder {
        self.pool = self.pool.slow_shutdown_notice(after);
        self
    }

    /// Uses an existing pool, instead of a pool of the runtime's own. The existing pool is not shut
    /// down with the runtime, and the builder's other settings of the pool do not apply to it.
    #[must_use]
    pub fn pool(mut self, pool: Pool) -> Builder {
        self.shared = Some(pool);
        self
    }

    /// Sets the maximum number of polls in one turn of the loop; 1,024 by default, and at least 1.
    /// Before the polls of each turn, the loop receives messages and fires due timers, at most this
    /// many of each.
    #[must_use]
    pub fn turn_bound(mut self, polls: usize) -> Builder {
        self.config.turn_bound = Some(polls);
        self
    }

    /// Sets the clock. The default is the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Builder {
        self.config.clock = clock;
        self
    }

    /// Polls the tasks of each turn in an order that depends on this seed alone, instead of the
    /// order of their wakes. With a virtual clock, a program without threads of its own replays
    /// exactly from its seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Builder {
        self.config.seed = Some(seed);
        self
    }

    /// Adds an observer of the loop. Observers are called in the order in which they were added.
    /// See [`observe`](crate::observe).
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Builder {
        self.config.observer = Some(match self.config.observer.take() {
            None => Box::new(observer),
            Some(others) => Box::new(Both(others, observer)),
        });
        self
    }

    /// Records the events of the loop, of the wakes by other threads, and of the runtime's own pool
    /// into a trace. A pool that is set by [`pool`](Builder::pool) is not recorded.
    ///
    /// # Panics
    /// [`build`](Builder::build) panics if the trace was given to another runtime before.
    #[must_use]
    #[cfg(feature = "record")]
    pub fn record(mut self, trace: &Trace) -> Builder {
        self.trace = Some(trace.clone());
        self
    }

    /// Sets the hook of a host that turns the runtime from a loop of its own. See
    /// [`Runtime::set_on_wake`], which sets the hook later. A second call of this method adds a
    /// hook.
    #[must_use]
    pub fn on_wake(mut self, hook: impl Fn() + Send + Sync + 'static) -> Builder {
        self.config.wake_hook = Some(match self.config.wake_hook.take() {
            None => Box::new(hook),
            Some(first) => Box::new(move || {
                first();
                hook();
            }),
        });
        self
    }

    /// Makes the runtime, for this thread.
    pub fn build(self) -> Runtime {
        #[cfg(feature = "record")]
        let (this, traced) = self.with_recorder();
        #[cfg(not(feature = "record"))]
        let this = self;
        let owns_pool = this.shared.is_none();
        let pool = this.shared.unwrap_or_else(|| this.pool.build());
        this.metrics.iter().filter(|_| owns_pool).for_each(|metrics| metrics.add_pool(&pool));
        let executor = EventLoop::new(this.config);
        let handle = Handle::new(executor.handle(), pool, this.lookups);
        let wake_thread = OnceCell::new();
        Runtime {
            executor,
            handle,
            wake_thread,
            owns_pool,
            is_shut_down: false,
            #[cfg(feature = "record")]
            _traced: traced,
        }
    }

    #[cfg(feature = "record")]
    fn with_recorder(mut self) -> (Builder, Option<TracedRun>) {
        let traced = TracedRun::from_env(&mut self.trace);
        if let Some(trace) = &self.trace {
            let recorder = trace.recorder(self.config.clock.clone());
            self.config.recorder = recorder.clone();
            self.pool = self.pool.recorder(recorder);
        }
        (self, traced)
    }
}
