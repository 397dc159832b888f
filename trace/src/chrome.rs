//! A trace for <https://ui.perfetto.dev> and `chrome://tracing`.
//!
//! The text is in Chrome's trace event format, a JSON object with one list of events:
//!
//! - A *complete* event (`X`) is a poll of a task, the run of a job, a park of the loop, or a wake
//!   by a thread that does neither.
//! - A *flow* (`s`, `f`) leads from a wake to the poll that it causes, and from a submit to the run
//!   of the job. A job wakes the task that awaits it, so its flow leads on to that task.
//! - An *async* event (`b`, `e`) is the time for which a task waits or is queued, and the time of a
//!   job in the queue.
//! - A *counter* (`C`) is the length of the ready queue, of the inbox and of the queue of jobs, and
//!   the number of workers.
//!
//! The text is written by hand, because each event is a flat object of a few members.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use runtime_core::metadata::Id;
use runtime_core::record::event::{Event, TaskKeyBits};
use runtime_core::record::ring::TraceEvent;

use crate::json::JsonWriter;
use crate::recording::Recording;
use crate::reducer::Reducer;
use crate::reducer::state::State;
use crate::reducer::tasks::TaskPhase;

impl Recording {
    /// The recording in Chrome's trace event format, which <https://ui.perfetto.dev> opens.
    ///
    /// ```
    /// use aside_trace::Recording;
    ///
    /// let json = Recording::default().to_chrome_json();
    /// assert!(json.starts_with(r#"{"displayTimeUnit":"ns","traceEvents":["#));
    /// ```
    pub fn to_chrome_json(&self) -> String {
        let mut reducer = Reducer::new(self);
        let mut chrome = ChromeTrace::default();
        for event in &self.events {
            chrome.before(event, reducer.state());
            reducer.apply(event);
            chrome.after(event, reducer.state());
        }
        chrome.finish(reducer.state())
    }
}

/// One event of Chrome's format.
struct ChromeEvent {
    phase: &'static str,
    category: &'static str,
    name: String,
    time: Duration,
    thread: u64,
    /// Of a complete event.
    duration: Option<Duration>,
    /// Of flows and async events.
    id: Option<String>,
    args: Vec<(&'static str, String)>,
    /// Of a counter.
    count: Option<usize>,
}

impl ChromeEvent {
    fn new(phase: &'static str, category: &'static str, name: String, event: Place) -> ChromeEvent {
        let Place { time, thread } = event;
        let (duration, id, count) = (None, None, None);
        ChromeEvent { phase, category, name, time, thread, duration, id, args: Vec::new(), count }
    }
}

/// A moment on a thread.
#[derive(Clone, Copy)]
struct Place {
    time: Duration,
    thread: u64,
}

/// A complete event that has begun.
struct OpenSlice {
    category: &'static str,
    name: String,
    begin: Place,
    args: Vec<(&'static str, String)>,
}

/// An async event that has begun.
struct OpenWait {
    name: String,
    id: String,
    phase: Option<TaskPhase>,
}

#[derive(Default)]
struct ChromeTrace {
    events: Vec<ChromeEvent>,
    /// The poll, the job or the park of each thread.
    slices: BTreeMap<u64, OpenSlice>,
    /// The wakes of a task since its last poll.
    wakes: HashMap<TaskKeyBits, Vec<Place>>,
    submits: HashMap<Id, Place>,
    task_waits: BTreeMap<TaskKeyBits, OpenWait>,
    job_waits: BTreeMap<Id, OpenWait>,
    counts: BTreeMap<&'static str, usize>,
    threads: BTreeMap<u64, String>,
    last_id: u64,
    end: Duration,
}

impl ChromeTrace {
    fn next_id(&mut self) -> String {
        self.last_id += 1;
        format!("0x{:x}", self.last_id)
    }

    /// Slices, and flows that begin: the names are those before the event.
    fn before(&mut self, event: &TraceEvent, state: &State) {
        let place = Place { time: event.time, thread: event.thread };
        self.end = self.end.max(event.time);
        match event.event {
            Event::PollBegan { key } => self.poll_began(key, place, state),
            Event::Parked { .. } => self.begin("park", "parked".into(), place, Vec::new()),
            Event::JobTaken { job, .. } => self.job_taken(job, place, state),
            Event::PollEnded { .. }
            | Event::Unparked { .. }
            | Event::JobEnded { .. }
            | Event::LoopLeft => self.end_slice(place),
            Event::JobQueued { ref metadata } => {
                self.submits.insert(metadata.id(), place);
            }
            Event::JobDiscarded { job } => {
                self.submits.remove(&job);
            }
            Event::Woken { key, .. } => {
                if !self.slices.contains_key(&event.thread) {
                    let name = format!("wakes {}", state.task_name(key));
                    self.begin("wake", name, place, Vec::new());
                    self.end_slice(place);
                }
                self.wakes.entry(key).or_default().push(place);
            }
            Event::TaskEnded { key } => {
                self.wakes.remove(&key);
            }
            _ => {}
        }
    }

    /// Waits and counters: they follow the state after the event.
    fn after(&mut self, event: &TraceEvent, state: &State) {
        let place = Place { time: event.time, thread: event.thread };
        let name = state.thread_kind(event.thread);
        // A thread that was not known yet may turn out to be a worker.
        let known = self.threads.entry(event.thread).or_default();
        if known.is_empty() || known.starts_with("thread") {
            *known = name;
        }
        match event.event {
            Event::TaskSpawned { key, .. }
            | Event::PollBegan { key }
            | Event::PollEnded { key, .. }
            | Event::TaskEnded { key }
            | Event::Woken { key, .. }
            | Event::MessageReceived { key: Some(key) } => self.task_phase(key, place, state),
            Event::JobQueued { ref metadata } => {
                let job = metadata.id();
                self.end_job_wait(job, place);
                let (name, id) = (format!("{} queued", state.job_name(job)), self.next_id());
                self.begin_wait("job", name.clone(), id.clone(), place);
                self.job_waits.insert(job, OpenWait { name, id, phase: None });
            }
            Event::JobTaken { job, .. } | Event::JobDiscarded { job } => {
                self.end_job_wait(job, place);
            }
            _ => {}
        }
        self.count("ready queue", state.ready().count() + state.batch().count(), place);
        self.count("inbox", state.inbox_len(), place);
        self.count("queued jobs", state.queued_jobs().count(), place);
        self.count("workers", state.threads(), place);
    }

    // ---- slices and flows ----

    fn begin(
        &mut self,
        category: &'static str,
        name: String,
        begin: Place,
        args: Vec<(&'static str, String)>,
    ) {
        self.end_slice(begin);
        self.slices.insert(begin.thread, OpenSlice { category, name, begin, args });
    }

    fn end_slice(&mut self, end: Place) {
        let Some(slice) = self.slices.remove(&end.thread) else { return };
        let OpenSlice { category, name, begin, args } = slice;
        let mut event = ChromeEvent::new("X", category, name, begin);
        event.duration = Some(end.time.saturating_sub(begin.time));
        event.args = args;
        self.events.push(event);
    }

    fn poll_began(&mut self, key: TaskKeyBits, place: Place, state: &State) {
        let task = state.task(key);
        let mut args = vec![("poll", (task.map_or(0, |task| task.polls) + 1).to_string())];
        if let Some(metadata) = task.and_then(|task| task.metadata.as_ref()) {
            args.push(("spawned at", metadata.location().to_string()));
        }
        self.begin("poll", state.task_name(key), place, args);
        for wake in self.wakes.remove(&key).unwrap_or_default() {
            self.flow("wake", wake, place);
        }
    }

    fn job_taken(&mut self, job: Id, place: Place, state: &State) {
        let metadata = state.job(job).and_then(|job| job.metadata.as_ref());
        let location = metadata.map(|metadata| ("submitted at", metadata.location().to_string()));
        self.begin("job", state.job_name(job), place, location.into_iter().collect());
        if let Some(submit) = self.submits.remove(&job) {
            self.flow("submit", submit, place);
        }
    }

    fn flow(&mut self, name: &'static str, from: Place, to: Place) {
        let id = self.next_id();
        // Clocks of two threads may differ by less than the order of the events.
        let to = Place { time: to.time.max(from.time), ..to };
        for (phase, place) in [("s", from), ("f", to)] {
            let mut event = ChromeEvent::new(phase, name, name.into(), place);
            event.id = Some(id.clone());
            self.events.push(event);
        }
    }

    // ---- waits ----

    fn begin_wait(&mut self, category: &'static str, name: String, id: String, place: Place) {
        let mut event = ChromeEvent::new("b", category, name, place);
        event.id = Some(id);
        self.events.push(event);
    }

    fn end_wait(&mut self, category: &'static str, wait: OpenWait, place: Place) {
        let mut event = ChromeEvent::new("e", category, wait.name, place);
        event.id = Some(wait.id);
        self.events.push(event);
    }

    fn end_job_wait(&mut self, job: Id, place: Place) {
        if let Some(wait) = self.job_waits.remove(&job) {
            self.end_wait("job", wait, place);
        }
    }

    fn task_phase(&mut self, key: TaskKeyBits, place: Place, state: &State) {
        let phase = state.task(key).map(|task| task.phase);
        if self.task_waits.get(&key).is_some_and(|wait| wait.phase == phase) {
            return;
        }
        if let Some(wait) = self.task_waits.remove(&key) {
            self.end_wait("task", wait, place);
        }
        let word = match phase {
            Some(TaskPhase::Waiting) => "waits",
            Some(TaskPhase::Queued) => "is queued",
            _ => return,
        };
        let (name, id) = (format!("{} {word}", state.task_name(key)), self.next_id());
        self.begin_wait("task", name.clone(), id.clone(), place);
        self.task_waits.insert(key, OpenWait { name, id, phase });
    }

    // ---- counters, and the text ----

    fn count(&mut self, name: &'static str, count: usize, place: Place) {
        if self.counts.insert(name, count) != Some(count) {
            let mut event = ChromeEvent::new("C", "count", name.into(), place);
            event.count = Some(count);
            self.events.push(event);
        }
    }

    fn finish(mut self, state: &State) -> String {
        let end = self.end;
        for thread in self.slices.keys().copied().collect::<Vec<_>>() {
            self.end_slice(Place { time: end, thread });
        }
        let place = Place { time: end, thread: state.loop_thread().unwrap_or_default() };
        while let Some((_, wait)) = self.task_waits.pop_first() {
            self.end_wait("task", wait, place);
        }
        while let Some((_, wait)) = self.job_waits.pop_first() {
            self.end_wait("job", wait, place);
        }
        let mut json = JsonWriter::default();
        json.object(|json| {
            json.key("displayTimeUnit").string("ns");
            json.key("traceEvents").array([()], |json, ()| {
                write_name(json, "process_name", 0, "aside");
                for (&thread, name) in &self.threads {
                    write_name(json, "thread_name", thread, name);
                }
                self.events.iter().for_each(|event| write_event(json, event));
            });
        });
        json.finish()
    }
}

/// The process has the number 1, and a thread its number plus 1: 0 is the idle thread.
fn write_place(json: &mut JsonWriter, thread: u64) {
    json.key("pid").number(1_u32);
    json.key("tid").number(thread.saturating_add(1));
}

fn write_name(json: &mut JsonWriter, kind: &str, thread: u64, name: &str) {
    json.object(|json| {
        json.key("ph").string("M");
        json.key("name").string(kind);
        write_place(json, thread);
        json.key("args").object(|json| json.key("name").string(name));
    });
}

fn write_event(json: &mut JsonWriter, event: &ChromeEvent) {
    json.object(|json| {
        json.key("ph").string(event.phase);
        json.key("cat").string(event.category);
        json.key("name").string(&event.name);
        json.key("ts").microseconds(event.time);
        write_place(json, event.thread);
        if let Some(duration) = event.duration {
            json.key("dur").microseconds(duration);
        }
        if let Some(id) = &event.id {
            json.key("id").string(id);
        }
        if event.phase == "f" {
            // The flow leads to the slice that encloses this moment, and not to the next one.
            json.key("bp").string("e");
        }
        if let Some(count) = event.count {
            json.key("args").object(|json| json.key("count").index(count));
        } else if !event.args.is_empty() {
            json.key("args").object(|json| {
                for (name, value) in &event.args {
                    json.key(name).string(value);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests;
