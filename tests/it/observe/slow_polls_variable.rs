//! `ASIDE_SLOW_POLLS`. A test that sets the variable runs itself in a child process.

use std::process::Command;

use crate::support::watchdog::watched;

/// Tells the child what to do.
const ROLE: &str = "ASIDE_TEST_SLOW_POLLS";

/// Runs a test of this module in a child process with the variable, and returns the lines that the
/// child prints about aside.
fn reports_of(test: &str, value: &str) -> Vec<String> {
    let test = format!("observe::slow_polls_variable::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args([&test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, "yes")
        .env("ASIDE_SLOW_POLLS", value)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    text.lines().filter(|line| line.starts_with("aside: ")).map(String::from).collect()
}

fn is_child() -> bool {
    std::env::var_os(ROLE).is_some()
}

#[test]
fn each_poll_that_is_longer_is_reported_with_its_task() {
    if is_child() {
        aside::run(async {
            aside::named("slow").spawn(async {}).await.unwrap();
            aside::spawn(async {}).await.unwrap();
        });
        return;
    }
    watched(|| {
        let test = "each_poll_that_is_longer_is_reported_with_its_task";
        let reports = reports_of(test, "1ns");
        let of = |text: &str| reports.iter().filter(|report| report.contains(text)).count();
        assert_eq!(of("aside: `slow` (spawned at tests/it/observe/slow_polls_variable.rs:"), 1);
        assert!(of("aside: #") >= 2, "{reports:?}");
        assert_eq!(of(" held the loop for "), reports.len());
        assert_eq!(reports_of(test, "3600s"), [""; 0]);
    });
}

#[test]
fn a_run_inside_a_task_is_reported() {
    if is_child() {
        aside::run(async {
            aside::spawn(async { aside::run(async {}) }).await.unwrap();
        });
        return;
    }
    watched(|| {
        let reports = reports_of("a_run_inside_a_task_is_reported", "3600s");
        assert_eq!(reports.len(), 1, "{reports:?}");
        let begin = "aside: `run` was called at tests/it/observe/slow_polls_variable.rs:";
        assert!(reports[0].starts_with(begin), "{reports:?}");
        assert!(reports[0].contains(" inside task "), "{reports:?}");
    });
}

#[test]
fn a_value_that_is_not_a_duration_is_reported_and_ignored() {
    if is_child() {
        aside::run(async { aside::spawn(async {}).await.unwrap() });
        return;
    }
    watched(|| {
        for value in ["", "50", "ms", "50 ms", "1.5s", "-1s", "99999999999999999999s", "1m"] {
            let test = "a_value_that_is_not_a_duration_is_reported_and_ignored";
            let reports = reports_of(test, value);
            assert_eq!(reports.len(), 1, "{value}: {reports:?}");
            assert!(reports[0].contains(&format!("ASIDE_SLOW_POLLS is {value:?}")), "{reports:?}");
            assert!(reports[0].contains("such as 50ms"), "{reports:?}");
        }
    });
}
