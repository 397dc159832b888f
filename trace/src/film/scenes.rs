//! The frames of a film: the document of its replay page.

use super::excerpts::{ChangedLine, ExcerptTable};
use super::names::FilmNames;
use super::states::{ThreadState, states_after};
use super::{Film, FilmEnd, FilmSite, FilmStep};
use crate::replay::frames::{
    BarKind, Document, Frame, FrameKind, LaneBar, Panel, PanelChange, PanelKind, PanelRow,
    RunFrames,
};

/// One film on a page.
#[derive(Clone, Copy, Debug)]
pub struct FilmRun<'a> {
    /// The name of the run on the page.
    pub name: &'a str,
    /// The film.
    pub film: &'a Film,
    /// Its names.
    pub names: &'a FilmNames,
    /// The lines that differ from the right program.
    pub changed: &'a [ChangedLine],
    /// Steps of the first line quote the second one instead: it calls the first line.
    pub quoted_for: Option<(&'a FilmSite, &'a FilmSite)>,
}

/// The page of one film, or of two films beside each other.
pub fn film_document(title: &str, about: &str, runs: &[FilmRun<'_>]) -> Document {
    let mut quotes = ExcerptTable::default();
    let runs = runs.iter().map(|run| Scenes::new(run).shoot(run, &mut quotes)).collect();
    Document { title: title.to_owned(), about: about.to_owned(), quotes: quotes.quotes, runs }
}

/// The frames of a run while they are made.
struct Scenes<'a> {
    names: &'a FilmNames,
    run: RunFrames,
    /// Each object, with its panel.
    objects: Vec<(u64, usize)>,
}

const THREADS: usize = 0;
const MEMORY: usize = 1;
const LOCKS: usize = 2;

impl<'a> Scenes<'a> {
    fn new(run: &FilmRun<'a>) -> Scenes<'a> {
        let mut frames = RunFrames::named(run.name);
        frames.lanes = run.names.threads().to_vec();
        frames.panels = vec![
            Panel::new("THREADS", "state", PanelKind::Words),
            Panel::new("MEMORY", "atomics", PanelKind::Words),
            Panel::new("MEMORY", "locks", PanelKind::Words),
        ];
        let mut scenes = Scenes { names: run.names, run: frames, objects: Vec::new() };
        for step in &run.film.steps {
            scenes.meet(step);
        }
        scenes
    }

    /// Makes the subject, and the panel of a channel, of an object that is accessed first here.
    fn meet(&mut self, step: &FilmStep) {
        let Some(object) = step.object.filter(|_| !step.is_about_a_thread()) else { return };
        if self.objects.iter().any(|(other, _)| *other == object) {
            return;
        }
        let name = self.names.object(step);
        let panel = match step.verb.as_str() {
            "lock" | "unlock" | "wait_lock" => LOCKS,
            "send" | "send_refused" | "receive" | "empty" | "disconnected" => {
                self.run.panels.push(Panel::new("CHANNELS", &name, PanelKind::List));
                self.run.panels.len() - 1
            }
            _ => MEMORY,
        };
        self.objects.push((object, panel));
        self.run.subjects.push(name);
    }

    fn shoot(mut self, run: &FilmRun<'_>, quotes: &mut ExcerptTable) -> RunFrames {
        let film = run.film;
        for (index, step) in film.steps.iter().enumerate() {
            let sentence = sentence(step, self.names);
            let mut frame = Frame::new(0, step.thread, step.verb.clone(), sentence);
            frame.kind = match step.verb.as_str() {
                "unpark" if !step.is_mutated => FrameKind::Wake,
                "sleep" => FrameKind::Park,
                _ => FrameKind::Other,
            };
            let site = match run.quoted_for {
                Some((at, shown)) if at.is_line_of(&step.site) => shown,
                _ => &step.site,
            };
            frame.quote = quotes.index(site, &self.names.sources, run.changed);
            frame.subject = self.subject(step);
            frame.changes = self.changes(&film.steps[..index], step);
            self.run.frames.push(frame);
        }
        self.run.frames.push(self.end(run, quotes));
        // A model has no time: the steps are one microsecond apart.
        for (frame, time) in self.run.frames.iter_mut().zip(0..) {
            frame.time = time * 1_000;
        }
        self.run.arrows = arrows(&film.steps);
        self.run.bars = bars(&film.steps);
        self.run
    }

    /// The last frame: the end of the execution.
    fn end(&self, run: &FilmRun<'_>, quotes: &mut ExcerptTable) -> Frame {
        let lane = run.film.steps.last().map_or(0, |step| step.thread);
        let sentence = run.film.end_in_words(self.names).trim_end().to_owned();
        let FilmEnd::Failed { site, .. } = &run.film.end else {
            return Frame::new(0, lane, "passed", sentence);
        };
        let mut frame = Frame::new(0, lane, "failed", sentence);
        frame.kind = FrameKind::Failure;
        // The mistake of a wrong program; the sleep that nothing ends; or the assertion.
        let mistake = run.changed.iter().find(|change| change.replacement.is_none());
        let mistake = mistake.map(|change| FilmSite {
            file: change.file.clone(),
            line: change.line,
            column: 1,
        });
        let asleep = || run.film.steps.iter().rfind(|step| step.verb == "sleep");
        let site = match (&mistake, asleep()) {
            (Some(site), _) => site,
            (None, Some(step)) if run.film.is_deadlock() => &step.site,
            _ => site,
        };
        frame.quote = quotes.index(site, &self.names.sources, run.changed);
        frame
    }

    fn subject(&self, step: &FilmStep) -> Option<usize> {
        let object = step.object.filter(|_| !step.is_about_a_thread())?;
        self.objects.iter().position(|(other, _)| *other == object)
    }

    fn changes(&self, before: &[FilmStep], step: &FilmStep) -> Vec<PanelChange> {
        let states = states_after(before, self.names);
        let mut changes = Vec::new();
        let row = |thread: usize, state: &str| {
            PanelChange::Put(THREADS, PanelRow::new(self.names.thread(thread), [state]))
        };
        if before.is_empty() {
            changes.extend((0..states.len()).map(|thread| row(thread, "not started")));
        }
        let state = ThreadState::after(step, self.names);
        if states.get(step.thread) != Some(&state) {
            changes.push(row(step.thread, &state.words()));
        }
        match (step.verb.as_str(), step.object, step.after.as_deref()) {
            ("unpark" | "expire", Some(thread), Some("true"))
            | ("wake_spuriously", Some(thread), _) => {
                changes.push(row(thread as usize, "is woken"));
            }
            ("spawn", Some(thread), _) => changes.push(row(thread as usize, "is started")),
            _ => {}
        }
        changes.extend(self.change_of_object(step));
        changes
    }

    fn change_of_object(&self, step: &FilmStep) -> Option<PanelChange> {
        let subject = self.subject(step)?;
        let (_, panel) = self.objects[subject];
        let put = |key: &str, cells: &[&str]| {
            let row = PanelRow::new(key, cells.iter().copied()).of(subject);
            Some(PanelChange::Put(panel, row))
        };
        let name = self.names.object(step);
        let message = || format!("message {}", step.after.as_deref().unwrap_or("?"));
        match step.verb.as_str() {
            "lock" => put(&name, &[&format!("held by {}", self.names.thread(step.thread))]),
            "unlock" => put(&name, &["free"]),
            "send" => put(&message(), &[]),
            "receive" => Some(PanelChange::Remove(panel, message())),
            "wait_lock" | "send_refused" | "empty" | "disconnected" => None,
            _atomic => {
                let value =
                    step.after.as_ref().or(step.latest.as_ref()).or(step.before.as_ref())?;
                put(&name, &[&self.names.value(step, value)])
            }
        }
    }
}

/// The step as a sentence, with the reason why it matters, if there is one.
fn sentence(step: &FilmStep, names: &FilmNames) -> String {
    let mut sentence = format!("{} {}", names.thread(step.thread), step.in_words(names));
    if let Some(order) = &step.order {
        sentence += &format!(" with {order}");
    }
    sentence += ".";
    if step.is_mutated {
        sentence += " This is the changed line.";
    }
    if let Some(note) = names.note(step) {
        sentence = format!("{sentence} {note}");
    }
    sentence
}

/// From each wake to its end of a sleep, from each send to its receive, from each start to its
/// thread, and from each thread to its join.
fn arrows(steps: &[FilmStep]) -> Vec<(usize, usize)> {
    let mut arrows = Vec::new();
    for (from, step) in steps.iter().enumerate() {
        let is_effect = |later: &FilmStep| match (step.verb.as_str(), later.verb.as_str()) {
            ("unpark" | "expire", "wake") => {
                step.after.as_deref() == Some("true") && step.object == Some(later.thread as u64)
            }
            ("wake_spuriously", "wake") | ("spawn", "begin") => {
                step.object == Some(later.thread as u64)
            }
            ("send", "receive") => step.object == later.object && step.after == later.after,
            ("end", "joined") => later.object == Some(step.thread as u64),
            _ => false,
        };
        let later = steps.iter().enumerate().skip(from + 1);
        arrows.extend(later.filter(|(_, step)| is_effect(step)).map(|(to, _)| (from, to)).next());
    }
    arrows
}

/// The bars of the timeline: a thread runs until another thread runs, and sleeps until it wakes.
/// The frame after the last step is the end.
fn bars(steps: &[FilmStep]) -> Vec<LaneBar> {
    let bar = |lane, from, to, kind| LaneBar { lane, from, to, kind, subject: None };
    let mut bars = Vec::new();
    let mut from = 0;
    for at in 0..steps.len() {
        let lane = steps[at].thread;
        if steps.get(at + 1).is_none_or(|next| next.thread != lane) {
            let is_over = matches!(steps[at].verb.as_str(), "sleep" | "end");
            bars.push(bar(lane, from, if is_over { at } else { at + 1 }, BarKind::Runs));
            from = at + 1;
        }
        if steps[at].verb == "sleep" {
            let wakes = |step: &FilmStep| step.thread == lane && step.verb == "wake";
            let until = steps.iter().skip(at).position(wakes).map_or(steps.len(), |len| at + len);
            bars.push(bar(lane, at, until, BarKind::Sleeps));
        }
    }
    bars
}
