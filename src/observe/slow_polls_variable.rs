//! `ASIDE_SLOW_POLLS`: reports of slow polls for a program that is not changed.

use std::env;
use std::time::Duration;

use super::slow_polls::{SlowPolls, print_line};

/// The name of the environment variable.
const VARIABLE: &str = "ASIDE_SLOW_POLLS";

impl SlowPolls {
    /// Returns an observer with the threshold of the environment variable `ASIDE_SLOW_POLLS`, or
    /// `None` if the variable is not set. [`run`](crate::run()) uses it.
    ///
    /// The value is an integer and a unit: `50ms`, `2s`, `500us` or `1ns`. For any other value a
    /// message is printed on stderr, and nothing is observed.
    pub fn from_env() -> Option<SlowPolls> {
        let value = env::var_os(VARIABLE)?;
        let threshold = value.to_str().and_then(parse);
        if threshold.is_none() {
            print_line(format_args!(
                "slow polls are not reported: {VARIABLE} is {value:?}, and should be an \
                 integer and a unit (s, ms, us or ns), such as 50ms"
            ));
        }
        threshold.map(SlowPolls::new)
    }
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
