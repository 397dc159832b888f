//! The state of a runtime after an event.

use std::time::Duration;

use runtime_core::metadata::Id;
use runtime_core::record::event::TaskKeyBits;

use crate::reducer::descriptors::{SourceTable, TracedSource};
use crate::reducer::event_loop::{LoopPhase, LoopState};
use crate::reducer::inbox::InboxState;
use crate::reducer::jobs::{JobTable, TracedJob};
use crate::reducer::tasks::{TaskTable, TracedTask};
use crate::reducer::timers::{TimerTable, TracedTimer};
use crate::reducer::workers::{ShutdownPhase, TracedWorker, WorkerRole, WorkerRows};

/// The state of a runtime after an event, as far as the trace tells it.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) event_loop: LoopState,
    pub(crate) tasks: TaskTable,
    pub(crate) inbox: InboxState,
    pub(crate) timers: TimerTable,
    pub(crate) sources: SourceTable,
    pub(crate) jobs: JobTable,
    pub(crate) workers: WorkerRows,
}

/// The loop.
impl State {
    /// The phase of the loop.
    pub fn phase(&self) -> LoopPhase {
        self.event_loop.phase
    }

    /// The thread of the loop, once it is known.
    pub fn loop_thread(&self) -> Option<u64> {
        self.event_loop.thread
    }

    /// The number of turns that have ended.
    pub fn turns(&self) -> u64 {
        self.event_loop.turns
    }

    /// Returns whether the loop has closed.
    pub fn is_closed(&self) -> bool {
        self.event_loop.is_closed
    }

    /// A task, or the main future. An ended task is kept until another task takes over its key.
    pub fn task(&self, key: TaskKeyBits) -> Option<&TracedTask> {
        self.tasks.get(key)
    }

    /// The tasks that are alive, and the main future, in the order of their spawns.
    pub fn tasks(&self) -> impl Iterator<Item = TaskKeyBits> {
        self.tasks.alive()
    }

    /// The task that is being polled.
    pub fn polled(&self) -> Option<TaskKeyBits> {
        self.tasks.polled()
    }

    /// The keys of the batch that the turn has not yet taken up.
    pub fn batch(&self) -> impl Iterator<Item = TaskKeyBits> {
        self.tasks.batch().iter().copied()
    }

    /// The keys of the ready queue.
    pub fn ready(&self) -> impl Iterator<Item = TaskKeyBits> {
        self.tasks.ready().iter().copied()
    }

    /// The number of messages and commands in the inbox.
    pub fn inbox_len(&self) -> usize {
        self.inbox.items().count()
    }

    /// Returns whether a message of this task is in the inbox, or about to be sent.
    pub fn is_posted(&self, key: TaskKeyBits) -> bool {
        self.inbox.is_posted(key)
    }

    /// A timer that is set.
    pub fn timer(&self, timer: u64) -> Option<&TracedTimer> {
        self.timers.get(timer)
    }

    /// The timers that are set, the next one first.
    pub fn timers(&self) -> Vec<u64> {
        let mut timers: Vec<u64> = self.timers.iter().collect();
        timers.sort_by_key(|&timer| self.timer(timer).map(|timer| timer.deadline));
        timers
    }

    /// A registered descriptor.
    pub fn source(&self, source: u64) -> Option<&TracedSource> {
        self.sources.get(source)
    }
}

/// The pool.
impl State {
    /// A job. An ended job is kept.
    pub fn job(&self, job: Id) -> Option<&TracedJob> {
        self.jobs.get(job)
    }

    /// The queued jobs, in the order of their submits.
    pub fn queued_jobs(&self) -> impl Iterator<Item = Id> {
        self.jobs.queue().iter().copied()
    }

    /// A worker that has not retired.
    pub fn worker(&self, worker: u32) -> Option<&TracedWorker> {
        self.workers.get(worker)
    }

    /// The number of workers from their reservation to their retirement.
    pub fn threads(&self) -> usize {
        self.workers.len()
    }

    /// The number of running jobs.
    pub fn running_jobs(&self) -> usize {
        self.workers.running()
    }

    /// The number of workers on the idle stack.
    pub fn idle_workers(&self) -> usize {
        self.workers.count(|role| role == WorkerRole::Idle)
    }

    /// The state of the pool's shutdown.
    pub fn shutdown(&self) -> ShutdownPhase {
        self.workers.shutdown
    }
}

/// Names.
impl State {
    /// The name of a task in sentences: ``task `resize` ``, `task 12` or `main`.
    pub fn task_name(&self, key: TaskKeyBits) -> String {
        self.tasks.name(key)
    }

    /// The name of a job in sentences: ``job `copy` `` or `job 12`.
    pub fn job_name(&self, job: Id) -> String {
        self.jobs.name(job)
    }

    /// The name of a thread in sentences: the task that it polls, `the loop`, `worker 2`, or
    /// `thread 7`.
    pub fn thread_name(&self, thread: u64) -> String {
        if self.event_loop.thread == Some(thread) {
            return self.polled().map_or_else(|| "the loop".into(), |key| self.task_name(key));
        }
        self.thread_kind(thread)
    }

    /// The name of a thread: `loop`, `worker 2`, or `thread 7`.
    pub fn thread_kind(&self, thread: u64) -> String {
        match self.workers.of_thread(thread) {
            _ if self.event_loop.thread == Some(thread) => "loop".into(),
            Some(worker) => format!("worker {worker}"),
            None => format!("thread {thread}"),
        }
    }
}

/// Writes a time as `1.5 s`, `20 ms` or `3 µs`: three digits at most.
pub(crate) fn short_time(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    let (value, unit) = match time.as_nanos() {
        0 => return "0 s".into(),
        1..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (nanos / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    let text = format!("{value:.digits$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}
