//! The rules of a document, which the page relies on.

use super::frames::{Document, Frame, PanelChange, PanelRow, RunFrames};

impl Document {
    /// Compares the document with the rules that the types describe: each index exists, times do
    /// not decrease, and each change applies to the rows before it.
    ///
    /// # Errors
    ///
    /// The first rule that does not hold, in words.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=2).contains(&self.runs.len()) {
            return Err(format!("a page shows one or two runs, and not {}", self.runs.len()));
        }
        for run in &self.runs {
            run.check(self.quotes.len()).map_err(|error| format!("run {:?}: {error}", run.name))?;
        }
        Ok(())
    }
}

impl RunFrames {
    /// Applies the changes of all frames, and returns the rows of each panel.
    ///
    /// # Errors
    ///
    /// The first change that does not apply, in words.
    pub fn replayed_rows(&self) -> Result<Vec<Vec<PanelRow>>, String> {
        let mut rows = vec![Vec::new(); self.panels.len()];
        for (index, frame) in self.frames.iter().enumerate() {
            for change in &frame.changes {
                apply(&mut rows, change).map_err(|error| format!("frame {index}: {error}"))?;
            }
        }
        Ok(rows)
    }

    fn check(&self, quotes: usize) -> Result<(), String> {
        let mut time = 0;
        for (index, frame) in self.frames.iter().enumerate() {
            self.check_frame(frame, quotes).map_err(|error| format!("frame {index}: {error}"))?;
            if frame.time < time {
                return Err(format!("frame {index}: its time is before that of the frame before"));
            }
            time = frame.time;
        }
        let frames = self.frames.len();
        let arrows_end = self.arrows.iter().all(|&(from, to)| from < to && to < frames);
        expect(arrows_end, || "an arrow leads to no later frame".into())?;
        for bar in &self.bars {
            let is_there = bar.from <= bar.to && bar.to < frames && bar.lane < self.lanes.len();
            expect(is_there, || format!("{bar:?} is outside the timeline"))?;
            self.check_subject(bar.subject)?;
        }
        let rows = self.replayed_rows()?;
        expect(self.final_rows.is_empty() || self.final_rows == rows, || {
            "the rows after the last frame are not the final rows".into()
        })
    }

    fn check_frame(&self, frame: &Frame, quotes: usize) -> Result<(), String> {
        expect(frame.lane < self.lanes.len(), || format!("there is no lane {}", frame.lane))?;
        let quote = frame.quote.unwrap_or(0);
        expect(quote < quotes.max(1), || format!("there is no quote {quote}"))?;
        expect(frame.quote.is_none() || quotes > 0, || "there are no quotes".into())?;
        self.check_subject(frame.subject)?;
        if let Some(question) = &frame.question {
            expect(question.choices.len() > 1, || "a question has at least two choices".into())?;
            let is_choice = question.choices.contains(&question.answer);
            expect(is_choice, || "the answer is none of the choices".into())?;
            for &choice in &question.choices {
                self.check_subject(Some(choice))?;
            }
        }
        for change in &frame.changes {
            if let PanelChange::Put(_, row) = change {
                self.check_subject(row.subject)?;
            }
        }
        Ok(())
    }

    fn check_subject(&self, subject: Option<usize>) -> Result<(), String> {
        let is_there = subject.is_none_or(|subject| subject < self.subjects.len());
        expect(is_there, || format!("there is no subject {subject:?}"))
    }
}

fn apply(panels: &mut [Vec<PanelRow>], change: &PanelChange) -> Result<(), String> {
    let count = panels.len();
    let (PanelChange::Put(panel, _)
    | PanelChange::Remove(panel, _)
    | PanelChange::MoveAll(panel, _)) = change;
    let rows = panels.get_mut(*panel).ok_or_else(|| format!("there is no panel {panel}"))?;
    match change {
        PanelChange::Put(_, row) => match rows.iter_mut().find(|old| old.key == row.key) {
            Some(old) => *old = row.clone(),
            None => rows.push(row.clone()),
        },
        PanelChange::Remove(_, key) => {
            let found = rows.iter().position(|row| row.key == *key);
            rows.remove(found.ok_or_else(|| format!("panel {panel} has no row {key:?}"))?);
        }
        PanelChange::MoveAll(from, to) => {
            expect(*to < count && from != to, || format!("panel {to} is no other panel"))?;
            let moved = std::mem::take(&mut panels[*from]);
            let target = &mut panels[*to];
            let is_new = |row: &PanelRow| target.iter().all(|old| old.key != row.key);
            expect(moved.iter().all(is_new), || format!("panel {to} has a moved row already"))?;
            target.extend(moved);
        }
    }
    Ok(())
}

fn expect(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}
