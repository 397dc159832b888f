//! The text of a drawing.

use std::fmt::{self, Write};

use crate::escape::xml;
use crate::timeline::arrows::Arrow;
use crate::timeline::axis::duration_text;
use crate::timeline::bars::Bar;
use crate::timeline::describe::description;
use crate::timeline::labelled::LabelledRecording;
use crate::timeline::layout::Drawing;
use crate::timeline::legend::{LegendItem, Sample, shortened};
use crate::timeline::measures::{BAR_HEIGHT, CHARACTER_WIDTH, PADDING, PLOT_LEFT, WIDTH};
use crate::timeline::palette::{Palette, SWATCHES};
use crate::timeline::row::{DrawnLane, DrawnRow};
use crate::timeline::spans::LinkEffect;

/// The colours by scheme. Where styles are removed, the attributes of the elements give those of
/// the light scheme, on a light background.
const STYLE: &str = include_str!("timeline.css");

/// The attributes of the light scheme, for each class of the style.
const BACKGROUND: &str = "class=\"bg\" fill=\"#ffffff\" stroke=\"#d1d9e0\"";
const INK: &str = "class=\"ink\" fill=\"#1f2328\"";
const MUTED: &str = "class=\"muted\" fill=\"#59636e\"";
const TRACK: &str = "class=\"track\" fill=\"#eef1f4\"";
const GRID: &str = "class=\"grid\" stroke=\"#d1d9e0\"";
const PARKED: &str = "class=\"park\" stroke=\"#818b98\"";
const SEVERAL: &str = "class=\"several\" fill=\"#59636e\"";
const WAKE: &str = "class=\"wake\" fill=\"none\" stroke=\"#1f2328\"";
const WAKE_HEAD: &str = "class=\"head\" fill=\"#1f2328\"";
const SUBMIT: &str = "class=\"submit\" fill=\"none\" stroke=\"#818b98\"";
const SUBMIT_HEAD: &str = "class=\"tail\" fill=\"#818b98\"";

/// More bars than this have no tooltips, which would make the file large.
const TOOLTIPS_MAX: usize = 400;

/// Returns the SVG of a drawing.
pub(crate) fn write(title: &str, recordings: &[LabelledRecording], drawing: &Drawing) -> String {
    let mut text = String::new();
    // Writing to a `String` does not fail.
    let _ = document(&mut text, title, recordings, drawing);
    text
}

fn document(
    out: &mut String,
    title: &str,
    recordings: &[LabelledRecording],
    drawing: &Drawing,
) -> fmt::Result {
    let (width, height) = (Px(WIDTH), Px(drawing.height.ceil()));
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-size=\"11\" \
         font-family=\"system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif\">"
    )?;
    writeln!(out, "<title>{}</title>", xml(title))?;
    writeln!(out, "<desc>{}</desc>", xml(&description(recordings, &drawing.rows)))?;
    writeln!(out, "<style>\n{}</style>", STYLE)?;
    let (frame_width, frame_height) = (Px(WIDTH - 1.0), Px(drawing.height.ceil() - 1.0));
    writeln!(
        out,
        "<rect {BACKGROUND} x=\"0.5\" y=\"0.5\" width=\"{frame_width}\" \
         height=\"{frame_height}\" rx=\"8\"/>"
    )?;
    head(out, title, recordings, drawing)?;
    axis(out, drawing)?;
    tracks(out, &drawing.rows)?;
    let bars: usize =
        drawing.rows.iter().flat_map(|row| &row.lanes).map(|lane| lane.bars.len()).sum();
    let tooltips = if bars <= TOOLTIPS_MAX { Tooltips::Shown } else { Tooltips::Omitted };
    for (labelled, row) in recordings.iter().zip(&drawing.rows) {
        row_text(out, labelled, row)?;
        for lane in &row.lanes {
            lane_bars(out, lane, &drawing.palette, tooltips)?;
        }
    }
    for effect in [LinkEffect::Submit, LinkEffect::Wake] {
        let all = drawing.rows.iter().flat_map(|row| &row.arrows.drawn);
        arrows(out, effect, all.filter(|arrow| arrow.effect == effect))?;
    }
    legend(out, &drawing.legend)?;
    out.write_str("</svg>\n")
}

/// The title; and the total time, if there is one recording.
fn head(
    out: &mut String,
    title: &str,
    recordings: &[LabelledRecording],
    drawing: &Drawing,
) -> fmt::Result {
    let y = Px(drawing.title_y);
    let title = xml(&shortened(title, 80));
    writeln!(
        out,
        "<text {INK} x=\"{}\" y=\"{y}\" font-size=\"16\" font-weight=\"600\">{title}</text>",
        Px(PADDING)
    )?;
    if let ([LabelledRecording { heading: None, .. }], [row]) = (recordings, &drawing.rows[..]) {
        total(out, row, drawing.title_y)?;
    }
    Ok(())
}

fn total(out: &mut String, row: &DrawnRow, y: f64) -> fmt::Result {
    let (x, y, total) = (Px(WIDTH - PADDING), Px(y), xml(&row.total));
    writeln!(
        out,
        "<text {INK} x=\"{x}\" y=\"{y}\" font-size=\"14\" font-weight=\"600\" \
         text-anchor=\"end\">{total}</text>"
    )
}

fn row_text(out: &mut String, labelled: &LabelledRecording, row: &DrawnRow) -> fmt::Result {
    if let (Some(y), Some(heading)) = (row.heading_y, &labelled.heading) {
        writeln!(
            out,
            "<text {INK} x=\"{}\" y=\"{}\" font-size=\"13\" font-weight=\"600\">{}\
             <tspan {MUTED} dx=\"10\" font-size=\"12\" font-weight=\"400\">{}</tspan></text>",
            Px(PADDING),
            Px(y),
            xml(&shortened(heading, 30)),
            xml(&shortened(&labelled.caption, 80)),
        )?;
        total(out, row, y)?;
    }
    for (y, note) in &row.notes {
        let (x, y, note) = (Px(PLOT_LEFT), Px(*y), xml(note));
        writeln!(out, "<text {MUTED} x=\"{x}\" y=\"{y}\" font-style=\"italic\">{note}</text>")?;
    }
    Ok(())
}

/// The backgrounds and the labels of all lanes, and their parked intervals.
fn tracks(out: &mut String, rows: &[DrawnRow]) -> fmt::Result {
    let lanes = || rows.iter().flat_map(|row| &row.lanes);
    writeln!(out, "<g {TRACK}>")?;
    for lane in lanes() {
        let (x, y, width) = (Px(lane.left), Px(lane.top), Px(lane.right - lane.left));
        let height = Px(BAR_HEIGHT);
        writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\"/>"
        )?;
    }
    writeln!(out, "</g>\n<g {MUTED} text-anchor=\"end\">")?;
    for lane in lanes() {
        let (x, y) = (Px(PLOT_LEFT - 14.0), Px(lane.top + BAR_HEIGHT / 2.0 + 4.0));
        writeln!(out, "<text x=\"{x}\" y=\"{y}\">{}</text>", xml(&lane.label))?;
    }
    writeln!(out, "</g>")?;
    let mut path = String::new();
    for lane in lanes() {
        for (begin, end) in &lane.parked {
            let y = Px(lane.top + BAR_HEIGHT / 2.0);
            write!(path, "M{} {y}H{}", Px(begin + 1.0), Px(end - 0.5))?;
        }
    }
    if !path.is_empty() {
        writeln!(out, "<path {PARKED} stroke-width=\"2\" stroke-dasharray=\"2 3\" d=\"{path}\"/>")?;
    }
    Ok(())
}

/// The grid behind the lanes of each recording, and the labels of the ticks.
fn axis(out: &mut String, drawing: &Drawing) -> fmt::Result {
    let axis = &drawing.axis;
    let mut path = String::new();
    for (x, _) in &axis.ticks {
        for (top, bottom) in drawing.rows.iter().filter_map(DrawnRow::lanes_range) {
            write!(path, "M{} {}V{}", Px(*x), Px(top - 4.0), Px(bottom + 4.0))?;
        }
        write!(path, "M{} {}v5", Px(*x), Px(axis.y))?;
    }
    if !path.is_empty() {
        writeln!(out, "<path {GRID} d=\"{path}\"/>")?;
    }
    writeln!(out, "<g {MUTED} text-anchor=\"middle\">")?;
    for (x, label) in &axis.ticks {
        let (x, y) = (Px(*x), Px(axis.y + 18.0));
        writeln!(out, "<text x=\"{x}\" y=\"{y}\">{}</text>", xml(label))?;
    }
    writeln!(out, "</g>")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tooltips {
    Shown,
    Omitted,
}

fn lane_bars(
    out: &mut String,
    lane: &DrawnLane,
    palette: &Palette,
    tooltips: Tooltips,
) -> fmt::Result {
    for bar in &lane.bars {
        let colour = bar.name.as_deref().and_then(|name| palette.index_of(name));
        let (x, y) = (Px(bar.left), Px(lane.top));
        let (width, height) = (Px(bar.width()), Px(BAR_HEIGHT));
        let radius = if bar.width() >= 8.0 { " rx=\"3\"" } else { "" };
        write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{radius} ")?;
        match colour {
            Some(colour) => write!(out, "fill=\"{}\"", SWATCHES[colour].fill)?,
            None => out.write_str(SEVERAL)?,
        }
        match tooltips {
            Tooltips::Shown => writeln!(out, "><title>{}</title></rect>", xml(&tooltip(bar)))?,
            Tooltips::Omitted => writeln!(out, "/>")?,
        }
        if let (Some(colour), Some(name)) = (colour, &bar.name) {
            bar_label(out, bar, lane.top, name, SWATCHES[colour].text)?;
        }
    }
    Ok(())
}

/// The name in the bar, or a part of it, and the length of time, as far as they fit.
fn bar_label(out: &mut String, bar: &Bar, top: f64, name: &str, colour: &str) -> fmt::Result {
    let room = ((bar.width() - 14.0) / CHARACTER_WIDTH) as usize;
    let characters = name.chars().count();
    if room < characters.min(4) {
        return Ok(());
    }
    let (x, y) = (Px(bar.left + 7.0), Px(top + BAR_HEIGHT / 2.0 + 4.0));
    let label = xml(&shortened(name, room));
    writeln!(out, "<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{label}</text>")?;
    let length = duration_text(bar.end.saturating_sub(bar.begin));
    if room < characters + length.chars().count() + 3 {
        return Ok(());
    }
    let x = Px(bar.right - 7.0);
    writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\" text-anchor=\"end\">{}</text>",
        xml(&length)
    )
}

fn tooltip(bar: &Bar) -> String {
    let name = bar.name.as_deref().unwrap_or("several tasks");
    let (begin, length) =
        (duration_text(bar.begin), duration_text(bar.end.saturating_sub(bar.begin)));
    match bar.count {
        1 => format!("{name}: {length} from {begin}"),
        count => format!("{name}: {count} in {length} from {begin}"),
    }
}

fn arrows<'a>(
    out: &mut String,
    effect: LinkEffect,
    arrows: impl Iterator<Item = &'a Arrow>,
) -> fmt::Result {
    let mut paths = ArrowPaths::default();
    for arrow in arrows {
        paths.add(arrow)?;
    }
    if paths.lines.is_empty() {
        return Ok(());
    }
    let (line, head) = attributes(effect);
    let ArrowPaths { lines, dots, heads } = paths;
    writeln!(out, "<path {line} stroke-width=\"1.3\" stroke-linejoin=\"round\" d=\"{lines}\"/>")?;
    writeln!(out, "<path {head} d=\"{dots}\"/>")?;
    writeln!(out, "<path {head} d=\"{heads}\"/>")
}

fn attributes(effect: LinkEffect) -> (&'static str, &'static str) {
    match effect {
        LinkEffect::Wake => (WAKE, WAKE_HEAD),
        LinkEffect::Submit => (SUBMIT, SUBMIT_HEAD),
    }
}

/// The data of three paths. Shapes of one path that overlap could cancel each other.
#[derive(Default)]
struct ArrowPaths {
    lines: String,
    dots: String,
    heads: String,
}

impl ArrowPaths {
    /// Adds a line with a dot at its begin and a triangle at its end. Its horizontal part lies in
    /// the gap before the second lane.
    fn add(&mut self, arrow: &Arrow) -> fmt::Result {
        let ((x0, y0), (x1, y1)) = (arrow.from, arrow.to);
        let down = (y1 - y0).signum();
        let (start, end, from_y, neck) = (Px(x0), Px(x1), Px(y0), Px(y1 - 6.0 * down));
        write!(self.lines, "M{start} {from_y}V{neck}")?;
        if x1 - x0 >= 0.1 {
            write!(self.lines, "H{end}")?;
        }
        write!(self.dots, "M{} {from_y}a2 2 0 1 0 4 0a2 2 0 1 0-4 0z", Px(x0 - 2.0))?;
        write!(self.heads, "M{end} {}l-3.5 {}h7z", Px(y1), Px(-7.0 * down))
    }
}

fn legend(out: &mut String, items: &[LegendItem]) -> fmt::Result {
    for item in items {
        sample(out, item)?;
        let x = if item.sample == Sample::Nothing { item.x } else { item.x + 22.0 };
        let (x, y, text) = (Px(x), Px(item.y + 4.0), xml(&item.text));
        writeln!(out, "<text {MUTED} x=\"{x}\" y=\"{y}\">{text}</text>")?;
    }
    Ok(())
}

fn sample(out: &mut String, item: &LegendItem) -> fmt::Result {
    let (x, y) = (item.x, item.y);
    let square = |attributes: &str| {
        let (x, y) = (Px(x + 2.0), Px(y - 6.0));
        format!("<rect {attributes} x=\"{x}\" y=\"{y}\" width=\"14\" height=\"12\" rx=\"3\"/>")
    };
    match item.sample {
        Sample::Nothing => Ok(()),
        Sample::Colour(colour) => {
            writeln!(out, "{}", square(&format!("fill=\"{}\"", SWATCHES[colour].fill)))
        }
        Sample::Several => writeln!(out, "{}", square(SEVERAL)),
        Sample::Parked => writeln!(
            out,
            "<path {PARKED} stroke-width=\"2\" stroke-dasharray=\"2 3\" d=\"M{} {}h17\"/>",
            Px(x),
            Px(y)
        ),
        Sample::Arrow(effect) => {
            let (line, head) = attributes(effect);
            writeln!(
                out,
                "<path {line} stroke-width=\"1.3\" d=\"M{} {}h12\"/>\
                 <path {head} d=\"M{} {}l-7 -3.5v7z\"/>",
                Px(x),
                Px(y),
                Px(x + 17.0),
                Px(y)
            )
        }
    }
}

/// A number of pixels with at most one decimal.
#[derive(Clone, Copy)]
struct Px(f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        let sign = if tenths < 0 { "-" } else { "" };
        let tenths = tenths.unsigned_abs();
        match tenths % 10 {
            0 => write!(f, "{sign}{}", tenths / 10),
            tenth => write!(f, "{sign}{}.{tenth}", tenths / 10),
        }
    }
}
