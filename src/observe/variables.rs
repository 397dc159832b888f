//! Observers for a program that is not changed, by environment variables.

use std::env;
use std::time::Duration;

use super::print_line::print_line;
use super::slow_polls::SlowPolls;
use super::watchdog::Watchdog;

impl SlowPolls {
    /// Returns an observer with the threshold of the environment variable `ASIDE_SLOW_POLLS`, or
    /// `None` if the variable is not set. [`run`](crate::run()) uses it.
    ///
    /// The value is an integer and a unit: `50ms`, `2s`, `500us` or `1ns`. For any other value a
    /// message is printed on stderr, and nothing is observed.
    pub fn from_env() -> Option<SlowPolls> {
        threshold("ASIDE_SLOW_POLLS", "slow polls").map(SlowPolls::new)
    }
}

impl Watchdog {
    /// Returns a watchdog with the threshold of the environment variable `ASIDE_WATCHDOG`, or
    /// `None` if the variable is not set. [`run`](crate::run()) uses it. The value is that of
    /// [`SlowPolls::from_env`].
    pub fn from_env() -> Option<Watchdog> {
        threshold("ASIDE_WATCHDOG", "late polls").map(Watchdog::new)
    }
}

fn threshold(variable: &str, reports: &str) -> Option<Duration> {
    let value = env::var_os(variable)?;
    let threshold = value.to_str().and_then(parse);
    if threshold.is_none() {
        print_line(format_args!(
            "{reports} are not reported: {variable} is {value:?}, and should be an integer and a \
             unit (s, ms, us or ns), such as 50ms"
        ));
    }
    threshold
}

fn parse(value: &str) -> Option<Duration> {
    let unit_begins = value.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = value.split_at(unit_begins);
    let number = number.parse().ok()?;
    match unit {
        "s" => Some(Duration::from_secs(number)),
        "ms" => Some(Duration::from_millis(number)),
        "us" => Some(Duration::from_micros(number)),
        "ns" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}
