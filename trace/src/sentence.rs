//! One English sentence for each event: what happens, and why if a reader may ask.

use std::time::{Duration, Instant};

use runtime_core::metadata::Metadata;
use runtime_core::record::event::{Event, IoDirection, TaskKeyBits, WakeRoute};
use runtime_core::record::ring::TraceEvent;

use crate::reducer::Reducer;
use crate::reducer::jobs::{JobPhase, job_name};
use crate::reducer::state::{State, short_time};
use crate::reducer::tasks::{TaskPhase, task_name};

impl Reducer {
    /// Returns one English sentence about an event that is not yet applied. Names and reasons come
    /// from the state before the event.
    pub fn sentence(&self, event: &TraceEvent) -> String {
        let deadline = |deadline: Instant| {
            let origin = self.origin()?;
            Some(deadline.saturating_duration_since(origin))
        };
        let teller = Teller { state: self.state(), time: event.time, thread: event.thread };
        match event.event {
            Event::TimerSet { timer, deadline: at } => teller.timer_set(timer, deadline(at)),
            Event::Parked { deadline: at } => teller.parked(at.map(deadline)),
            _ => teller.sentence(&event.event),
        }
    }
}

/// The state before an event, and the time and the thread of the event.
struct Teller<'a> {
    state: &'a State,
    time: Duration,
    thread: u64,
}

impl Teller<'_> {
    fn task(&self, key: TaskKeyBits) -> String {
        self.state.task_name(key)
    }

    /// The thread of the event, or the task that it polls.
    fn who(&self) -> String {
        self.state.thread_name(self.thread)
    }

    fn sentence(&self, event: &Event) -> String {
        match *event {
            Event::MainBegan { .. }
            | Event::MainEnded
            | Event::TaskSpawned { .. }
            | Event::PollBegan { .. }
            | Event::KeySkipped { .. }
            | Event::PollEnded { .. }
            | Event::TaskCancelled { .. }
            | Event::TaskEnded { .. } => self.of_task(event),
            Event::Woken { key, route } => self.woken(key, route),
            Event::MessageReceived { key } => self.received(key),
            Event::CommandPosted => format!("{} sends a command to the loop", self.who()),
            Event::TimerFired { timer } => format!("{} fires", self.timer(timer)),
            Event::TimerDropped { timer } => {
                format!("{} is dropped before its deadline", self.timer(timer))
            }
            Event::SourceRegistered { .. }
            | Event::SourceReady { .. }
            | Event::SourceCleared { .. }
            | Event::SourceAwaited { .. }
            | Event::SourceClosed { .. } => self.of_source(event),
            Event::JobQueued { .. }
            | Event::JobTaken { .. }
            | Event::JobEnded { .. }
            | Event::JobDiscarded { .. }
            | Event::CancelRequested { .. } => self.of_job(event),
            Event::LoopEntered
            | Event::LoopLeft
            | Event::TurnEnded { .. }
            | Event::BatchTaken { .. }
            | Event::Unparked { .. }
            | Event::LoopClosed => self.of_loop(event),
            _ => of_pool(event),
        }
    }

    fn of_loop(&self, event: &Event) -> String {
        match *event {
            Event::LoopEntered => "the thread of the loop begins to turn it".into(),
            Event::LoopLeft => "the thread of the loop ceases to turn it".into(),
            Event::LoopClosed => "the loop closes: its tasks have been cancelled, and its timers, \
                its ready queue and its inbox are gone"
                .into(),
            Event::TurnEnded { received, fired, polled, .. } => format!(
                "turn {} ends: it has received {}, fired {} and taken up {}",
                self.state.turns() + 1,
                plural(received, "message"),
                plural(fired, "timer"),
                plural(polled, "key"),
            ),
            Event::BatchTaken { len: 0 } => "the ready queue is empty: no task is polled".into(),
            Event::BatchTaken { len } => {
                format!("the ready queue becomes the batch of this turn: {}", plural(len, "key"))
            }
            Event::Unparked { notified: true } => "a notification ends the park".into(),
            _ => "the park ends: a deadline has passed, or the kernel has reported an event".into(),
        }
    }

    /// The outer `None` is a park without a deadline, the inner one an unknown time.
    fn parked(&self, deadline: Option<Option<Duration>>) -> String {
        let until = match deadline {
            None => "until a wake or an event".into(),
            Some(None) => "until the next deadline at the latest".into(),
            Some(Some(deadline)) => {
                format!("until the deadline at {} at the latest", short_time(deadline))
            }
        };
        format!("nothing is ready, so the loop parks {until}")
    }

    fn of_task(&self, event: &Event) -> String {
        match *event {
            Event::MainBegan { ref metadata } => format!(
                "`block_on` begins at {}: the key of main goes to the ready queue",
                metadata.location()
            ),
            Event::MainEnded => "`block_on` ends".into(),
            Event::TaskSpawned { ref metadata, .. } => {
                let spawned = located(task_name(metadata), metadata);
                format!("{} spawns {spawned}: its key goes to the ready queue", self.who())
            }
            Event::PollBegan { key } => {
                let polls = self.state.task(key).map_or(0, |task| task.polls);
                format!("the loop polls {}: poll {}", self.task(key), polls + 1)
            }
            Event::KeySkipped { key } => {
                format!("the loop skips the key of {}, which has ended", self.task(key))
            }
            Event::PollEnded { key, is_ready: true } => {
                format!("the future of {} is ready", self.task(key))
            }
            Event::PollEnded { key, .. } if self.state.tasks.is_queued(key) => format!(
                "{} is pending, and was woken during its poll: the next turn polls it again",
                self.task(key)
            ),
            Event::PollEnded { key, .. } => {
                format!("{} is pending: it waits for a wake", self.task(key))
            }
            Event::TaskCancelled { key } => {
                format!("{} is cancelled: its future is dropped, not polled", self.task(key))
            }
            Event::TaskEnded { key } => format!("{} has ended", self.task(key)),
            _ => String::new(),
        }
    }

    fn woken(&self, key: TaskKeyBits, route: WakeRoute) -> String {
        let who = self.who();
        let task = self.task(key);
        let is_here = self.state.loop_thread() == Some(self.thread);
        let woken = if is_here && who == task { "itself" } else { task.as_str() };
        let phase = self.state.task(key).map(|task| task.phase);
        let stale = if phase == Some(TaskPhase::Ended) { ", and will be skipped" } else { "" };
        match route {
            WakeRoute::Queued => format!(
                "{who} wakes {woken}: it is on the loop's thread, so the key goes to the ready \
                 queue{stale}"
            ),
            WakeRoute::AlreadyQueued => {
                format!("{who} wakes {woken}: the key is queued already")
            }
            WakeRoute::Posted if is_here => {
                format!("{who} wakes {woken}: it does not turn the loop, so it posts a message")
            }
            WakeRoute::Posted => format!(
                "{who} wakes {woken}: it is not on the loop's thread, so it posts a message"
            ),
            WakeRoute::Elided => {
                format!("{who} wakes {woken}: a message is in the inbox already, so it posts none")
            }
        }
    }

    fn received(&self, key: Option<TaskKeyBits>) -> String {
        let Some(key) = key else { return "the loop receives a command, and runs it".into() };
        let task = self.task(key);
        if self.state.tasks.is_queued(key) {
            format!("the loop receives the message for {task}, whose key is queued already")
        } else {
            format!("the loop receives the message for {task}: the key goes to the ready queue")
        }
    }

    fn timer(&self, timer: u64) -> String {
        match self.state.timer(timer).and_then(|timer| timer.task.as_ref()) {
            Some((_, task)) => format!("timer {} of {task}", timer as u32),
            None => format!("timer {}", timer as u32),
        }
    }

    fn timer_set(&self, timer: u64, deadline: Option<Duration>) -> String {
        let (who, number) = (self.who(), timer as u32);
        match deadline {
            None => format!("{who} sets timer {number}"),
            Some(deadline) => {
                let left = short_time(deadline.saturating_sub(self.time));
                let at = short_time(deadline);
                format!("{who} sets timer {number}, whose deadline is in {left}, at {at}")
            }
        }
    }

    fn of_source(&self, event: &Event) -> String {
        match *event {
            Event::SourceRegistered { source } => {
                format!("{} registers socket {}", self.who(), source as u32)
            }
            Event::SourceReady { source, readable, writable } => {
                let directions = match (readable, writable) {
                    (true, true) => "for reading and writing",
                    (true, false) => "for reading",
                    (false, true) => "for writing",
                    (false, false) => "for neither reading nor writing",
                };
                format!("the kernel reports socket {} as ready {directions}", source as u32)
            }
            Event::SourceCleared { source, direction, is_still_ready: true } => format!(
                "{} clears the readiness of socket {} for {}, but a newer report keeps it ready",
                self.who(),
                source as u32,
                gerund(direction)
            ),
            Event::SourceCleared { source, direction, .. } => format!(
                "{} clears the readiness of socket {} for {}: it would block",
                self.who(),
                source as u32,
                gerund(direction)
            ),
            Event::SourceAwaited { source, direction } => format!(
                "{} waits until socket {} is ready for {}",
                self.who(),
                source as u32,
                gerund(direction)
            ),
            Event::SourceClosed { source } => {
                format!("{} deregisters socket {}", self.who(), source as u32)
            }
            _ => String::new(),
        }
    }

    fn of_job(&self, event: &Event) -> String {
        match *event {
            Event::JobQueued { ref metadata } => {
                let job = located(job_name(metadata), metadata);
                format!("{} submits {job}: it enters the queue of the pool", self.who())
            }
            Event::JobTaken { job, worker } => {
                format!("worker {worker} takes {} and runs it", self.state.job_name(job))
            }
            Event::JobEnded { job, worker } => {
                format!("worker {worker} has ended {}", self.state.job_name(job))
            }
            Event::JobDiscarded { job } => {
                format!("{} leaves the queue without being run", self.state.job_name(job))
            }
            Event::CancelRequested { job } => {
                let outcome = match self.state.job(job).map(|job| job.phase) {
                    Some(JobPhase::Queued) => "it is queued, so it can leave the queue",
                    Some(JobPhase::Running) => "it runs, so it can only be asked",
                    _ => "it may have ended",
                };
                format!("{} requests {} to stop: {outcome}", self.who(), self.state.job_name(job))
            }
            _ => String::new(),
        }
    }
}

fn of_pool(event: &Event) -> String {
    match *event {
        Event::WorkerReserved { worker } => format!("a thread is started for worker {worker}"),
        Event::WorkerRefused { worker } => {
            format!("the system refuses to start a thread for worker {worker}")
        }
        Event::WorkerStarted { worker } => format!("the thread of worker {worker} runs"),
        Event::WorkerAssigned { worker } => {
            format!("worker {worker} leaves the idle stack, and is woken")
        }
        Event::WorkerIdle { worker } => {
            format!("worker {worker} finds no job, and waits on the idle stack")
        }
        Event::MonitorBegan { worker } => format!(
            "worker {worker} becomes the monitor: it runs no jobs, and watches whether the queue \
             moves"
        ),
        Event::MonitorEnded { worker } => format!("worker {worker} ceases to be the monitor"),
        Event::PoolGrew { by } => {
            format!("the running jobs block, so the pool adds up to {}", plural(by, "worker"))
        }
        Event::WorkerRetired { worker } => format!("worker {worker} retires: its thread ends"),
        Event::PoolCounts { threads, idle, busy, queued } => format!(
            "the pool counts {}, {idle} of them idle, {} and {}",
            plural(threads, "thread"),
            plural(busy, "running job"),
            plural(queued, "queued job")
        ),
        Event::PoolClosed => "the pool closes: it accepts no job any more".into(),
        Event::ShutdownWaits { running } => format!(
            "a shutdown waits until all workers have retired; they run {}",
            plural(running, "job")
        ),
        Event::ShutdownEnded { running: 0 } => "a shutdown ends: no job runs any more".into(),
        Event::ShutdownEnded { running } => {
            format!("a shutdown ends without waiting for {}", plural(running, "running job"))
        }
        _ => String::new(),
    }
}

/// A name, with the location if the task or the job has no name of its own.
fn located(name: String, metadata: &Metadata) -> String {
    match metadata.name() {
        Some(_) => name,
        None => format!("{name} at {}", metadata.location()),
    }
}

fn gerund(direction: IoDirection) -> &'static str {
    match direction {
        IoDirection::Read => "reading",
        IoDirection::Write => "writing",
    }
}

fn plural(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
