//! A drawing in words, for readers who do not see it.

use std::fmt::Write;

use crate::timeline::axis::duration_text;
use crate::timeline::labelled::LabelledRecording;
use crate::timeline::row::{DrawnLane, DrawnRow};

/// The largest number of names of one lane.
const NAMES_MAX: usize = 6;

/// Returns a sentence for each recording and each of its threads.
pub(crate) fn description(recordings: &[LabelledRecording], rows: &[DrawnRow]) -> String {
    let mut text = String::new();
    for (labelled, row) in recordings.iter().zip(rows) {
        // Writing to a `String` does not fail.
        let _ = match &labelled.heading {
            Some(heading) => write!(text, "{heading}: {} in total", row.total),
            None => write!(text, "{} in total", row.total),
        };
        for lane in &row.lanes {
            text.push_str("; ");
            text.push_str(&lane_text(lane));
        }
        text.push_str(". ");
        for (_, note) in &row.notes {
            text.push_str(note);
            text.push(' ');
        }
    }
    text.trim_end().to_owned()
}

fn lane_text(lane: &DrawnLane) -> String {
    let (busy, parked) = (duration_text(lane.busy_time), duration_text(lane.parked_time));
    let mut names: Vec<&str> = Vec::new();
    for name in lane.bars.iter().filter_map(|bar| bar.name.as_deref()) {
        if !names.contains(&name) && names.len() <= NAMES_MAX {
            names.push(name);
        }
    }
    let rest = if names.len() > NAMES_MAX { " and others" } else { "" };
    names.truncate(NAMES_MAX);
    let with = if names.is_empty() { "" } else { " with " };
    format!(
        "{} is busy for {busy}{with}{}{rest}, parked for {parked}",
        lane.label,
        names.join(", ")
    )
}
