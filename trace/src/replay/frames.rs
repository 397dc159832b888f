//! The document of a replay page: runs, each of which is a list of frames.
//!
//! The page is a viewer. It knows nothing about loops, pools or models: the panels, their rows, the
//! sentences and the questions are in the document, and each frame carries the changes of the
//! panels. The page applies the changes, and notes how to undo each of them, so that it can step
//! backward.
//!
//! ```
//! use aside_trace::replay::frames::{Document, Frame, FrameKind, Panel, PanelChange, PanelKind};
//! use aside_trace::replay::frames::{PanelRow, RunFrames};
//!
//! let mut run = RunFrames::named("one wake");
//! run.lanes = vec!["loop".into(), "worker 0".into()];
//! run.panels = vec![Panel::new("INBOX", "messages", PanelKind::List)];
//! run.subjects = vec!["task 1".into()];
//! let mut wake = Frame::new(1_000, 1, "Woken", "worker 0 posts a message for task 1");
//! wake.kind = FrameKind::Wake;
//! wake.subject = Some(0);
//! wake.changes = vec![PanelChange::Put(0, PanelRow::new("task 1", ["posted"]).of(0))];
//! run.frames = vec![wake];
//!
//! let document = Document { title: "A wake".into(), runs: vec![run], ..Document::default() };
//! assert_eq!(document.check(), Ok(()));
//! assert!(document.to_html().contains("worker 0 posts a message"));
//! ```

use std::borrow::Cow;

/// All that one page shows.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The title of the page.
    pub title: String,
    /// One or two sentences: what to look for.
    pub about: String,
    /// Source code that frames quote.
    pub quotes: Vec<CodeQuote>,
    /// One run, or two runs that the page shows beside each other.
    pub runs: Vec<RunFrames>,
}

/// A few lines of source code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeQuote {
    /// The path of the file in the repository.
    pub file: String,
    /// The number of the first quoted line, from 1.
    pub line: u32,
    /// The lines.
    pub lines: Vec<QuotedLine>,
}

/// A line of source code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotedLine {
    /// The role of the line.
    pub mark: LineMark,
    /// Its text.
    pub text: String,
}

/// The role of a line in a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineMark {
    /// The line gives context.
    Context,
    /// The line performs the step of the frame.
    Performs,
    /// A mutant removes the line.
    Removed,
    /// A mutant adds the line. It has no number.
    Added,
    /// The line contains the mistake of a wrong program.
    Wrong,
}

/// One run: of a program, or of a model.
#[derive(Clone, Debug, Default)]
pub struct RunFrames {
    /// The name of the run, such as `gather: 4 s`.
    pub name: String,
    /// The names of the threads, from the top of the timeline to its bottom.
    pub lanes: Vec<String>,
    /// The panels, in the order of the page. Panels with the same group are shown in one box.
    pub panels: Vec<Panel>,
    /// The names of the things that frames and rows are about: tasks and jobs. The page gives each
    /// a colour, and the reader can choose one.
    pub subjects: Vec<String>,
    /// The steps, in order. Before the first frame all panels are empty.
    pub frames: Vec<Frame>,
    /// Pairs of frames: the first one causes the second one, as a wake causes a poll.
    pub arrows: Vec<(usize, usize)>,
    /// The bars of the timeline.
    pub bars: Vec<LaneBar>,
    /// The rows of each panel after the last frame, as the producer knows them independently of the
    /// changes. The page compares them with what it shows. Empty if the producer has no such state.
    pub final_rows: Vec<Vec<PanelRow>>,
    /// The question of the predict mode, such as `Which task is polled next?`.
    pub question: String,
}

/// A panel: a part of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// The heading of the box, such as `LOOP`.
    pub group: String,
    /// The name of the panel in its box, such as `ready queue`.
    pub name: String,
    /// The way to show the rows.
    pub kind: PanelKind,
    /// The headings of the key and of the cells. Used by tables only.
    pub columns: Vec<String>,
}

/// The way to show the rows of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelKind {
    /// The rows in a line, in order: a queue. The first one is the next one.
    List,
    /// One line for each row, sorted by its key as a number, or as text if it is none.
    Table,
    /// A name (the key) and its value (the first cell).
    Words,
    /// The rows in a line, sorted by the first cell, which is a time in nanoseconds.
    Heap,
}

/// A row of a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelRow {
    /// The name of the row, unique in its panel.
    pub key: String,
    /// The values.
    pub cells: Vec<String>,
    /// The task or the job that the row is about.
    pub subject: Option<usize>,
}

/// A change of a panel, which is named by its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PanelChange {
    /// Replaces the row with the same key where it is, or appends the row.
    Put(usize, PanelRow),
    /// Removes the row with this key, which exists.
    Remove(usize, String),
    /// Moves all rows of the first panel to the end of the second one, in order. Their keys are
    /// not in the second one.
    MoveAll(usize, usize),
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The time since the run began, in nanoseconds. It does not decrease.
    pub time: u64,
    /// The index of the thread's lane.
    pub lane: usize,
    /// The kind of the step, for the keys of the page.
    pub kind: FrameKind,
    /// The name of the event.
    pub event: Cow<'static, str>,
    /// One English sentence: what happens, and why.
    pub sentence: String,
    /// The index of the source code that performs the step.
    pub quote: Option<usize>,
    /// The task or the job that the step is about.
    pub subject: Option<usize>,
    /// The changes of the panels.
    pub changes: Vec<PanelChange>,
    /// A question that the predict mode asks before it shows the step.
    pub question: Option<Question>,
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A wake: the key W looks for it.
    Wake,
    /// A poll begins.
    Poll,
    /// A thread falls asleep: the key P looks for it.
    Park,
    /// Something failed, such as the assertion of a model.
    Failure,
    /// Anything else.
    Other,
}

/// A question of the predict mode, with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The subjects that the reader may choose from, two at least.
    pub choices: Vec<usize>,
    /// The right one of them.
    pub answer: usize,
    /// One sentence: why it is right.
    pub reason: String,
}

/// A bar of the timeline: from one frame to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneBar {
    /// The index of the lane.
    pub lane: usize,
    /// The index of the frame at which the bar begins.
    pub from: usize,
    /// The index of the frame at which the bar ends.
    pub to: usize,
    /// The kind of the bar.
    pub kind: BarKind,
    /// The task or the job that gives the bar its colour.
    pub subject: Option<usize>,
}

/// The kind of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarKind {
    /// A thread runs a task or a job.
    Runs,
    /// A thread sleeps.
    Sleeps,
    /// A thread watches others.
    Watches,
}

impl Panel {
    /// A panel without headings of columns.
    pub fn new(group: &str, name: &str, kind: PanelKind) -> Panel {
        Panel { group: group.into(), name: name.into(), kind, columns: Vec::new() }
    }

    /// The same panel with headings for the key and the cells.
    pub fn columns<'a>(mut self, columns: impl IntoIterator<Item = &'a str>) -> Panel {
        self.columns = columns.into_iter().map(String::from).collect();
        self
    }
}

impl PanelRow {
    /// A row that is about no subject.
    pub fn new<'a>(key: impl Into<String>, cells: impl IntoIterator<Item = &'a str>) -> PanelRow {
        let cells = cells.into_iter().map(String::from).collect();
        PanelRow { key: key.into(), cells, subject: None }
    }

    /// The same row, about the subject of this index.
    pub fn of(mut self, subject: usize) -> PanelRow {
        self.subject = Some(subject);
        self
    }
}

impl Frame {
    /// A frame that changes nothing.
    pub fn new(
        time: u64,
        lane: usize,
        event: impl Into<Cow<'static, str>>,
        sentence: impl Into<String>,
    ) -> Frame {
        Frame {
            time,
            lane,
            kind: FrameKind::Other,
            event: event.into(),
            sentence: sentence.into(),
            quote: None,
            subject: None,
            changes: Vec::new(),
            question: None,
        }
    }
}

impl RunFrames {
    /// A run of this name, without frames.
    pub fn named(name: impl Into<String>) -> RunFrames {
        RunFrames { name: name.into(), ..RunFrames::default() }
    }
}
