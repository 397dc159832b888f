//! The part of a drawing that shows one recording.

use std::cmp::Reverse;
use std::time::Duration;

use crate::timeline::arrows::{Arrows, LanePlace, arrows};
use crate::timeline::axis::duration_text;
use crate::timeline::bars::{Bar, Scale, bars};
use crate::timeline::measures::{
    BAR_HEIGHT, HEADING_HEIGHT, LANE_HEIGHT, LANES_MAX, NOTE_HEIGHT, PARK_MIN,
};
use crate::timeline::spans::{LaneSpans, Spans};
use crate::timeline::threads::LaneKind;

/// The place of a recording's heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heading {
    Above,
    Absent,
}

/// One recording.
#[derive(Debug)]
pub(crate) struct DrawnRow {
    /// The baseline of the heading, if there is one.
    pub(crate) heading_y: Option<f64>,
    pub(crate) total: String,
    pub(crate) lanes: Vec<DrawnLane>,
    pub(crate) arrows: Arrows,
    /// Sentences about what is not drawn, with their baselines.
    pub(crate) notes: Vec<(f64, String)>,
}

/// One thread.
#[derive(Debug)]
pub(crate) struct DrawnLane {
    pub(crate) label: String,
    pub(crate) top: f64,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) bars: Vec<Bar>,
    /// The begin and the end of each parked interval.
    pub(crate) parked: Vec<(f64, f64)>,
    pub(crate) busy_time: Duration,
    pub(crate) parked_time: Duration,
}

impl DrawnRow {
    /// Places a recording from `y` on, and moves `y` below it.
    pub(crate) fn new(spans: &Spans, scale: &Scale, heading: Heading, y: &mut f64) -> DrawnRow {
        let heading_y = match heading {
            Heading::Above => {
                *y += HEADING_HEIGHT;
                Some(*y - 9.0)
            }
            Heading::Absent => None,
        };
        let shown = shown_lanes(&spans.lanes);
        let mut lanes = Vec::new();
        let mut places = Vec::new();
        for lane in &shown {
            lanes.push(DrawnLane::new(lane, spans, scale, *y));
            places.push(LanePlace { kind: lane.kind, top: *y, bottom: *y + BAR_HEIGHT });
            *y += LANE_HEIGHT;
        }
        let arrows = arrows(&spans.links, &places, scale);
        let mut notes = Vec::new();
        for note in notes_of(spans, shown.len(), &arrows) {
            notes.push((*y + NOTE_HEIGHT - 5.0, note));
            *y += NOTE_HEIGHT;
        }
        DrawnRow { heading_y, total: duration_text(spans.total()), lanes, arrows, notes }
    }
}

impl DrawnRow {
    /// The upper end of the first lane, and the lower end of the last one.
    pub(crate) fn lanes_range(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.lanes.first()?, self.lanes.last()?);
        Some((first.top, last.top + BAR_HEIGHT))
    }
}

impl DrawnLane {
    fn new(lane: &LaneSpans, spans: &Spans, scale: &Scale, top: f64) -> DrawnLane {
        let parked = lane.parked.iter().map(|parked| (scale.x(parked.begin), scale.x(parked.end)));
        DrawnLane {
            label: lane.kind.to_string(),
            top,
            left: scale.x(spans.begin),
            right: scale.x(spans.end),
            bars: bars(&lane.busy, scale),
            // Shorter ones cannot be seen, and there may be many.
            parked: parked.filter(|(begin, end)| end - begin >= PARK_MIN).collect(),
            busy_time: lane.busy_time(),
            parked_time: lane.parked_time(),
        }
    }
}

/// The loops, and the busiest of the other lanes, in their order.
fn shown_lanes(lanes: &[LaneSpans]) -> Vec<&LaneSpans> {
    let mut shown: Vec<_> = lanes.iter().collect();
    let is_loop = |lane: &LaneSpans| matches!(lane.kind, LaneKind::Loop(_));
    shown.sort_by_key(|lane| (!is_loop(lane), Reverse(lane.busy_time())));
    shown.truncate(LANES_MAX);
    shown.sort_by_key(|lane| lane.kind);
    shown
}

fn notes_of(spans: &Spans, shown: usize, arrows: &Arrows) -> Vec<String> {
    let mut notes = Vec::new();
    if spans.lanes.is_empty() {
        notes.push("The recording has no events of a loop or a pool.".to_owned());
    }
    if spans.lost > 0 {
        notes.push(format!("{} events are missing, most of them from the beginning.", spans.lost));
    }
    if shown < spans.lanes.len() {
        let all = spans.lanes.len();
        notes.push(format!("{shown} of {all} threads are drawn, the busiest ones."));
    }
    if arrows.drawn.len() < arrows.total {
        let (drawn, total) = (arrows.drawn.len(), arrows.total);
        notes.push(format!("{drawn} of {total} arrows are drawn."));
    }
    notes
}
