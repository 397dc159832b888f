//! The legend: the colours of names, and the signs of the drawing.

use crate::timeline::measures::{CHARACTER_WIDTH, PADDING, PLOT_LEFT, WIDTH};
use crate::timeline::palette::Palette;
use crate::timeline::row::DrawnRow;
use crate::timeline::spans::LinkEffect;

/// The largest number of names in the legend.
pub(crate) const NAMES_MAX: usize = 16;

/// The longest text, in characters.
const TEXT_MAX: usize = 40;

const LINE_HEIGHT: f64 = 20.0;
const SAMPLE_WIDTH: f64 = 26.0;

/// A line of the legend: a sample and its text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LegendItem {
    pub(crate) x: f64,
    /// The middle of the line.
    pub(crate) y: f64,
    pub(crate) sample: Sample,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    Colour(usize),
    /// Bars of several names, merged.
    Several,
    Parked,
    Arrow(LinkEffect),
    Nothing,
}

/// Returns the legend from `y` on, and moves `y` below it.
pub(crate) fn legend(palette: &Palette, rows: &[DrawnRow], y: &mut f64) -> Vec<LegendItem> {
    let names = name_items(palette);
    let signs = sign_items(rows);
    let mut items = flow(names, y);
    items.extend(flow(signs, y));
    items
}

fn name_items(palette: &Palette) -> Vec<(Sample, String)> {
    let names = palette.names();
    let shown = names.iter().take(NAMES_MAX);
    let mut items: Vec<_> =
        shown.map(|(name, colour)| (Sample::Colour(*colour), shortened(name, TEXT_MAX))).collect();
    if names.len() > NAMES_MAX {
        items.push((Sample::Nothing, format!("and {} more names", names.len() - NAMES_MAX)));
    }
    items
}

fn sign_items(rows: &[DrawnRow]) -> Vec<(Sample, String)> {
    let lanes = || rows.iter().flat_map(|row| &row.lanes);
    let has_arrow =
        |effect| rows.iter().any(|row| row.arrows.drawn.iter().any(|one| one.effect == effect));
    let signs = [
        (lanes().any(|lane| lane.bars.iter().any(|bar| bar.name.is_none())), Sample::Several),
        (lanes().any(|lane| !lane.parked.is_empty()), Sample::Parked),
        (has_arrow(LinkEffect::Submit), Sample::Arrow(LinkEffect::Submit)),
        (has_arrow(LinkEffect::Wake), Sample::Arrow(LinkEffect::Wake)),
    ];
    let present = signs.into_iter().filter(|(is_present, _)| *is_present);
    present.map(|(_, sample)| (sample, text_of(sample).to_owned())).collect()
}

fn text_of(sample: Sample) -> &'static str {
    match sample {
        Sample::Colour(_) | Sample::Nothing => "",
        Sample::Several => "short polls of several tasks",
        Sample::Parked => "parked: the thread waits",
        Sample::Arrow(LinkEffect::Submit) => "a job goes to a worker",
        Sample::Arrow(LinkEffect::Wake) => "a wake, and the poll that follows",
    }
}

/// Places items from left to right, in as many lines as they need.
fn flow(items: Vec<(Sample, String)>, y: &mut f64) -> Vec<LegendItem> {
    let mut placed = Vec::new();
    if items.is_empty() {
        return placed;
    }
    let mut x = PLOT_LEFT;
    for (sample, text) in items {
        let item_width = SAMPLE_WIDTH + text.chars().count() as f64 * CHARACTER_WIDTH;
        if x > PLOT_LEFT && x + item_width > WIDTH - PADDING {
            x = PLOT_LEFT;
            *y += LINE_HEIGHT;
        }
        placed.push(LegendItem { x, y: *y + LINE_HEIGHT / 2.0, sample, text });
        x += item_width + 14.0;
    }
    *y += LINE_HEIGHT;
    placed
}

/// Returns the text, cut to `most` characters.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}
