//! A runtime: an event loop and a pool, made together and shut down together.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use runtime_blocking::{Builder as PoolBuilder, PendingClose, Pool, PoolReport, Shutdown};
use runtime_core::clock::Clock;
use runtime_core::context::is_on_loop;
use runtime_core::join::JoinHandle;
use runtime_core::metadata::Metadata;
use runtime_executor::{Config, EventLoop, Observer, Turn};

use crate::handle::Handle;

/// An event loop and the pool aside of it.
///
/// [`run`](crate::run) is enough for most programs; this is for who wants to set it up, to keep
/// it, or to turn it from a loop of his own. It stays on the thread that made it, because its
/// tasks need not be `Send`; other threads reach it by its [`Handle`].
///
/// Making one starts no thread, and makes no system call but to ask for the number of the process:
/// the pool starts threads when there are jobs.
///
/// ```
/// let runtime = aside::Runtime::new();
/// let task = runtime.spawn(async { 1 });
/// assert_eq!(runtime.block_on(async { task.await.unwrap() + 1 }), 2);
/// ```
///
/// # Drop
/// As [`shutdown`](Runtime::shutdown) with [`Shutdown::Wait`]; but inside async code, where
/// waiting would stall somebody's loop, with [`Shutdown::Leave`]. Never panics.
///
/// # Fork
/// A fork takes one thread along, so a runtime from before it is of no use in the child, and says
/// so: what would have to sleep panics, what is submitted is handed back, and dropping it waits for
/// nobody. A runtime that is made in the child works. Whoever forks inside a task or a job should
/// end the child there, by `exec` or `exit`: it is inside somebody else's turn.
pub struct Runtime {
    executor: EventLoop,
    handle: Handle,
    owns_pool: bool,
    /// It was shut down, and dropping it has nothing left to do.
    ended: bool,
}

impl Runtime {
    /// A runtime as [`run`](crate::run) makes it.
    pub fn new() -> Runtime {
        Runtime::builder().build()
    }

    /// For a runtime that is to be otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Reaches this runtime from other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Drives `future`, and the tasks beside it, until the future is ready. Tasks that are left
    /// stay, and go on at the next call.
    ///
    /// # Blocking
    /// Blocks the thread.
    ///
    /// # Panics
    /// If the future panics: the runtime may be used again. If it is called inside a task of this
    /// same runtime: await the future there. If it would have to sleep in a forked child of the
    /// process that made it: make a new runtime after the fork. (Inside a task of *another* runtime
    /// it works, and stalls that one meanwhile.)
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = self.handle.enter();
        self.executor.block_on(future)
    }

    /// Spawns a task, which begins when the runtime is next turned. See [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.executor.spawn(Metadata::here(), future)
    }

    /// Turns the loop once, for a program that has a loop of its own: a game, a window, a plugin.
    ///
    /// If there was nothing to do it sleeps for `wait` at most, and not at all for a `wait` of
    /// nought. It says what happened and when the next turn is due. Set [`Builder::on_wake`] to be
    /// told when a turn is due earlier than that.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = aside::Runtime::new();
    /// let task = runtime.spawn(aside::yield_now());
    /// while !task.is_finished() {
    ///     // ... draw a frame, handle events ...
    ///     runtime.turn(Duration::ZERO);
    /// }
    /// ```
    ///
    /// # Blocking
    /// For `wait` at most, and as long as the tasks that are ready take to poll.
    ///
    /// # Panics
    /// If it is called inside a task of this same runtime.
    #[track_caller]
    pub fn turn(&self, wait: Duration) -> Turn {
        let _entered = self.handle.enter();
        self.executor.turn(wait)
    }

    /// A descriptor that can be read as long as there are sockets for a [turn](Runtime::turn) to
    /// hear: for a loop of the program's own that waits for descriptors, by `poll` or epoll, or
    /// with a source of glib. Together with [`Builder::on_wake`] it tells of all that makes a turn
    /// due early.
    ///
    /// It is to be watched and not to be read. It may be asked for before there is any socket, and
    /// is a new copy each time, to be dropped when nobody watches it any more.
    ///
    /// ```
    /// # #[cfg(feature = "net")] {
    /// use std::time::Duration;
    /// use rustix::event::{PollFd, PollFlags, poll};
    ///
    /// let runtime = aside::Runtime::new();
    /// let sockets = runtime.socket_events()?;
    /// let echo = runtime.spawn(async {
    ///     let (near, far) = aside::net::UnixStream::pair()?;
    ///     far.write(b"hello").await?;
    ///     near.read(&mut [0; 16]).await
    /// });
    /// while !echo.is_finished() {
    ///     let next = runtime.turn(Duration::ZERO).next;
    ///     if next == aside::NextTurn::OnWake && !echo.is_finished() {
    ///         // The loop of the program would watch its own descriptors here as well.
    ///         poll(&mut [PollFd::new(&sockets, PollFlags::IN)], None)?;
    ///     }
    /// }
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As the system gives them: if there are no descriptors left.
    #[cfg(all(feature = "net", unix))]
    pub fn socket_events(&self) -> std::io::Result<std::os::fd::OwnedFd> {
        self.executor.handle().socket_events()
    }

    /// Turns the loop until no task is left.
    ///
    /// # Blocking
    /// Blocks the thread, for ever if a task never ends.
    ///
    /// # Panics
    /// If it is called inside a task of this same runtime.
    #[track_caller]
    pub fn drain(&self) {
        let _entered = self.handle.enter();
        self.executor.drain();
    }

    /// How many tasks are alive.
    pub fn tasks(&self) -> usize {
        self.executor.tasks()
    }

    /// Cancels the tasks, then shuts the pool down as `how` says, and reports.
    ///
    /// A pool that was given by [`Builder::pool`] is left as it is. With [`Shutdown::Wait`] it also
    /// waits for the [pinned states](crate::blocking::Pinned) whose last handle went on this loop.
    ///
    /// # Blocking
    /// As `how` says.
    pub fn shutdown(mut self, how: Shutdown) -> ShutdownReport {
        self.end(how)
    }

    fn end(&mut self, how: Shutdown) -> ShutdownReport {
        self.ended = true;
        let _entered = self.handle.enter();
        let tasks_cancelled = self.executor.close();
        let jobs =
            if self.owns_pool { self.handle.pool().shutdown(how) } else { PoolReport::default() };
        let pending_closes = self.handle.take_pending_closes();
        let states_left = match how {
            Shutdown::Wait => {
                pending_closes.into_iter().for_each(PendingClose::wait);
                Vec::new()
            }
            Shutdown::WaitAtMost(_) | Shutdown::Leave => {
                let left = pending_closes.iter().filter(|pending| !pending.is_over());
                left.map(PendingClose::state).collect()
            }
        };
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
        if self.ended {
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

/// What a [`shutdown`](Runtime::shutdown) ended, and what it left.
#[derive(Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// The tasks that had not finished.
    pub tasks_cancelled: Vec<Metadata>,
    /// The jobs that were cancelled before they began, and those still running.
    pub jobs: PoolReport,
    /// The types of the pinned states whose last handles went on the loop, and which are still at
    /// work or not yet dropped: nobody waits for them any more.
    pub states_left: Vec<&'static str>,
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tasks_cancelled.len() {
            1 => writeln!(f, "1 task cancelled")?,
            tasks => writeln!(f, "{tasks} tasks cancelled")?,
        }
        for task in &self.tasks_cancelled {
            writeln!(f, "  {task}")?;
        }
        for state in &self.states_left {
            writeln!(f, "a pinned state is still at work: {state}")?;
        }
        fmt::Display::fmt(&self.jobs, f)
    }
}

/// Sets up a [`Runtime`].
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
#[derive(Debug)]
pub struct Builder {
    config: Config,
    pool: PoolBuilder,
    shared: Option<Pool>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder { config: Config::default(), pool: Pool::builder(), shared: None }
    }
}

impl Builder {
    /// The most threads of the runtime's pool; 512 if nothing is said.
    ///
    /// # Panics
    /// If it is nought.
    #[must_use]
    #[track_caller]
    pub fn threads_max(mut self, threads: usize) -> Builder {
        self.pool = self.pool.threads_max(threads);
        self
    }

    /// How long an idle worker of the pool stays; 10 seconds if nothing is said.
    #[must_use]
    pub fn keep_alive(mut self, duration: Duration) -> Builder {
        self.pool = self.pool.keep_alive(duration);
        self
    }

    /// How the pool's threads are called, with a number behind.
    #[must_use]
    pub fn thread_name(mut self, name: impl Into<Cow<'static, str>>) -> Builder {
        self.pool = self.pool.thread_name(name);
        self
    }

    /// The stack of each of the pool's threads, in bytes; the system's default if nothing is said.
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.pool = self.pool.stack_size(bytes);
        self
    }

    /// After how long a waiting shutdown says on stderr for which jobs it waits: five seconds if
    /// nothing is said, never for `None`.
    #[must_use]
    pub fn slow_shutdown_notice(mut self, after: Option<Duration>) -> Builder {
        self.pool = self.pool.slow_shutdown_notice(after);
        self
    }

    /// Uses a pool that is there already, instead of one of the runtime's own. It is not shut down
    /// with the runtime, and what was said here about the pool does not apply to it.
    #[must_use]
    pub fn pool(mut self, pool: Pool) -> Builder {
        self.shared = Some(pool);
        self
    }

    /// The most polls in one turn of the loop; 1,024 if nothing is said, and 1 at least. Between
    /// two turns it looks at the timers and at what came from other threads.
    #[must_use]
    pub fn turn_bound(mut self, polls: usize) -> Builder {
        self.config.turn_bound = Some(polls);
        self
    }

    /// Where the time comes from; the system if nothing is said.
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

    /// Is told what the loop does. See [`observe`](crate::observe).
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Builder {
        self.config.observer = Some(Box::new(observer));
        self
    }

    /// Is called when a runtime that is [turned](Runtime::turn) by somebody else's loop needs a
    /// turn before the time it gave: on the thread that brings the news, once per turn at most.
    /// It should do no more than tell that loop. Sockets have no such thread: of them
    /// `Runtime::socket_events` tells.
    #[must_use]
    pub fn on_wake(mut self, hook: impl Fn() + Send + Sync + 'static) -> Builder {
        self.config.wake_hook = Some(Box::new(hook));
        self
    }

    /// Makes the runtime, on this thread and for this thread.
    pub fn build(self) -> Runtime {
        let owns_pool = self.shared.is_none();
        let pool = self.shared.unwrap_or_else(|| self.pool.build());
        let executor = EventLoop::new(self.config);
        let handle = Handle::new(executor.handle(), pool);
        Runtime { executor, handle, owns_pool, ended: false }
    }
}
