//! From wakes and submits to arrows, thinned out where there are too many to see.

use std::collections::HashSet;

use crate::timeline::bars::Scale;
use crate::timeline::measures::ARROWS_APART;
use crate::timeline::spans::{Link, LinkEffect};
use crate::timeline::threads::LaneKind;

/// The largest number of arrows of one recording.
pub(crate) const ARROWS_MAX: usize = 80;

/// Of the arrows between two lanes that begin and end within as many pixels, one is drawn.
const CELL: f64 = 4.0;

/// An arrow from the time of its cause to the time of its effect.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrow {
    pub(crate) effect: LinkEffect,
    pub(crate) from: (f64, f64),
    pub(crate) to: (f64, f64),
}

/// The arrows of one recording, and the number of links between the drawn lanes.
#[derive(Debug, Default)]
pub(crate) struct Arrows {
    pub(crate) drawn: Vec<Arrow>,
    pub(crate) total: usize,
}

/// The vertical place of a lane's bars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LanePlace {
    pub(crate) kind: LaneKind,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// Returns the arrows between the lanes of `places`. An arrow begins at the edge of its first lane
/// and ends at the facing edge of its second one.
pub(crate) fn arrows(links: &[Link], places: &[LanePlace], scale: &Scale) -> Arrows {
    let mut cells = HashSet::new();
    let mut drawn = Vec::new();
    let mut total = 0;
    for link in links {
        let place = |kind| places.iter().find(|place| place.kind == kind);
        let (Some(from), Some(to)) = (place(link.from), place(link.to)) else { continue };
        total += 1;
        let (begin, end) = (scale.x(link.begin), scale.x(link.end));
        let cell = ((begin / CELL) as i64, (end / CELL) as i64);
        if cells.insert((link.effect, link.from, link.to, cell)) {
            drawn.push(arrow(link.effect, (from, begin), (to, end)));
        }
    }
    let mut drawn = thin_out(drawn);
    part(&mut drawn);
    Arrows { drawn, total }
}

/// Moves the ends of submits to the right where they would lie on a wake.
fn part(arrows: &mut [Arrow]) {
    let wakes: Vec<_> = arrows.iter().filter(|arrow| arrow.effect == LinkEffect::Wake).collect();
    let ends: Vec<f64> = wakes.iter().map(|wake| wake.to.0).collect();
    let submits = arrows.iter_mut().filter(|arrow| arrow.effect == LinkEffect::Submit);
    let is_taken = |x: f64| ends.iter().any(|end| (end - x).abs() < ARROWS_APART);
    for submit in submits {
        if is_taken(submit.to.0) {
            submit.to.0 += ARROWS_APART;
        }
        // Both ends move if the arrow is vertical, so that it stays so.
        if is_taken(submit.from.0) {
            submit.from.0 += ARROWS_APART;
        }
    }
}

fn arrow(effect: LinkEffect, from: (&LanePlace, f64), to: (&LanePlace, f64)) -> Arrow {
    let (from_y, to_y) =
        if from.0.top > to.0.top { (from.0.top, to.0.bottom) } else { (from.0.bottom, to.0.top) };
    Arrow { effect, from: (from.1, from_y), to: (to.1, to_y) }
}

/// Keeps at most [`ARROWS_MAX`] arrows, evenly spaced in their order.
fn thin_out(arrows: Vec<Arrow>) -> Vec<Arrow> {
    let len = arrows.len();
    if len <= ARROWS_MAX {
        return arrows;
    }
    let share = |index: usize| index * ARROWS_MAX / len;
    let is_kept = |index: usize| index == 0 || share(index) != share(index - 1);
    let kept = arrows.into_iter().enumerate().filter(|&(index, _)| is_kept(index));
    kept.map(|(_, arrow)| arrow).collect()
}
