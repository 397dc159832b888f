//! From events to intervals of time: polls, jobs, parked time, and what caused what.

use std::collections::HashMap;
use std::time::Duration;

use runtime_core::metadata::{Id, Metadata};
use runtime_core::record::event::{Event, MAIN_KEY, TaskKeyBits};
use runtime_core::record::ring::TraceEvent;

use crate::recording::Recording;
use crate::timeline::threads::{LaneKind, Threads};

/// One recording as intervals of time.
#[derive(Debug)]
pub(crate) struct Spans {
    /// The time of the first event, or zero if the recording begins soon after its trace.
    pub(crate) begin: Duration,
    pub(crate) end: Duration,
    /// The number of events that are missing.
    pub(crate) lost: u64,
    pub(crate) lanes: Vec<LaneSpans>,
    pub(crate) links: Vec<Link>,
}

/// The intervals of one thread, in the order of their begin. They do not overlap.
#[derive(Debug)]
pub(crate) struct LaneSpans {
    pub(crate) kind: LaneKind,
    pub(crate) busy: Vec<BusySpan>,
    pub(crate) parked: Vec<TimeSpan>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeSpan {
    pub(crate) begin: Duration,
    pub(crate) end: Duration,
}

/// A poll of a task, or the run of a job.
#[derive(Clone, Debug)]
pub(crate) struct BusySpan {
    pub(crate) time: TimeSpan,
    pub(crate) name: String,
}

/// A wake and the poll that follows it, or a submit and the run that follows it, on two threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) effect: LinkEffect,
    pub(crate) from: LaneKind,
    pub(crate) begin: Duration,
    pub(crate) to: LaneKind,
    pub(crate) end: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LinkEffect {
    Wake,
    Submit,
}

impl TimeSpan {
    pub(crate) fn length(&self) -> Duration {
        self.end.saturating_sub(self.begin)
    }
}

impl LaneSpans {
    pub(crate) fn busy_time(&self) -> Duration {
        self.busy.iter().map(|span| span.time.length()).sum()
    }

    pub(crate) fn parked_time(&self) -> Duration {
        self.parked.iter().map(TimeSpan::length).sum()
    }
}

impl Spans {
    pub(crate) fn new(recording: &Recording) -> Spans {
        let times = || recording.events.iter().map(|event| event.time);
        let first = times().min().unwrap_or_default();
        let end = times().max().unwrap_or_default();
        let begin = if recording.is_whole() && first <= end / 10 { Duration::ZERO } else { first };
        let mut collector = Collector::new(Threads::of(recording), begin);
        for event in &recording.events {
            collector.apply(event);
        }
        collector.finish(end, recording.lost())
    }

    pub(crate) fn total(&self) -> Duration {
        self.end.saturating_sub(self.begin)
    }
}

/// A lane while its events are read.
struct OpenLane {
    spans: LaneSpans,
    busy_since: Option<(Duration, String)>,
    parked_since: Option<Duration>,
}

struct Collector {
    threads: Threads,
    begin: Duration,
    lanes: Vec<OpenLane>,
    links: Vec<Link>,
    tasks: HashMap<TaskKeyBits, String>,
    jobs: HashMap<Id, String>,
    /// The wakes of a task since its last poll.
    wakes: HashMap<TaskKeyBits, Vec<(LaneKind, Duration)>>,
    submits: HashMap<Id, (LaneKind, Duration)>,
}

impl Collector {
    fn new(threads: Threads, begin: Duration) -> Collector {
        let lanes = threads.lanes().into_iter().map(OpenLane::new).collect();
        Collector {
            threads,
            begin,
            lanes,
            links: Vec::new(),
            tasks: HashMap::new(),
            jobs: HashMap::new(),
            wakes: HashMap::new(),
            submits: HashMap::new(),
        }
    }

    fn apply(&mut self, recorded: &TraceEvent) {
        let time = recorded.time;
        let lane = self.threads.lane_of(recorded.thread);
        match &recorded.event {
            Event::TaskSpawned { key, metadata } => {
                self.tasks.insert(*key, display_name(metadata));
                self.wakes.remove(key);
            }
            Event::MainBegan { metadata } => {
                let name = metadata.name().unwrap_or("main").to_owned();
                self.tasks.insert(MAIN_KEY, name);
            }
            Event::Woken { key, .. } => self.wakes.entry(*key).or_default().push((lane, time)),
            Event::PollBegan { key } => self.poll_began(lane, time, *key),
            Event::PollEnded { key, .. } => {
                let name = self.task_name(*key);
                self.end_busy(lane, time, name);
            }
            Event::JobQueued { metadata } => {
                self.jobs.insert(metadata.id(), display_name(metadata));
                self.submits.insert(metadata.id(), (lane, time));
            }
            Event::JobTaken { job, .. } => self.job_taken(lane, time, *job),
            Event::JobEnded { job, .. } => {
                let name = self.job_name(*job);
                self.end_busy(lane, time, name);
                self.lane(lane).begin_park(time);
            }
            Event::Parked { .. } | Event::WorkerStarted { .. } | Event::WorkerIdle { .. } => {
                self.lane(lane).begin_park(time);
            }
            // A poll that panicked has no end of its own.
            Event::LoopLeft => self.lane(lane).close_busy(time),
            Event::Unparked { .. } | Event::WorkerRetired { .. } => self.lane(lane).end_park(time),
            _ => {}
        }
    }

    fn poll_began(&mut self, lane: LaneKind, time: Duration, key: TaskKeyBits) {
        let name = self.task_name(key);
        self.lane(lane).begin_busy(time, name);
        for (from, begin) in self.wakes.remove(&key).unwrap_or_default() {
            self.link(LinkEffect::Wake, (from, begin), (lane, time));
        }
    }

    fn job_taken(&mut self, lane: LaneKind, time: Duration, job: Id) {
        let name = self.job_name(job);
        self.lane(lane).begin_busy(time, name);
        if let Some(from) = self.submits.remove(&job) {
            self.link(LinkEffect::Submit, from, (lane, time));
        }
    }

    fn link(&mut self, effect: LinkEffect, from: (LaneKind, Duration), to: (LaneKind, Duration)) {
        if from.0 != to.0 {
            let end = to.1.max(from.1);
            self.links.push(Link { effect, from: from.0, begin: from.1, to: to.0, end });
        }
    }

    fn end_busy(&mut self, lane: LaneKind, time: Duration, name: String) {
        let begin = self.begin;
        self.lane(lane).end_busy(begin, time, name);
    }

    fn task_name(&self, key: TaskKeyBits) -> String {
        match self.tasks.get(&key) {
            Some(name) => name.clone(),
            None if key == MAIN_KEY => "main".to_owned(),
            None => "unknown task".to_owned(),
        }
    }

    fn job_name(&self, job: Id) -> String {
        self.jobs.get(&job).cloned().unwrap_or_else(|| format!("job {job}"))
    }

    fn lane(&mut self, kind: LaneKind) -> &mut OpenLane {
        let index = match self.lanes.iter().position(|lane| lane.spans.kind == kind) {
            Some(index) => index,
            None => {
                self.lanes.push(OpenLane::new(kind));
                self.lanes.len() - 1
            }
        };
        &mut self.lanes[index]
    }

    fn finish(mut self, end: Duration, lost: u64) -> Spans {
        let links = self.links;
        let is_linked = |kind| links.iter().any(|link: &Link| link.from == kind || link.to == kind);
        for lane in &mut self.lanes {
            lane.close(end);
        }
        let mut lanes: Vec<_> = self.lanes.into_iter().map(|lane| lane.spans).collect();
        lanes.retain(|lane| !matches!(lane.kind, LaneKind::Other(_)) || is_linked(lane.kind));
        lanes.sort_by_key(|lane| lane.kind);
        Spans { begin: self.begin, end, lost, lanes, links }
    }
}

impl OpenLane {
    fn new(kind: LaneKind) -> OpenLane {
        let spans = LaneSpans { kind, busy: Vec::new(), parked: Vec::new() };
        OpenLane { spans, busy_since: None, parked_since: None }
    }

    /// Begins a poll or a job. One whose end was lost ends here.
    fn begin_busy(&mut self, time: Duration, name: String) {
        self.end_park(time);
        self.close_busy(time);
        self.busy_since = Some((time.max(self.last_end()), name));
    }

    /// Ends a poll or a job. If its begin was lost with the begin of the recording, it has run
    /// since `begin`.
    fn end_busy(&mut self, begin: Duration, time: Duration, name: String) {
        if self.busy_since.is_none() && self.spans.busy.is_empty() && self.spans.parked.is_empty() {
            self.busy_since = Some((begin, name));
        }
        self.close_busy(time);
    }

    fn close_busy(&mut self, time: Duration) {
        if let Some((begin, name)) = self.busy_since.take() {
            let time = TimeSpan { begin, end: time.max(begin) };
            self.spans.busy.push(BusySpan { time, name });
        }
    }

    fn begin_park(&mut self, time: Duration) {
        if self.busy_since.is_none() && self.parked_since.is_none() {
            self.parked_since = Some(time.max(self.last_end()));
        }
    }

    fn end_park(&mut self, time: Duration) {
        if let Some(begin) = self.parked_since.take() {
            self.spans.parked.push(TimeSpan { begin, end: time.max(begin) });
        }
    }

    fn close(&mut self, end: Duration) {
        self.close_busy(end);
        self.end_park(end);
    }

    /// Two clock readings on different threads may differ from the order of the events.
    fn last_end(&self) -> Duration {
        let busy = self.spans.busy.last().map(|span| span.time.end);
        busy.max(self.spans.parked.last().map(|parked| parked.end)).unwrap_or_default()
    }
}

/// The name of a task or job. Without a name, it is the file and the line of its spawn.
fn display_name(metadata: &Metadata) -> String {
    let location = metadata.location();
    match metadata.name() {
        Some(name) => name.to_owned(),
        None => {
            let file = location.file().rsplit(['/', '\\']).next().unwrap_or_default();
            format!("{file}:{}", location.line())
        }
    }
}
