//! A runtime inside the loop of a host program: a game, a window, a plugin, another event loop.

#[cfg(all(feature = "net", unix))]
use std::io;
#[cfg(all(feature = "net", unix))]
use std::os::fd::OwnedFd;
use std::time::Duration;

use runtime_executor::{AlreadyTurning, NextTurn, Turn};

use crate::runtime::Runtime;
#[cfg(all(feature = "net", unix))]
use crate::wake_thread::WakeThread;

/// # Embedding
///
/// These methods turn the runtime from the loop of a host program. The guide's chapter *Embedding*
/// (`docs/guide/embedding.md`) shows complete loops.
impl Runtime {
    /// Turns the loop once, for a program with a loop of its own: a game, a window, a plugin.
    ///
    /// If no task is ready, it sleeps for `wait` at most, and not at all if `wait` is zero. It
    /// returns what happened and when the next turn is due. A turn may be due earlier than that:
    /// watch the [`descriptor`](Runtime::descriptor), or set a hook by
    /// [`set_on_wake`](Runtime::set_on_wake).
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
    /// Blocks while the ready tasks are polled, and sleeps for `wait` at most.
    ///
    /// # Panics
    /// If this method is called inside a task of the same runtime. A host whose events may arrive
    /// inside a task, because the task runs a nested loop such as a modal dialog, calls
    /// [`try_turn`](Runtime::try_turn).
    #[track_caller]
    #[doc(alias("run_once", "uv_run", "run_until_stalled"))]
    pub fn turn(&self, wait: Duration) -> Turn {
        let _entered = self.handle.make_current();
        self.executor.turn(wait)
    }

    /// Turns the loop once, like [`turn`](Runtime::turn), unless it is being turned already.
    ///
    /// For a host whose events may arrive inside a task: a task that opens a modal dialog runs the
    /// host's loop inside a turn. That loop cannot turn the runtime, and all tasks wait until the
    /// dialog is closed. To keep them running, let the host's own loop open the dialog: the task
    /// sends the host a message, and awaits the answer.
    ///
    /// ```
    /// use std::{rc::Rc, time::Duration};
    ///
    /// let runtime = Rc::new(aside::Runtime::new());
    /// let host = Rc::clone(&runtime);
    /// let handle_events = move || host.try_turn(Duration::ZERO).is_ok();
    /// let dialog = handle_events.clone();
    /// let task = runtime.spawn(async move { dialog() });
    /// assert!(handle_events());
    /// assert_eq!(runtime.block_on(task).unwrap(), false);
    /// ```
    ///
    /// # Errors
    /// [`AlreadyTurning`], if this method is called inside a task of the same runtime.
    ///
    /// # Blocking
    /// Like [`turn`](Runtime::turn).
    pub fn try_turn(&self, wait: Duration) -> Result<Turn, AlreadyTurning> {
        let _entered = self.handle.make_current();
        self.executor.try_turn(wait)
    }

    /// Returns whether the runtime is being turned, by a call further up on this thread's stack.
    /// Then [`turn`](Runtime::turn), [`block_on`](Runtime::block_on) and [`drain`](Runtime::drain)
    /// would panic.
    pub fn is_turning(&self) -> bool {
        self.executor.is_turning()
    }

    /// Returns when the next turn is due, without a turn. Call it before the host's loop sleeps.
    ///
    /// The answer is [`NextTurn::Now`] if a task is ready, if another thread has woken a task, or
    /// if the host has spawned a task since the last turn. Otherwise it is the deadline of the next
    /// timer. Events of sockets are not checked: the [`descriptor`](Runtime::descriptor) reports
    /// them.
    ///
    /// While the runtime [is turning](Runtime::is_turning), in a nested loop of the host, the
    /// answer is [`NextTurn::OnWake`], because a nested loop cannot turn it.
    ///
    /// ```
    /// use aside::{NextTurn, Runtime};
    /// use std::time::Duration;
    ///
    /// let runtime = Runtime::new();
    /// assert_eq!(runtime.next_turn(), NextTurn::OnWake);
    /// let task = runtime.spawn(async {});
    /// assert_eq!(runtime.next_turn().timeout(), Some(Duration::ZERO));
    /// runtime.turn(Duration::ZERO);
    /// assert!(task.is_finished());
    /// ```
    #[doc(alias("uv_backend_timeout", "next_deadline"))]
    pub fn next_turn(&self) -> NextTurn {
        self.executor.next_turn()
    }

    /// Sets or replaces the hook that is called when a turn is due earlier than the last turn or
    /// [`next_turn`](Runtime::next_turn) has announced. [`Builder::on_wake`] sets the first hook.
    ///
    /// The hook is called at most once per turn, on the thread that makes the turn due:
    ///
    /// - a thread that wakes or spawns a task, such as a worker of the pool;
    /// - this thread, if the host spawns or wakes a task between two turns, and at the end of a
    ///   [`block_on`](Runtime::block_on) or a [`drain`](Runtime::drain) that leaves ready tasks or
    ///   timers;
    /// - a helper thread, for events of sockets, after
    ///   [`start_wake_thread`](Runtime::start_wake_thread).
    ///
    /// The hook should only notify the host's loop, in a way that lasts until that loop runs: send
    /// an event to its queue, or write to its pipe. Its panic is caught and discarded.
    ///
    /// If a turn may be due already, the new hook is called at once. So no wake is lost between two
    /// hooks, and a wake may be announced to both. When this method returns, the former hook has
    /// been dropped, and no other thread runs it. The same holds for the hook when the runtime has
    /// been shut down or dropped.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// let runtime = aside::Runtime::new();
    /// let (sender, events) = mpsc::channel();
    /// runtime.set_on_wake(move || sender.send("a turn is due").unwrap());
    /// let handle = runtime.handle();
    /// std::thread::spawn(move || handle.spawn(async {}).detach());
    /// assert_eq!(events.recv().unwrap(), "a turn is due");
    /// ```
    ///
    /// # Blocking
    /// Waits while another thread runs the former hook. So do the shutdown and the drop of the
    /// runtime. A hook must therefore not wait for this thread.
    ///
    /// [`Builder::on_wake`]: crate::Builder::on_wake
    pub fn set_on_wake(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.executor.set_wake_hook(Box::new(hook));
    }

    /// Returns one descriptor for everything except timers. It is readable
    ///
    /// - while there are events of sockets to receive, and
    /// - when another thread, or the host between two turns, has woken or spawned a task.
    ///
    /// A [turn](Runtime::turn) that reports [`NextTurn::At`] or [`NextTurn::OnWake`] has received
    /// all that the descriptor reported. A host that watches it, with `poll`, epoll, or a source of
    /// its event loop, needs no hook. Other names of such a descriptor are *backend fd* (libuv) and
    /// `get_fd` (Wayland, systemd).
    ///
    /// Wait until the descriptor is readable, but do not read from it. It may be requested before
    /// there is any socket. Each call returns a new copy. Remove the copy from the host's loop and
    /// drop it before the runtime is dropped.
    ///
    /// An edge-triggered host calls `turn` after each edge, until the turn does not report
    /// [`NextTurn::Now`]. While a nested loop of the host runs inside a task, nothing can receive
    /// the events, so that loop must not wait for the descriptor: see
    /// [`is_turning`](Runtime::is_turning).
    ///
    /// ```
    /// # #[cfg(feature = "net")] {
    /// use std::time::Duration;
    /// use rustix::event::{PollFd, PollFlags, Timespec, poll};
    ///
    /// let runtime = aside::Runtime::new();
    /// let descriptor = runtime.descriptor()?;
    /// let echo = runtime.spawn(async {
    ///     let (near, far) = aside::net::UnixStream::pair()?;
    ///     far.write(b"hello").await?;
    ///     aside::sleep(Duration::from_millis(1)).await;
    ///     near.read(&mut [0; 16]).await
    /// });
    /// while !echo.is_finished() {
    ///     // The host would poll its own descriptors here, too.
    ///     let timeout = runtime.next_turn().timeout().map(Timespec::try_from).transpose()?;
    ///     poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], timeout.as_ref())?;
    ///     runtime.turn(Duration::ZERO);
    /// }
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// An error of the system, if the system has no descriptors left. Another error in a forked
    /// child of the process that made the runtime.
    #[cfg(all(feature = "net", unix))]
    #[doc(alias("uv_backend_fd", "backend_fd", "get_fd", "as_fd", "as_raw_fd", "socket_events"))]
    pub fn descriptor(&self) -> io::Result<OwnedFd> {
        self.executor.descriptor()
    }

    /// Starts a helper thread that calls the [hook](Runtime::set_on_wake) for events of sockets,
    /// too, for a host that cannot watch a [`descriptor`](Runtime::descriptor).
    ///
    /// The helper waits for events once per turn that leaves the runtime idle, and makes no system
    /// call while nothing happens. It ends with the runtime. Its name is that of the pool's threads
    /// with the suffix `-wake`. A second call does nothing. Timers remain the host's task.
    ///
    /// ```
    /// # #[cfg(feature = "net")] {
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let runtime = aside::Runtime::new();
    /// let (sender, events) = mpsc::channel();
    /// runtime.set_on_wake(move || sender.send(()).unwrap());
    /// runtime.start_wake_thread()?;
    /// let (near, far) = runtime.block_on(async { aside::net::UnixStream::pair() })?;
    /// let reading = runtime.spawn(async move { near.read(&mut [0; 16]).await });
    /// runtime.turn(Duration::ZERO);
    /// assert_eq!(far.try_write(b"hello")?, 5);
    /// while !reading.is_finished() {
    ///     if runtime.next_turn() != aside::NextTurn::Now {
    ///         events.recv()?;
    ///     }
    ///     runtime.turn(Duration::ZERO);
    /// }
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// An error of the system, if the system has no descriptors or no threads left. Another error
    /// in a forked child of the process that made the runtime.
    #[cfg(all(feature = "net", unix))]
    pub fn start_wake_thread(&self) -> io::Result<()> {
        if self.wake_thread.get().is_some() {
            return Ok(());
        }
        let watcher = self.executor.socket_watcher()?;
        let watch = watcher.watch();
        let stop = watcher.watch();
        let body = move || watcher.run();
        let thread = WakeThread::start(self.handle.pool(), body, move || stop.stop())?;
        let _started = self.wake_thread.set(thread);
        self.executor.set_on_detach(Box::new(move || watch.arm()));
        Ok(())
    }
}
