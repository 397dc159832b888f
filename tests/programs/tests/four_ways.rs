//! `examples/net/four_ways`: it runs, and its figures have the order that the guide states.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};

use programs::{ASIDE, Program, build};

/// One row of the table.
struct Row {
    seconds: f64,
    threads: u64,
    /// `None` for a way without a loop.
    ticker_late_by: Option<f64>,
}

fn row(line: &str) -> Row {
    let (_, figures) = line.split_at(22);
    let figures: Vec<&str> = figures.split_whitespace().collect();
    let milliseconds = figures[9..].join(" ");
    Row {
        seconds: figures[0].parse().unwrap(),
        threads: figures[2].parse().unwrap(),
        ticker_late_by: milliseconds.strip_suffix(" ms").map(|number| number.parse().unwrap()),
    }
}

#[test]
fn the_four_ways_differ_as_the_guide_states() {
    let mut command = Command::new(build(ASIDE, "four_ways"));
    command.args(["--scale", "0.1"]).stderr(Stdio::inherit());
    let (said, status) = Program::of(command).end();
    assert!(status.success());
    println!("{said}");
    let lines: Vec<&str> = said.lines().skip(3).collect();
    let names =
        ["in sequence", "blocking, on the pool", "async, on the loop", "blocking, on the loop"];
    assert!(lines.iter().zip(names).all(|(line, name)| line.starts_with(name)), "{said}");
    let [sequence, pool, native, mistake] = &lines.into_iter().map(row).collect::<Vec<_>>()[..]
    else {
        panic!("not four rows: {said}")
    };
    // Two hundred sequential calls of ten milliseconds take at least two seconds.
    assert!(sequence.seconds >= 2.0 && mistake.seconds >= 2.0);
    // Concurrent calls take hundredths of a second; this bound holds on any machine.
    assert!(native.seconds < 10.0 * sequence.seconds && pool.seconds < 10.0 * sequence.seconds);
    assert_eq!((sequence.threads, native.threads, mistake.threads), (1, 1, 1));
    assert!(pool.threads > 10);
    assert!(sequence.ticker_late_by.is_none());
    // At least one call blocks the loop while the ticker is due.
    assert!(mistake.ticker_late_by.unwrap() > 5.0);
    assert!(pool.ticker_late_by.is_some() && native.ticker_late_by.is_some());
}
