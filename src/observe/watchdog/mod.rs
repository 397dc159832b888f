//! [`Watchdog`]: reports a task that blocks the loop while it does so.

mod late_poll;
mod system_call;
mod thread_activity;
mod watch_thread;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::metadata::Metadata;
use runtime_core::sync::thread::JoinHandle;
use runtime_core::watched_loop::WatchedLoop;
use runtime_executor::Observer;

use super::print_line::print_line;

pub use late_poll::LatePoll;
pub use thread_activity::ThreadActivity;

use thread_activity::ReadableThread;
use watch_thread::{LateReportFn, WatchThread};

/// Reports each poll that holds the loop longer than a threshold, *while* it holds the loop, from a
/// thread of its own: also a poll that never ends.
///
/// The first report comes when the poll has held the loop for the threshold, and at most a quarter
/// longer. While the poll continues, it is reported again after twice the time, four times, and so
/// on. When it has ended, it is reported once more, with the total time.
///
/// ```
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
/// use aside::{Runtime, observe::Watchdog};
///
/// let (sender, reports) = channel();
/// let watchdog = Watchdog::with_report(Duration::from_millis(10), move |late| {
///     let _ = sender.send(late.task.name().map(String::from));
/// });
/// let runtime = Runtime::builder().observer(watchdog).build();
/// let first = runtime.block_on(async move {
///     // This task blocks the loop until it is reported.
///     aside::named("greedy").spawn(async move { reports.recv() }).await
/// });
/// assert_eq!(first.unwrap().unwrap().as_deref(), Some("greedy"));
/// ```
///
/// On Linux a report says whether the loop's thread runs, or in which system call it waits. It
/// contains no stack: the `rationale` in the repository gives the reason.
///
/// # Cost
/// Three stores for each poll, a store and a swap for each sleep of the loop, and an entry in a
/// locked table for each task from its spawn to its end. The loop reads no clock. The thread starts
/// when the loop is first turned. While the loop has work, the thread wakes four times in each
/// threshold. When the loop has been idle for a whole threshold, the thread sleeps without a time
/// limit, and the loop makes a system call to wake it when it continues.
///
/// A threshold below 250 µs counts as 250 µs. The time is the system's, even if
/// the clock of the runtime is virtual.
///
/// # Drop
/// The runtime drops its observers when it is dropped. The thread ends then, at the latest when a
/// report in progress has returned. In a forked child there is no such thread, and nothing is
/// reported.
#[doc(alias("slow_callback_duration", "debug", "monitor", "hang", "deadlock"))]
pub struct Watchdog {
    threshold: Duration,
    watched: Arc<WatchedLoop>,
    /// The number of begins and ends of polls.
    polls: Cell<usize>,
    /// True while the loop sleeps, and outside of the calls that turn it.
    is_resting: Cell<bool>,
    /// The future of the current `block_on`.
    main: Cell<Option<u64>>,
    /// Taken when the thread starts.
    report: RefCell<Option<LateReportFn>>,
    thread: Cell<Option<JoinHandle<()>>>,
}

impl Watchdog {
    /// Reports on stderr, in one line for each report.
    pub fn new(threshold: Duration) -> Watchdog {
        Watchdog::with_report(threshold, |late| print_line(format_args!("{late}")))
    }

    /// Passes each report to a closure, which runs on the watchdog's thread. A panic of the closure
    /// is printed, and the watchdog continues.
    pub fn with_report(
        threshold: Duration,
        report: impl FnMut(&LatePoll) + Send + 'static,
    ) -> Watchdog {
        Watchdog {
            threshold,
            watched: Arc::new(WatchedLoop::new()),
            polls: Cell::new(0),
            is_resting: Cell::new(true),
            main: Cell::new(None),
            report: RefCell::new(Some(Box::new(report))),
            thread: Cell::new(None),
        }
    }

    /// Starts the thread at the first call, on the loop's thread.
    fn start(&self) {
        let Some(report) = self.report.take() else { return };
        if self.watched.is_forked() {
            return;
        }
        let body = WatchThread {
            watched: Arc::clone(&self.watched),
            threshold: self.threshold,
            loop_thread: ReadableThread::current(),
            report,
        };
        let started = runtime_blocking::start_helper("aside-watchdog".to_owned(), || body.run());
        match started {
            Ok(thread) => {
                self.watched.set_watchdog(thread.thread().clone());
                self.thread.set(Some(thread));
            }
            Err(error) => print_not_started(&error),
        }
    }

    /// Ends a poll, and returns whether there was one.
    fn end_poll(&self) -> bool {
        let is_polling = self.polls.get() % 2 == 1;
        if is_polling {
            self.polls.set(self.polls.get().wrapping_add(1));
            self.watched.end_poll(self.polls.get());
        }
        is_polling
    }

    /// D3. A sleep that panics, in a forked child, is followed by `left`.
    fn rest(&self) {
        if !self.is_resting.replace(true) {
            self.watched.rest();
        }
    }

    /// D4.
    fn resume(&self) {
        self.is_resting.set(false);
        self.watched.resume();
    }
}

#[cold]
fn print_not_started(error: &io::Error) {
    print_line(format_args!("late polls are not reported: no thread could be started: {error}"));
}

impl Observer for Watchdog {
    fn entered(&self, main: Option<&Metadata>) {
        if let Some(main) = main {
            self.watched.insert(main);
            self.main.set(Some(main.id().get()));
        }
        self.start();
        self.resume();
    }

    fn left(&self) {
        // The main future may have panicked in its poll.
        self.end_poll();
        if let Some(main) = self.main.take() {
            self.watched.remove(main);
        }
        self.rest();
    }

    fn task_spawned(&self, task: &Metadata) {
        self.watched.insert(task);
    }

    fn poll_started(&self, task: &Metadata) {
        self.polls.set(self.polls.get().wrapping_add(1));
        self.watched.begin_poll(self.polls.get(), task.id().get());
    }

    fn poll_ended(&self, _task: &Metadata) {
        self.end_poll();
    }

    fn task_ended(&self, task: &Metadata) {
        self.watched.remove(task.id().get());
    }

    fn parked(&self, _deadline: Option<Instant>) {
        self.rest();
    }

    fn unparked(&self) {
        self.resume();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.watched.end();
        let Some(thread) = self.thread.take() else { return };
        if self.watched.is_forked() {
            // The system may have given the memory of the missing thread to a new one.
            return mem::forget(thread);
        }
        // The thread does not panic: it catches the panic of the report.
        let _ended = thread.join();
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}
