//! The events of a trace as short lines, in which tasks and jobs go by their names.

use std::collections::HashMap;

use aside::observe::{Event, MAIN_KEY, Recording, TaskKeyBits, TraceEvent, WakeRoute};

/// The lines of a trace.
pub(crate) struct TraceLines {
    /// The thread and the text of each event.
    lines: Vec<(u64, String)>,
    loop_thread: u64,
}

/// The names of the tasks by their keys, and the numbers of timers and sources by their first use.
#[derive(Default)]
struct Names {
    tasks: HashMap<TaskKeyBits, String>,
    jobs: HashMap<String, String>,
    timers: Vec<u64>,
    sources: Vec<u64>,
}

impl TraceLines {
    pub(crate) fn of(recording: &Recording) -> TraceLines {
        let mut names = Names::default();
        let line = |event: &TraceEvent| (event.thread, names.line(&event.event));
        let is_entered = |event: &&TraceEvent| matches!(event.event, Event::LoopEntered);
        let entered = recording.events.iter().find(is_entered).expect("the loop was entered");
        TraceLines {
            lines: recording.events.iter().map(line).collect(),
            loop_thread: entered.thread,
        }
    }

    /// The lines of the loop's thread in which one of the words occurs.
    pub(crate) fn of_loop(&self, words: &[&str]) -> Vec<&str> {
        self.select(|thread| thread == self.loop_thread, words)
    }

    /// The lines of the other threads in which one of the words occurs.
    pub(crate) fn of_others(&self, words: &[&str]) -> Vec<&str> {
        self.select(|thread| thread != self.loop_thread, words)
    }

    fn select(&self, is_meant: impl Fn(u64) -> bool, words: &[&str]) -> Vec<&str> {
        let meant = self.lines.iter().filter(|(thread, _)| is_meant(*thread));
        let lines = meant.map(|(_, line)| line.as_str());
        lines.filter(|line| words.iter().any(|word| line.contains(word))).collect()
    }
}

/// The place of `value` among the values seen so far.
fn place(seen: &mut Vec<u64>, value: u64) -> usize {
    seen.iter().position(|&other| other == value).unwrap_or_else(|| {
        seen.push(value);
        seen.len() - 1
    })
}

impl Names {
    fn task(&self, key: TaskKeyBits) -> &str {
        if key == MAIN_KEY { "main" } else { self.tasks.get(&key).map_or("?", String::as_str) }
    }

    fn job(&self, id: impl ToString) -> &str {
        self.jobs.get(&id.to_string()).map_or("?", String::as_str)
    }

    fn line(&mut self, event: &Event) -> String {
        match event {
            Event::TaskSpawned { key, metadata } => {
                let name = metadata.name().unwrap_or("a task").to_owned();
                self.tasks.insert(*key, name.clone());
                format!("{name} spawned")
            }
            Event::JobQueued { metadata } => {
                let name = metadata.name().unwrap_or("a job").to_owned();
                self.jobs.insert(metadata.id().to_string(), name.clone());
                format!("{name} queued")
            }
            Event::TimerSet { timer, .. } => {
                format!("timer {} set", place(&mut self.timers, *timer))
            }
            Event::TimerFired { timer } => {
                format!("timer {} fired", place(&mut self.timers, *timer))
            }
            Event::TimerDropped { timer } => {
                format!("timer {} dropped", place(&mut self.timers, *timer))
            }
            Event::SourceRegistered { source } => {
                format!("source {} registered", place(&mut self.sources, *source))
            }
            Event::SourceReady { source, readable, writable } => {
                let directions = match (readable, writable) {
                    (true, true) => "read and write",
                    (true, false) => "read",
                    (false, true) => "write",
                    (false, false) => "nothing",
                };
                format!("source {} ready: {directions}", place(&mut self.sources, *source))
            }
            Event::SourceCleared { source, direction, is_still_ready } => {
                let still = if *is_still_ready { ", still ready" } else { "" };
                let source = place(&mut self.sources, *source);
                format!("source {source} cleared: {direction:?}{still}")
            }
            Event::SourceAwaited { source, direction } => {
                format!("source {} awaited: {direction:?}", place(&mut self.sources, *source))
            }
            Event::SourceClosed { source } => {
                format!("source {} closed", place(&mut self.sources, *source))
            }
            other => self.line_of_other(other),
        }
    }

    fn line_of_other(&self, event: &Event) -> String {
        match event {
            Event::PollBegan { key } => format!("{} polled", self.task(*key)),
            Event::PollEnded { key, is_ready: true } => format!("{} ready", self.task(*key)),
            Event::PollEnded { key, is_ready: false } => format!("{} pending", self.task(*key)),
            Event::TaskCancelled { key } => format!("{} cancelled", self.task(*key)),
            Event::TaskEnded { key } => format!("{} ended", self.task(*key)),
            Event::KeySkipped { key } => format!("{} skipped", self.task(*key)),
            Event::Woken { key, route } => {
                let effect = match route {
                    WakeRoute::Queued => "queued",
                    WakeRoute::AlreadyQueued => "queued already",
                    WakeRoute::Posted => "posted",
                    WakeRoute::Elided => "elided",
                };
                format!("{} woken, {effect}", self.task(*key))
            }
            Event::MessageReceived { key: Some(key) } => format!("{} received", self.task(*key)),
            Event::MessageReceived { key: None } => "command received".to_owned(),
            Event::JobTaken { job, worker } => format!("{} taken by {worker}", self.job(job)),
            Event::JobEnded { job, worker } => format!("{} ended on {worker}", self.job(job)),
            Event::JobDiscarded { job } => format!("{} discarded", self.job(job)),
            Event::CancelRequested { job } => format!("{} asked to stop", self.job(job)),
            Event::Parked { .. } => "parked".to_owned(),
            Event::Unparked { notified: true } => "unparked by a wake".to_owned(),
            Event::Unparked { notified: false } => "unparked".to_owned(),
            Event::MainBegan { .. } => "main began".to_owned(),
            Event::MainEnded => "main ended".to_owned(),
            other => format!("{other:?}"),
        }
    }
}
