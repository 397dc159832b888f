//! From the recording of a runtime to the frames of a replay page.
//!
//! The reducer returns the changes of each event as rows; this module only gives them to panels.

use std::collections::HashMap;
use std::mem;

use runtime_core::metadata::Id;
use runtime_core::record::event::{Event, TaskKeyBits, WakeRoute};
use runtime_core::record::ring::TraceEvent;

use crate::recording::Recording;
use crate::reducer::{Change, Reducer, StateItem, StatePart, StateRow};
use crate::replay::frames::{
    BarKind, CodeQuote, Document, Frame, FrameKind, LaneBar, Panel, PanelChange, PanelKind,
    PanelRow, Question, RunFrames,
};
use crate::replay::quotes::{EventQuotes, event_name};

/// The most events of a page. More make its file large, and a browser slow.
const EVENTS: usize = 5_000;

impl Recording {
    /// A page that replays the recording: one HTML file, which opens in any browser. Of a long
    /// recording, the page shows the last 5,000 events.
    ///
    /// ```
    /// use aside_trace::Recording;
    ///
    /// let page = Recording::default().to_replay("nothing happened");
    /// assert!(page.starts_with("<!doctype html>"));
    /// ```
    pub fn to_replay(&self, title: &str) -> String {
        let mut document = Document { title: title.into(), ..Document::default() };
        let before = self.events.len().saturating_sub(EVENTS);
        if before == 0 {
            document.add_recording(title, self);
        } else {
            document.about =
                format!("{before} events before the first one of this page are not shown.");
            let shown = Recording { events: self.events[before..].to_vec(), ..self.clone() };
            document.add_recording(title, &shown);
        }
        document.to_html()
    }
}

impl Document {
    /// Appends the run that a recording contains: one frame for each event, apart from the counts
    /// that the pool records for checks.
    pub fn add_recording(&mut self, name: &str, recording: &Recording) {
        let mut builder = RunBuilder::new(name, recording, &mut self.quotes);
        for event in &recording.events {
            builder.event(event);
        }
        self.runs.push(builder.finish());
    }
}

/// The panels of a runtime: group, name, and the way to show each part of the state.
fn panel(part: StatePart) -> Panel {
    let (group, name, kind) = match part {
        StatePart::Loop => ("LOOP", "loop", PanelKind::Words),
        StatePart::Batch => ("LOOP", "batch of this turn", PanelKind::List),
        StatePart::Ready => ("LOOP", "ready queue", PanelKind::List),
        StatePart::Inbox => ("INBOX", "messages", PanelKind::List),
        StatePart::Tasks => ("TASKS", "tasks", PanelKind::Table),
        StatePart::Timers => ("TIMERS", "heap", PanelKind::Heap),
        StatePart::Sources => ("SOCKETS", "readiness", PanelKind::Table),
        StatePart::Jobs => ("POOL", "job queue", PanelKind::List),
        StatePart::Workers => ("POOL", "workers", PanelKind::Table),
        StatePart::Pool => ("POOL", "pool", PanelKind::Words),
    };
    let head = match part {
        StatePart::Tasks => "task",
        StatePart::Sources => "socket",
        StatePart::Workers => "worker",
        _ => return Panel::new(group, name, kind),
    };
    let columns = part.columns().iter().copied().take(cells(part));
    Panel::new(group, name, kind).columns(std::iter::once(head).chain(columns))
}

/// The number of cells that a panel shows: there is no room for the location of a task.
fn cells(part: StatePart) -> usize {
    if part == StatePart::Tasks { 2 } else { part.columns().len() }
}

fn index(part: StatePart) -> usize {
    StatePart::ALL.iter().position(|&other| other == part).expect("every part has a panel")
}

/// The most choices of a question.
const CHOICES: usize = 5;

struct RunBuilder<'a> {
    reducer: Reducer,
    run: RunFrames,
    quotes: &'a mut Vec<CodeQuote>,
    quote_table: EventQuotes,
    lanes: HashMap<u64, usize>,
    subjects: HashMap<StateItem, usize>,
    /// The key of each row, as its panel knows it: a name may change, and a key may not.
    keys: HashMap<(StatePart, StateItem), String>,
    /// The frames of the wakes and of the submits that have had no effect yet.
    causes: HashMap<StateItem, usize>,
    /// The bars that have begun, and not ended.
    open: Vec<LaneBar>,
    /// The changes by events without a frame. The next frame shows them.
    unshown: Vec<PanelChange>,
}

impl<'a> RunBuilder<'a> {
    fn new(name: &str, recording: &Recording, quotes: &'a mut Vec<CodeQuote>) -> RunBuilder<'a> {
        let mut run = RunFrames::named(name);
        run.question = "Which task is polled next?".into();
        run.panels = StatePart::ALL.map(panel).into();
        RunBuilder {
            reducer: Reducer::new(recording),
            run,
            quotes,
            quote_table: EventQuotes::default(),
            lanes: HashMap::new(),
            subjects: HashMap::new(),
            keys: HashMap::new(),
            causes: HashMap::new(),
            open: Vec::new(),
            unshown: Vec::new(),
        }
    }

    fn event(&mut self, traced: &TraceEvent) {
        if matches!(traced.event, Event::PoolCounts { .. }) {
            // The first event behind a gap changes panels, whatever it is, if there are rows.
            let changes = self.reducer.apply(traced);
            let changes = self.panel_changes(changes);
            self.unshown.extend(changes.into_iter().filter(|_| !self.run.frames.is_empty()));
            return;
        }
        let sentence = self.reducer.sentence(traced);
        let question = match traced.event {
            Event::PollBegan { key } => self.question(key),
            _ => None,
        };
        let changes = self.reducer.apply(traced);
        let lane = self.lane(traced);
        // The time was read before the number was taken, so times may be in another order.
        let last = self.run.frames.last().map_or(0, |frame| frame.time);
        let time = u64::try_from(traced.time.as_nanos()).unwrap_or(u64::MAX).max(last);
        let mut frame = Frame::new(time, lane, event_name(&traced.event), sentence);
        frame.kind = kind(&traced.event);
        frame.quote = self.quote_table.index(&traced.event, self.quotes);
        frame.subject = subject(&traced.event).map(|item| self.subject(item));
        frame.question = question;
        frame.changes = mem::take(&mut self.unshown);
        if self.run.frames.is_empty() {
            frame.changes.extend(self.words());
        }
        frame.changes.extend(self.panel_changes(changes));
        self.bars(&traced.event, lane, frame.subject);
        self.arrow(&traced.event);
        self.run.frames.push(frame);
    }

    /// The lane of the event's thread.
    fn lane(&mut self, traced: &TraceEvent) -> usize {
        let next = self.run.lanes.len();
        let lane = *self.lanes.entry(traced.thread).or_insert(next);
        if lane == next {
            self.run.lanes.push(String::new());
        }
        let name = match traced.event {
            Event::WorkerStarted { worker } => format!("worker {worker}"),
            _ if self.reducer.state().loop_thread() == Some(traced.thread) => "loop".into(),
            _ if self.run.lanes[lane].is_empty() => format!("thread {}", traced.thread),
            _ => return lane,
        };
        self.run.lanes[lane] = name;
        lane
    }

    /// The subject of a task or a job. A task that takes over the key of an ended one is another
    /// subject.
    fn subject(&mut self, item: StateItem) -> usize {
        let name = self.reducer.state().item_name(item);
        if let Some(&subject) = self.subjects.get(&item)
            && self.run.subjects[subject] == name
        {
            return subject;
        }
        self.run.subjects.push(name);
        self.subjects.insert(item, self.run.subjects.len() - 1);
        self.run.subjects.len() - 1
    }

    /// The facts about the loop and the pool, which exist before the first event.
    fn words(&mut self) -> Vec<PanelChange> {
        let parts = [StatePart::Loop, StatePart::Pool];
        let rows = parts.map(|part| (part, self.reducer.state().rows(part)));
        let rows = rows.iter().flat_map(|(part, rows)| rows.iter().map(move |row| (*part, row)));
        rows.filter_map(|(part, row)| self.put(part, row.item)).collect()
    }

    fn panel_changes(&mut self, changes: Vec<Change>) -> Vec<PanelChange> {
        changes.into_iter().filter_map(|change| self.change(change)).collect()
    }

    fn change(&mut self, change: Change) -> Option<PanelChange> {
        match change {
            Change::Put(part, item) => self.put(part, item),
            Change::Remove(part, item) => {
                let key = self.keys.remove(&(part, item))?;
                Some(PanelChange::Remove(index(part), key))
            }
            Change::MoveAll(from, to) => {
                let moved = self.keys.extract_if(|&(part, _), _| part == from);
                let moved: Vec<_> = moved.collect();
                self.keys.extend(moved.into_iter().map(|((_, item), key)| ((to, item), key)));
                Some(PanelChange::MoveAll(index(from), index(to)))
            }
        }
    }

    fn put(&mut self, part: StatePart, item: StateItem) -> Option<PanelChange> {
        Some(PanelChange::Put(index(part), self.row(part, item)?))
    }

    fn row(&mut self, part: StatePart, item: StateItem) -> Option<PanelRow> {
        let mut row = self.reducer.state().row(part, item)?;
        row.cells.truncate(cells(part));
        let key = self.keys.entry((part, item)).or_insert(row.name).clone();
        let subject = row.subject.map(|subject| self.subject(subject));
        Some(PanelRow { key, cells: row.cells, subject })
    }

    /// The question before a poll: the tasks of the batch, and some that are not in it.
    fn question(&mut self, key: TaskKeyBits) -> Option<Question> {
        let state = self.reducer.state();
        let batch: Vec<_> = state.batch().collect();
        let others = state.tasks().filter(|other| !batch.contains(other));
        let mut keys: Vec<_> = batch.iter().copied().chain(others).take(CHOICES).collect();
        if !keys.contains(&key) {
            keys.push(key);
        }
        let name = state.item_name(StateItem::Task(key));
        let reason = match batch.as_slice() {
            [_only] => format!(
                "{name} is the only task of the batch: it was woken, and the others were not."
            ),
            [first, ..] if *first == key => format!(
                "{name} is the first of the batch: tasks are polled in the order of their wakes."
            ),
            _ => format!("the runtime has a seed, so the batch is shuffled, and {name} is next."),
        };
        let mut choices: Vec<_> =
            keys.into_iter().map(|key| self.subject(StateItem::Task(key))).collect();
        // The order of the choices does not reveal the order of the batch.
        choices.sort_unstable();
        choices.dedup();
        let answer = self.subject(StateItem::Task(key));
        (choices.len() > 1).then_some(Question { choices, answer, reason })
    }

    fn bars(&mut self, event: &Event, lane: usize, subject: Option<usize>) {
        let frame = self.run.frames.len();
        // A worker is idle until its next event.
        self.close(lane, |bar| bar.kind == BarKind::Sleeps, frame);
        let kind = match event {
            Event::PollEnded { .. } | Event::JobEnded { .. } => {
                return self.close(lane, |bar| bar.kind == BarKind::Runs, frame);
            }
            Event::MonitorEnded { .. } => {
                return self.close(lane, |bar| bar.kind == BarKind::Watches, frame);
            }
            Event::WorkerRetired { .. } => return self.close(lane, |_| true, frame),
            Event::PollBegan { .. } | Event::JobTaken { .. } => BarKind::Runs,
            Event::Parked { .. } | Event::WorkerIdle { .. } => BarKind::Sleeps,
            Event::MonitorBegan { .. } => BarKind::Watches,
            _ => return,
        };
        self.open.push(LaneBar { lane, from: frame, to: frame, kind, subject });
    }

    /// Ends the last bar of a lane that is meant, if there is one.
    fn close(&mut self, lane: usize, is_meant: impl Fn(&LaneBar) -> bool, frame: usize) {
        let found = self.open.iter().rposition(|bar| bar.lane == lane && is_meant(bar));
        if let Some(index) = found {
            let bar = self.open.remove(index);
            self.run.bars.push(LaneBar { to: frame, ..bar });
        }
    }

    /// Notes a cause, or draws the arrow from the cause of this event.
    fn arrow(&mut self, event: &Event) {
        let frame = self.run.frames.len();
        match event {
            Event::TaskSpawned { key, .. }
            | Event::Woken { key, route: WakeRoute::Queued | WakeRoute::Posted } => {
                self.causes.entry(StateItem::Task(*key)).or_insert(frame);
            }
            Event::JobQueued { metadata } => {
                self.causes.insert(StateItem::Job(metadata.id()), frame);
            }
            Event::PollBegan { key } => self.effect(StateItem::Task(*key)),
            Event::JobTaken { job, .. } => self.effect(StateItem::Job(*job)),
            _ => {}
        }
    }

    fn effect(&mut self, item: StateItem) {
        if let Some(cause) = self.causes.remove(&item) {
            self.run.arrows.push((cause, self.run.frames.len()));
        }
    }

    fn finish(mut self) -> RunFrames {
        let last = self.run.frames.len().saturating_sub(1);
        let open = mem::take(&mut self.open);
        self.run.bars.extend(open.into_iter().map(|bar| LaneBar { to: last, ..bar }));
        if let Some(last) = self.run.frames.last_mut() {
            last.changes.append(&mut self.unshown);
            let items = StatePart::ALL.map(|part| (part, self.reducer.state().rows(part)));
            let shown = |(part, rows): (_, Vec<_>)| {
                rows.into_iter().filter_map(|row: StateRow| self.row(part, row.item)).collect()
            };
            self.run.final_rows = items.into_iter().map(shown).collect();
        }
        sort_lanes(&mut self.run);
        self.run
    }
}

/// Puts the loop first, then the workers by their numbers, then the other threads.
fn sort_lanes(run: &mut RunFrames) {
    let rank = |name: &str| {
        let (kind, number) = name.split_once(' ').unwrap_or((name, "0"));
        let group = match kind {
            "loop" => 0,
            "worker" => 1,
            _ => 2,
        };
        (group, number.parse::<u64>().unwrap_or(0))
    };
    let mut order: Vec<usize> = (0..run.lanes.len()).collect();
    order.sort_by_key(|&lane| rank(&run.lanes[lane]));
    let mut places = vec![0; order.len()];
    for (place, &lane) in order.iter().enumerate() {
        places[lane] = place;
    }
    run.lanes = order.iter().map(|&lane| run.lanes[lane].clone()).collect();
    for frame in &mut run.frames {
        frame.lane = places[frame.lane];
    }
    for bar in &mut run.bars {
        bar.lane = places[bar.lane];
    }
}

fn kind(event: &Event) -> FrameKind {
    match event {
        Event::Woken { .. } => FrameKind::Wake,
        Event::PollBegan { .. } => FrameKind::Poll,
        Event::Parked { .. } => FrameKind::Park,
        _ => FrameKind::Other,
    }
}

/// The task or the job that an event is about.
fn subject(event: &Event) -> Option<StateItem> {
    let job = |job: Id| Some(StateItem::Job(job));
    match event {
        Event::TaskSpawned { key, .. }
        | Event::PollBegan { key }
        | Event::PollEnded { key, .. }
        | Event::TaskEnded { key }
        | Event::TaskCancelled { key }
        | Event::Woken { key, .. }
        | Event::MessageReceived { key: Some(key) } => Some(StateItem::Task(*key)),
        Event::JobQueued { metadata } => job(metadata.id()),
        Event::JobTaken { job: id, .. }
        | Event::JobEnded { job: id, .. }
        | Event::JobDiscarded { job: id }
        | Event::CancelRequested { job: id } => job(*id),
        _ => None,
    }
}
