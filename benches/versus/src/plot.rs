//! The plot of the rows of [scale](crate::scale): a panel for each kind of unit.
//!
//! Both axes are logarithmic, so a horizontal line is a cost that does not depend on the number of
//! units, and the same slope is the same growth in all panels.

use crate::peers::Peer;
use crate::rounds::Measured;
use crate::scale::{Curve, Kind, Memory, curves};
use crate::svg::{Anchor, At, Svg};
use crate::table::{figure, whole};

const PANEL: (f64, f64) = (400.0, 270.0);
const COLUMNS: usize = 2;
/// The height of the title and of the legend.
const HEAD: f64 = 64.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 42.0;

/// The colours, for a light and for a dark background.
const STYLE: &str = "
svg { --ink: #1f2328; --faint: #d1d9e0; --paper: #ffffff; --aside: #0b62c4; --tokio: #c2410c;
  --smol: #15803d; --monoio: #9333ea; --futures: #8a6a00; --other: #6b7280; }
@media (prefers-color-scheme: dark) {
  svg { --ink: #e6edf3; --faint: #3d444d; --paper: #0d1117; --aside: #58a6ff; --tokio: #ff8a4c;
    --smol: #4ade80; --monoio: #c792ff; --futures: #e3b341; --other: #9ca3af; }
}
.paper { fill: var(--paper); }
text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.title { font-size: 14px; font-weight: 600; }
.grid { fill: none; stroke: var(--faint); stroke-width: 1; }
.axis { fill: none; stroke: var(--ink); stroke-width: 1; }
.curve { fill: none; stroke-width: 1.5; }
.curve.aside { stroke-width: 3; }
.cold { stroke-dasharray: 5 4; }
.aside { stroke: var(--aside); } .tokio { stroke: var(--tokio); } .smol { stroke: var(--smol); }
.monoio { stroke: var(--monoio); } .futures { stroke: var(--futures); }
.other { stroke: var(--other); }
.dot { fill: var(--paper); }
";

/// Returns the plot as an SVG document.
pub fn svg(measured: &[Measured]) -> String {
    let panels: Vec<_> = Kind::ALL
        .into_iter()
        .map(|kind| (kind, curves(measured, kind)))
        .filter(|(_, curves)| !curves.is_empty())
        .collect();
    let rows = panels.len().div_ceil(COLUMNS).max(1);
    let width = PANEL.0 * COLUMNS as f64;
    let height = HEAD + PANEL.1 * rows as f64;
    let title = "Cost of a unit, by the number of units";
    let mut svg = Svg::new(width, height, title, STYLE);
    svg.rectangle("paper", (0.0, 0.0), width, height);
    svg.text("title", Anchor::Start, (LEFT, 22.0), title);
    legend(&mut svg, &panels);
    for (index, (kind, curves)) in panels.iter().enumerate() {
        let column = (index % COLUMNS) as f64;
        let row = (index / COLUMNS) as f64;
        panel(&mut svg, (column * PANEL.0, HEAD + row * PANEL.1), *kind, curves);
    }
    svg.finish()
}

fn legend(svg: &mut Svg, panels: &[(Kind, Vec<Curve>)]) {
    let mut x = LEFT;
    let has =
        |peer: Peer| panels.iter().flat_map(|(_, curves)| curves).any(|curve| curve.peer == peer);
    let peers = Peer::ALL.into_iter().filter(|&peer| has(peer));
    let peers = peers.map(|peer| (peer.name(), format!("curve {}", class(peer))));
    let states = Memory::ALL.map(|memory| (memory.name(), format!("axis {}", memory.name())));
    for (name, class) in peers.chain(states) {
        svg.line(&class, &[(x, 44.0), (x + 24.0, 44.0)]);
        svg.text("", Anchor::Start, (x + 30.0, 48.0), name);
        x += 56.0 + 7.0 * name.len() as f64;
    }
}

fn class(peer: Peer) -> &'static str {
    match peer {
        Peer::Aside => "aside",
        Peer::Tokio => "tokio",
        Peer::Smol => "smol",
        Peer::Monoio => "monoio",
        Peer::Futures => "futures",
        _other => "other",
    }
}

fn panel(svg: &mut Svg, (x, y): At, kind: Kind, curves: &[Curve]) {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let across = Axis::new(points().map(|&(size, _)| size as f64), (x + LEFT, x + PANEL.0 - RIGHT));
    let up = Axis::new(points().map(|&(_, cost)| cost), (y + PANEL.1 - BOTTOM, y + TOP));
    let title = format!("{}: {}", kind.title(), kind.unit());
    svg.text("title", Anchor::Start, (x + LEFT, y + 16.0), &title);
    for tick in up.ticks() {
        let at = up.position(tick);
        svg.line("grid", &[(across.from, at), (across.to, at)]);
        svg.text("", Anchor::End, (across.from - 6.0, at + 4.0), &label(tick));
    }
    for tick in across.decades() {
        let at = across.position(tick);
        svg.line("grid", &[(at, up.from), (at, up.to)]);
        svg.text("", Anchor::Middle, (at, up.from + 17.0), &label(tick));
    }
    svg.line("axis", &[(across.from, up.to), (across.from, up.from), (across.to, up.from)]);
    let middle = f64::midpoint(across.from, across.to);
    svg.text("", Anchor::Middle, (middle, up.from + 34.0), &format!("number of {}", kind.title()));
    // The first peer is drawn last, above the others.
    for curve in curves.iter().rev() {
        draw(svg, curve, &across, &up);
    }
}

fn draw(svg: &mut Svg, curve: &Curve, across: &Axis, up: &Axis) {
    let at = |&(size, cost): &(usize, f64)| (across.position(size as f64), up.position(cost));
    let positions: Vec<At> = curve.points.iter().map(at).collect();
    let (peer, memory) = (class(curve.peer), curve.memory.name());
    svg.line(&format!("curve {peer} {memory}"), &positions);
    for (&(size, cost), &position) in curve.points.iter().zip(&positions) {
        let of = format!("{}, {memory}, {}", curve.peer.name(), whole(size as f64));
        svg.dot(&format!("dot {peer}"), position, &format!("{of}: {} ns", figure(cost)));
    }
}

/// Formats a whole number, or a fraction with one decimal.
fn label(tick: f64) -> String {
    if tick < 1.0 { format!("{tick:.1}") } else { whole(tick) }
}

/// A logarithmic axis.
#[derive(Debug)]
struct Axis {
    low: f64,
    high: f64,
    /// The position of `low`.
    from: f64,
    /// The position of `high`.
    to: f64,
}

impl Axis {
    /// Makes an axis for these values, with a margin of 10 %.
    fn new(values: impl Iterator<Item = f64>, (from, to): (f64, f64)) -> Axis {
        let (low, high) = values
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        Axis { low: low / 1.1, high: high * 1.1, from, to }
    }

    fn position(&self, value: f64) -> f64 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        self.from + share * (self.to - self.from)
    }

    /// The powers of ten on the axis.
    fn decades(&self) -> Vec<f64> {
        self.multiples(&[1.0])
    }

    /// The powers of ten on the axis, their doubles and their fivefolds.
    fn ticks(&self) -> Vec<f64> {
        self.multiples(&[1.0, 2.0, 5.0])
    }

    fn multiples(&self, of: &[f64]) -> Vec<f64> {
        let first = self.low.log10().floor() as i32;
        let last = self.high.log10().floor() as i32;
        (first..=last)
            .flat_map(|decade| of.iter().map(move |&multiple| multiple * 10_f64.powi(decade)))
            .filter(|&tick| tick >= self.low && tick <= self.high)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;
    use crate::scale::Scale;

    fn measured(kind: Kind, size: usize, cost: f64) -> Measured {
        let row = Row::new("row", "a row", Vec::new());
        let row = row.scale(Scale { kind, memory: Memory::Warm, size });
        let figures = [(Peer::Aside, cost), (Peer::Tokio, cost * 2.0)].into();
        Measured { row, profile: "release".into(), figures }
    }

    #[test]
    fn an_axis_is_monotone_and_stays_within_its_range() {
        let values = [70.0, 100.0, 350.0, 20_000.0];
        let axis = Axis::new(values.into_iter(), (200.0, 10.0));
        let positions = values.map(|value| axis.position(value));
        assert!(positions.is_sorted_by(|first, second| first > second), "{positions:?}");
        assert!(positions.iter().all(|at| (10.0..=200.0).contains(at)), "{positions:?}");
        let steps =
            [axis.position(1e3) - axis.position(1e2), axis.position(1e4) - axis.position(1e3)];
        assert!((steps[0] - steps[1]).abs() < 1e-9, "a decade has one length: {steps:?}");
    }

    #[test]
    fn ticks_are_ascending_round_numbers() {
        let axis = Axis::new([70.0, 1_500.0].into_iter(), (0.0, 100.0));
        assert_eq!(axis.ticks(), [100.0, 200.0, 500.0, 1_000.0]);
        assert_eq!(axis.decades(), [100.0, 1_000.0]);
        let names = [0.5, 1.0, 20.0, 100.0, 1_000_000.0].map(label);
        assert_eq!(names, ["0.5", "1", "20", "100", "1,000,000"]);
    }

    #[test]
    fn a_plot_has_a_panel_for_each_measured_kind() {
        let rows = [
            measured(Kind::Tasks, 1_000, 100.0),
            measured(Kind::Tasks, 10_000, 120.0),
            measured(Kind::Sockets, 100, 5_000.0),
        ];
        let plot = svg(&rows);
        let count = |what: &str| plot.matches(what).count();
        assert_eq!(count("number of "), 2 + 2, "two axes, and the title, which is there twice");
        assert_eq!(count("class=\"curve aside warm\""), 2);
        assert_eq!(count("<circle"), 6);
        assert!(plot.contains("tokio, warm, 10,000: 240 ns"), "{plot}");
        assert!(!plot.contains("NaN") && !plot.contains("inf"), "{plot}");
    }

    #[test]
    fn a_plot_without_rows_is_a_document_with_a_title() {
        let plot = svg(&[]);
        assert!(plot.starts_with("<svg") && plot.ends_with("</svg>\n"), "{plot}");
        assert!(!plot.contains("NaN"), "{plot}");
    }
}
