//! The thread of a pool that passes on what the workers print.
//!
//! A hook of the user, or a standard error that nobody reads, may block for ever. Only this thread
//! calls the hook and writes to standard error, so nothing that decides about a call waits for
//! either of them without a limit.
//!
//! - F1. The thread waits until a worker's pipe is readable, reads once, and passes on the lines.
//!   While the sink blocks, the thread reads nothing: the pipes fill up, and workers that print
//!   block. Their time limits, aborts and shutdowns still apply.
//! - F2. A driver thread that has received a reply waits until what the worker had printed by then
//!   has been passed on, so that the lines of a job arrive before its result. It does not wait if
//!   the sink *is blocked*: if one call of the hook takes longer than [`BLOCKED_AFTER`]. It waits
//!   for [`FLUSH_MAX`] at most. The wait takes no time of the call's limit.
//! - F3. When a worker has been reaped, its driver thread reads the rest of the pipe and closes it.
//!   The rest waits in memory for the sink, at most [`BACKLOG_MAX`] for all workers.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use runtime_core::context;
use runtime_core::park::Parker;
use runtime_core::sync::{Mutex, thread};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::ioctl_fionbio;

use super::output_source::OutputSource;
use super::worker_output::OutputSink;

/// The time that one call of the hook, or one write, may take before the sink counts as blocked.
const BLOCKED_AFTER: Duration = Duration::from_secs(1);
/// The longest time for which a result waits for the lines that precede it.
const FLUSH_MAX: Duration = Duration::from_secs(5);
/// The maximum number of bytes of dead workers that wait for a sink. Further bytes are discarded.
const BACKLOG_MAX: usize = 1024 * 1024;

/// The owner's handle of the thread. After its drop the thread passes on what is left, and ends.
/// The drop waits for this, except on a thread that turns an event loop.
pub(super) struct OutputForwarder {
    shared: Arc<Forwarding>,
}

/// *Shared by* the forwarding thread and the driver threads. *Guarded by* its mutex, under which
/// nothing blocks and no code of the user runs. *Woken by* a pipe (the thread) and parkers (the
/// driver threads).
struct Forwarding {
    sink: OutputSink,
    state: Mutex<ForwardingState>,
}

struct ForwardingState {
    sources: Vec<OutputSource>,
    /// The number of sources that were ever made.
    made: u64,
    /// The time at which the current call of the sink began.
    busy_since: Option<Instant>,
    /// The driver threads that wait for the sink.
    waiting: Vec<Arc<Parker>>,
    thread: Option<thread::JoinHandle<()>>,
    /// A byte in this pipe wakes the thread; non-blocking. `None` before the thread starts.
    wake: Option<PipeWriter>,
    is_closed: bool,
    has_exited: bool,
}

/// The output of one worker. Dropping it closes the pipe.
pub(super) struct WorkerOutput {
    shared: Arc<Forwarding>,
    number: u64,
}

impl OutputForwarder {
    pub(super) fn new(sink: OutputSink) -> OutputForwarder {
        let state = ForwardingState {
            sources: Vec::new(),
            made: 0,
            busy_since: None,
            waiting: Vec::new(),
            thread: None,
            wake: None,
            is_closed: false,
            has_exited: false,
        };
        OutputForwarder { shared: Arc::new(Forwarding { sink, state: Mutex::new(state) }) }
    }

    /// Adds the output of a worker. The first one starts the thread.
    ///
    /// # Errors
    /// The system's error, if it refuses a thread or a descriptor.
    pub(super) fn add(&self, pid: u32, pipe: PipeReader) -> io::Result<WorkerOutput> {
        ioctl_fionbio(&pipe, true)?;
        let shared = &self.shared;
        let mut state = shared.state.lock();
        if state.thread.is_none() {
            let (thread, wake) = shared.start()?;
            (state.thread, state.wake) = (Some(thread), Some(wake));
        }
        state.made += 1;
        let number = state.made;
        state.sources.push(OutputSource::new(number, pid, pipe));
        state.wake_thread();
        Ok(WorkerOutput { shared: Arc::clone(shared), number })
    }
}

impl Drop for OutputForwarder {
    fn drop(&mut self) {
        let shared = &self.shared;
        let Some(thread) = shared.close() else { return };
        // The pool may be dropped by its own hook. A loop has other tasks, which a slow hook must
        // not delay.
        if thread.thread().id() == thread::current().id() || context::is_on_loop() {
            return;
        }
        // A source that is open belongs to a driver thread that was abandoned or continues alone.
        shared.wait_until(|state| {
            state.has_exited || state.sources.iter().any(|source| !source.is_closed)
        });
        if shared.state.lock().has_exited {
            // The thread catches the panics of the hook.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for OutputForwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shared.sink.fmt(f)
    }
}

impl WorkerOutput {
    /// Waits until what the worker has printed so far has been passed on: step F2.
    ///
    /// # Blocking
    /// Blocks for [`FLUSH_MAX`] at most.
    pub(super) fn flush(&self) {
        if let Some(printed) = self.unflushed() {
            self.wait_until_passed_on(printed);
        }
    }

    /// Returns the number of bytes that the worker has printed so far. `None` if all of them have
    /// been passed on.
    pub(super) fn unflushed(&self) -> Option<u64> {
        let state = self.shared.state.lock();
        let source = state.source(self.number)?;
        let printed = source.printed();
        if source.has_passed_on(printed) { None } else { Some(printed) }
    }

    /// Waits until the first `printed` bytes have been passed on.
    ///
    /// # Blocking
    /// Blocks for [`FLUSH_MAX`] at most.
    pub(super) fn wait_until_passed_on(&self, printed: u64) {
        self.shared.wait_until(|state| {
            state.source(self.number).is_none_or(|source| source.has_passed_on(printed))
        });
    }

    /// Reads the rest of the output, and closes the pipe: step F3. Returns the last lines.
    pub(super) fn close(&self) -> String {
        let mut state = self.shared.state.lock();
        let backlog = state.sources.iter().filter(|source| source.is_closed);
        let room = BACKLOG_MAX.saturating_sub(backlog.map(OutputSource::pending_bytes).sum());
        let Some(source) = state.source_mut(self.number) else { return String::new() };
        source.close(room);
        let last_lines = source.last_lines();
        state.wake_thread();
        last_lines
    }
}

impl Drop for WorkerOutput {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for WorkerOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerOutput").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Forwarding {
    fn start(self: &Arc<Forwarding>) -> io::Result<(thread::JoinHandle<()>, PipeWriter)> {
        let (woken, wake) = io::pipe()?;
        ioctl_fionbio(&woken, true)?;
        ioctl_fionbio(&wake, true)?;
        let shared = Arc::clone(self);
        // A hook may start processes.
        let body = runtime_blocking::carry_host_signals(move || shared.run(&woken));
        let thread = thread::spawn("pool-output".to_owned(), None, body)?;
        Ok((thread, wake))
    }

    /// Runs on the forwarding thread: step F1.
    fn run(&self, woken: &PipeReader) {
        loop {
            while self.pass_on_one() {}
            let pipes: Vec<(u64, Arc<PipeReader>)> = {
                let mut state = self.state.lock();
                if state.is_closed && state.sources.is_empty() {
                    state.has_exited = true;
                    state.wake_waiting();
                    return;
                }
                let pipes = state.sources.iter();
                pipes.filter_map(|source| Some((source.number, source.pipe()?.clone()))).collect()
            };
            let mut fds = vec![PollFd::new(woken, PollFlags::IN)];
            fds.extend(pipes.iter().map(|(_, pipe)| PollFd::new(pipe, PollFlags::IN)));
            // `poll` fails because of a signal or too little memory.
            if poll(&mut fds, None).is_err() {
                thread::yield_now();
                continue;
            }
            if !fds[0].revents().is_empty() {
                while (&mut &*woken).read(&mut [0; 64]).is_ok_and(|bytes| bytes == 64) {}
            }
            let ready = fds[1..].iter().zip(&pipes).filter(|(fd, _)| !fd.revents().is_empty());
            for (_, &(number, _)) in ready {
                if let Some(source) = self.state.lock().source_mut(number) {
                    source.read_once();
                }
            }
        }
    }

    /// Passes on what one source has. Returns false if no source has anything.
    fn pass_on_one(&self) -> bool {
        let (number, pid, bytes, mut splitter, is_closed) = {
            let mut state = self.state.lock();
            let Some(index) = state.sources.iter().position(OutputSource::is_due) else {
                return false;
            };
            // The next source comes first the next time.
            state.sources[index..].rotate_left(1);
            let source = state.sources.last_mut().expect("there is a source that is due");
            let splitter = std::mem::take(&mut source.splitter);
            (source.number, source.pid, source.take_pending(), splitter, source.is_closed)
        };
        splitter.pass_on(pid, &bytes, &self.sink, &|call| self.around_sink(call));
        if is_closed {
            splitter.finish(pid, &self.sink, &|call| self.around_sink(call));
        }
        let mut state = self.state.lock();
        if let Some(source) = state.source_mut(number) {
            source.splitter = splitter;
            source.record(bytes.len());
        }
        if is_closed {
            state.sources.retain(|source| source.number != number);
        }
        state.wake_waiting();
        true
    }

    /// Calls the sink, and records when the call began.
    fn around_sink(&self, call: &dyn Fn()) {
        self.state.lock().busy_since = Some(Instant::now());
        call();
        self.state.lock().busy_since = None;
    }

    fn close(&self) -> Option<thread::JoinHandle<()>> {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.wake_thread();
        state.thread.take()
    }

    /// Waits until the condition holds, the sink is blocked, or [`FLUSH_MAX`] has passed.
    fn wait_until(&self, holds: impl Fn(&ForwardingState) -> bool) {
        let mut parker = None;
        let latest = Instant::now() + FLUSH_MAX;
        loop {
            let now = Instant::now();
            let wake_at = {
                let mut state = self.state.lock();
                let blocked_at = state.busy_since.unwrap_or(now) + BLOCKED_AFTER;
                if holds(&state) || blocked_at <= now || latest <= now {
                    return;
                }
                let parker = parker.get_or_insert_with(|| Arc::new(Parker::new()));
                state.waiting.push(Arc::clone(parker));
                blocked_at.min(latest)
            };
            if let Some(parker) = &parker {
                let _ = parker.park(Some(wake_at));
            }
        }
    }
}

impl ForwardingState {
    fn source(&self, number: u64) -> Option<&OutputSource> {
        self.sources.iter().find(|source| source.number == number)
    }

    fn source_mut(&mut self, number: u64) -> Option<&mut OutputSource> {
        self.sources.iter_mut().find(|source| source.number == number)
    }

    fn wake_thread(&mut self) {
        if let Some(wake) = &mut self.wake {
            // If the pipe is full, the thread is awake already.
            let _ = wake.write(&[0]);
        }
    }

    fn wake_waiting(&mut self) {
        for parker in self.waiting.drain(..) {
            parker.unpark();
        }
    }
}

#[cfg(test)]
mod tests;
