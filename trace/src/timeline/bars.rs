//! From intervals of time to bars of pixels. Intervals below the smallest width are merged, so that
//! the number of bars is bounded by the width of the drawing.

use std::time::Duration;

use crate::timeline::spans::BusySpan;

/// The smallest width of a bar, in pixels.
pub(crate) const BAR_MIN: f64 = 2.0;

/// Short bars are merged if the gap between them is smaller than this.
const GAP_MIN: f64 = 1.0;

/// The map from time to pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) begin: Duration,
    pub(crate) left: f64,
    pub(crate) pixels_per_second: f64,
}

impl Scale {
    /// The scale by which `total` takes `width` pixels.
    pub(crate) fn new(begin: Duration, total: Duration, left: f64, width: f64) -> Scale {
        let seconds = total.as_secs_f64();
        let pixels_per_second = if seconds > 0.0 { width / seconds } else { 0.0 };
        Scale { begin, left, pixels_per_second }
    }

    pub(crate) fn x(&self, time: Duration) -> f64 {
        let since = time.saturating_sub(self.begin).as_secs_f64();
        self.left + since * self.pixels_per_second
    }
}

/// A bar of one poll or job, or of several short ones.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) left: f64,
    pub(crate) right: f64,
    /// `None` if the intervals have different names.
    pub(crate) name: Option<String>,
    /// The number of intervals.
    pub(crate) count: u64,
    pub(crate) begin: Duration,
    pub(crate) end: Duration,
}

impl Bar {
    pub(crate) fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Adds a short interval that begins at or near the end of this bar.
    fn absorb(&mut self, span: &BusySpan, right: f64) {
        self.right = self.right.max(right);
        self.end = self.end.max(span.time.end);
        self.count += 1;
        if self.name.as_ref().is_some_and(|name| *name != span.name) {
            self.name = None;
        }
    }
}

/// Returns the bars of a lane. Each interval is in one bar, and no two bars overlap. A bar is at
/// most [`BAR_MIN`] longer than its intervals.
pub(crate) fn bars(spans: &[BusySpan], scale: &Scale) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    let mut is_last_short = false;
    for span in spans {
        let (left, right) = (scale.x(span.time.begin), scale.x(span.time.end));
        let last_right = bars.last().map_or(f64::MIN, |bar| bar.right);
        let start = left.max(last_right);
        let is_short = right - start < BAR_MIN;
        match bars.last_mut() {
            Some(last) if is_short && is_last_short && left < last_right + GAP_MIN => {
                last.absorb(span, right);
                continue;
            }
            Some(_) | None => {}
        }
        is_last_short = is_short;
        bars.push(Bar {
            left: start,
            right: right.max(start + BAR_MIN),
            name: Some(span.name.clone()),
            count: 1,
            begin: span.time.begin,
            end: span.time.end,
        });
    }
    bars
}
