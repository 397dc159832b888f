//! The sizes of a drawing, in pixels.

/// The width of a drawing: that of the text of a page on a forge.
pub(crate) const WIDTH: f64 = 800.0;
/// The left end of the bars: the labels of the lanes stand before it.
pub(crate) const PLOT_LEFT: f64 = 100.0;
/// The space behind the last bar, which an arrow or the last short bar may reach into.
pub(crate) const PLOT_MARGIN: f64 = 28.0;
pub(crate) const PADDING: f64 = 20.0;
pub(crate) const TITLE_HEIGHT: f64 = 48.0;
pub(crate) const HEADING_HEIGHT: f64 = 24.0;
pub(crate) const BAR_HEIGHT: f64 = 20.0;
pub(crate) const LANE_HEIGHT: f64 = 29.0;
pub(crate) const ROW_GAP: f64 = 12.0;
pub(crate) const NOTE_HEIGHT: f64 = 17.0;
pub(crate) const AXIS_HEIGHT: f64 = 30.0;

/// The largest number of lanes of one recording. The busiest threads are drawn.
pub(crate) const LANES_MAX: usize = 24;

/// The distance between an arrow to a worker and an arrow from one at the same time.
pub(crate) const ARROWS_APART: f64 = 7.0;

/// A parked interval below this width is not drawn.
pub(crate) const PARK_MIN: f64 = 1.0;

/// The width of a character of the small text, in pixels: an estimate for proportional fonts that
/// rather exceeds the truth.
pub(crate) const CHARACTER_WIDTH: f64 = 6.3;
