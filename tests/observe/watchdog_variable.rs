//! `ASIDE_WATCHDOG`. A test that sets the variable runs itself in a child process.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::watchdog::watched;

/// Tells the child what to do.
const ROLE: &str = "ASIDE_TEST_WATCHDOG";

/// Runs a test of this module in a child process.
fn child(test: &str, value: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([&format!("watchdog_variable::{test}"), "--exact", "--nocapture"])
        .env(ROLE, "yes")
        .env("ASIDE_WATCHDOG", value);
    command
}

fn is_child() -> bool {
    std::env::var_os(ROLE).is_some()
}

#[test]
fn a_poll_is_reported_while_it_holds_the_loop_and_when_it_has_ended() {
    if is_child() {
        let greedy = async { std::io::stdin().read_to_end(&mut Vec::new()).unwrap() };
        aside::run(async { aside::named("greedy").spawn(greedy).await.unwrap() });
        return;
    }
    watched(|| {
        let test = "a_poll_is_reported_while_it_holds_the_loop_and_when_it_has_ended";
        let mut child = child(test, "1ms")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        // The poll ends after its first report, when its input ends.
        let during = lines.find(|line| line.contains("`greedy`")).expect("the poll is reported");
        assert!(during.starts_with("aside: task "), "{during}");
        assert!(during.contains(" has held the loop for "), "{during}");
        drop(stdin);
        let rest: Vec<_> = lines.filter(|line| line.contains("`greedy`")).collect();
        let last = rest.last().expect("the end of the poll is reported");
        assert!(last.contains(" held the loop for "), "{last}");
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn a_value_that_is_not_a_duration_watches_nothing() {
    if is_child() {
        aside::run(async { aside::spawn(async {}).await.unwrap() });
        return;
    }
    watched(|| {
        let output =
            child("a_value_that_is_not_a_duration_watches_nothing", "soon").output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{text}");
        let reports: Vec<_> = text.lines().filter(|line| line.starts_with("aside: ")).collect();
        assert_eq!(reports.len(), 1, "{text}");
        assert!(reports[0].contains("ASIDE_WATCHDOG is \"soon\""), "{text}");
    });
}

#[cfg(feature = "macros")]
#[test]
fn the_variable_also_holds_for_an_attribute_with_options() {
    #[aside::main(threads_max = 1)]
    async fn main() {
        aside::spawn(async {}).await.unwrap();
    }
    if is_child() {
        return main();
    }
    watched(|| {
        let output = child("the_variable_also_holds_for_an_attribute_with_options", "soon")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{text}");
        assert!(text.contains("ASIDE_WATCHDOG is \"soon\""), "{text}");
    });
}
