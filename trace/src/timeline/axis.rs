//! Times as text, and the ticks of the time axis.

use std::time::Duration;

/// The largest number of ticks after the first one.
const TICKS_MAX: u128 = 10;

/// A tick of the time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AxisTick {
    pub(crate) time: Duration,
    pub(crate) label: String,
}

/// A unit of time: its nanoseconds, and its name.
const UNITS: [(u128, &str); 4] =
    [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns")];

/// Returns the ticks from `begin` to `end` at multiples of 1, 2 or 5 times a power of ten. All
/// labels have one unit.
pub(crate) fn ticks(begin: Duration, end: Duration) -> Vec<AxisTick> {
    let (begin, end) = (begin.as_nanos(), end.as_nanos());
    let step = step_of(end.saturating_sub(begin));
    let unit = unit_of(end);
    let first = begin.div_ceil(step);
    let last = end / step;
    (first..=last)
        .map(|number| AxisTick {
            time: from_nanos(number * step),
            label: round_label(number * step, step, unit),
        })
        .collect()
}

fn step_of(total: u128) -> u128 {
    let mut power = 1;
    loop {
        let fits = |factor: &u128| total / (factor * power) <= TICKS_MAX;
        if let Some(factor) = [1, 2, 5].into_iter().find(fits) {
            return factor * power;
        }
        power *= 10;
    }
}

fn unit_of(nanos: u128) -> (u128, &'static str) {
    UNITS.into_iter().find(|&(size, _)| nanos >= size).unwrap_or(UNITS[3])
}

/// A multiple of `step`, with as many decimals as the step needs.
fn round_label(nanos: u128, step: u128, (size, name): (u128, &str)) -> String {
    let decimals = (0..9).find(|&decimals| (step * 10_u128.pow(decimals)).is_multiple_of(size));
    format!("{} {name}", decimal(nanos, size, decimals.unwrap_or(9)))
}

/// Returns a time with four digits or so: `8.000 s`, `12.34 ms`.
pub(crate) fn duration_text(time: Duration) -> String {
    let nanos = time.as_nanos();
    let (size, name) = unit_of(nanos);
    // Seconds always have three decimals, so that times can be compared at a glance.
    let decimals = match nanos / size {
        _ if size == 1 => 0,
        _ if name == "s" => 3,
        0..10 => 3,
        10..100 => 2,
        _ => 1,
    };
    format!("{} {name}", decimal(nanos, size, decimals))
}

/// `nanos / size`, rounded to a number of decimals.
fn decimal(nanos: u128, size: u128, decimals: u32) -> String {
    let scale = 10_u128.pow(decimals);
    let scaled = (nanos * scale + size / 2) / size;
    if decimals == 0 {
        return scaled.to_string();
    }
    let width = decimals as usize;
    format!("{}.{:0width$}", scaled / scale, scaled % scale)
}

fn from_nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
