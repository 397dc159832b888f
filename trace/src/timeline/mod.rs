//! A timeline: recordings as one SVG drawing.
//!
//! Each thread is a lane: the loop, then the workers of the pool, then other threads that woke a
//! task. A bar is a poll of a task or the run of a job, in a colour that its name determines. A
//! parked thread is a thin line. Arrows lead from a wake on another thread to the poll that
//! follows, and from the submit of a job to its run.
//!
//! The drawing is bounded, however long the recording is: polls below two pixels are merged into
//! bars, arrows are thinned out, and only the busiest threads are drawn. Its text says so.
//!
//! The SVG needs nothing from elsewhere: no script, no font, no image. It follows the colour scheme
//! of its reader by a media query, and is light where styles are removed.
//!
//! In reading order: `spans` turns events into intervals of time, `layout` into numbers of
//! pixels, `svg` into text.

mod arrows;
mod axis;
mod bars;
mod describe;
mod labelled;
mod layout;
mod legend;
mod measures;
mod palette;
mod row;
mod spans;
mod svg;
#[cfg(test)]
mod tests;
mod threads;

use std::fmt;

use crate::recording::Recording;
use crate::timeline::labelled::LabelledRecording;
use crate::timeline::layout::Drawing;

/// A drawing of one recording, or of several under each other on one time axis.
///
/// [`to_svg`](Timeline::to_svg) makes the drawing.
///
/// # Examples
/// ```
/// use aside_trace::{Recording, Timeline};
///
/// let recording = Recording::default();
/// let svg = Timeline::of("nothing happened", recording).to_svg();
/// assert!(svg.starts_with("<svg"));
/// ```
#[derive(Clone, Debug)]
pub struct Timeline {
    title: String,
    recordings: Vec<LabelledRecording>,
}

impl Timeline {
    /// A drawing of one recording. Its axis shows the time since the trace began.
    pub fn of(title: impl Into<String>, recording: Recording) -> Timeline {
        let mut timeline = Timeline::new(title);
        let caption = String::new();
        timeline.recordings.push(LabelledRecording { heading: None, caption, recording });
        timeline
    }

    /// A drawing without recordings. [`compare`](Timeline::compare) adds them.
    pub fn new(title: impl Into<String>) -> Timeline {
        Timeline { title: title.into(), recordings: Vec::new() }
    }

    /// Adds a recording under the others. `heading` is its name, and `caption` a short remark. Each
    /// recording begins at the left end of the common axis.
    #[must_use]
    pub fn compare(
        mut self,
        heading: impl Into<String>,
        caption: impl Into<String>,
        recording: Recording,
    ) -> Timeline {
        let (heading, caption) = (Some(heading.into()), caption.into());
        self.recordings.push(LabelledRecording { heading, caption, recording });
        self
    }

    /// Returns the drawing as the text of an SVG file.
    pub fn to_svg(&self) -> String {
        svg::write(&self.title, &self.recordings, &Drawing::new(&self.recordings))
    }
}

/// Writes the text that [`to_svg`](Timeline::to_svg) returns.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_svg())
    }
}
