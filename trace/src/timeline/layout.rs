//! The places of everything in a drawing, in pixels. No text of SVG is made here.

use std::time::Duration;

use crate::timeline::axis::ticks;
use crate::timeline::bars::Scale;
use crate::timeline::labelled::LabelledRecording;
use crate::timeline::legend::{LegendItem, legend};
use crate::timeline::measures::{
    AXIS_HEIGHT, PADDING, PLOT_LEFT, PLOT_MARGIN, ROW_GAP, TITLE_HEIGHT, WIDTH,
};
use crate::timeline::palette::Palette;
use crate::timeline::row::{DrawnRow, Heading};
use crate::timeline::spans::Spans;

/// A drawing in numbers.
#[derive(Debug)]
pub(crate) struct Drawing {
    pub(crate) height: f64,
    /// The baseline of the title.
    pub(crate) title_y: f64,
    pub(crate) rows: Vec<DrawnRow>,
    pub(crate) axis: Axis,
    pub(crate) legend: Vec<LegendItem>,
    pub(crate) palette: Palette,
}

/// The time axis, below all lanes.
#[derive(Debug)]
pub(crate) struct Axis {
    pub(crate) y: f64,
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Drawing {
    pub(crate) fn new(recordings: &[LabelledRecording]) -> Drawing {
        let spans: Vec<_> = recordings.iter().map(|one| Spans::new(&one.recording)).collect();
        let total = spans.iter().map(Spans::total).max().unwrap_or_default();
        let right = WIDTH - PLOT_MARGIN;
        let palette = Palette::new(names(&spans));
        let mut y = TITLE_HEIGHT;
        let mut rows = Vec::new();
        for (labelled, spans) in recordings.iter().zip(&spans) {
            let scale = Scale::new(spans.begin, total, PLOT_LEFT, right - PLOT_LEFT);
            let heading = labelled.heading.as_ref().map_or(Heading::Absent, |_| Heading::Above);
            rows.push(DrawnRow::new(spans, &scale, heading, &mut y));
            y += ROW_GAP;
        }
        // Several recordings share an axis that begins at zero.
        let begin = match &spans[..] {
            [only] => only.begin,
            _ => Duration::ZERO,
        };
        let scale = Scale::new(begin, total, PLOT_LEFT, right - PLOT_LEFT);
        let axis = Axis::new(begin, total, &scale, y - ROW_GAP);
        y = axis.y + AXIS_HEIGHT;
        let legend = legend(&palette, &rows, &mut y);
        let height = y + PADDING / 2.0;
        Drawing { height, title_y: PADDING + 12.0, rows, axis, legend, palette }
    }
}

/// The names of all bars, in the order of their begin, and of their text at the same time, so that
/// the order does not depend on which of two threads was faster.
fn names(spans: &[Spans]) -> Vec<&str> {
    let mut names = Vec::new();
    for spans in spans {
        let busy = spans.lanes.iter().flat_map(|lane| &lane.busy);
        let mut row: Vec<_> = busy.map(|span| (span.time.begin, &*span.name)).collect();
        row.sort_unstable();
        names.extend(row.into_iter().map(|(_, name)| name));
    }
    names
}

impl Axis {
    fn new(begin: Duration, total: Duration, scale: &Scale, y: f64) -> Axis {
        let end = begin.saturating_add(total);
        let ticks = ticks(begin, end).into_iter().map(|tick| (scale.x(tick.time), tick.label));
        Axis { y, ticks: ticks.collect() }
    }
}
