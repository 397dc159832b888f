//! Files are short, nothing is left for later, and no test can hang.

use super::assert_none;
use crate::sources::{files, has_word};

#[test]
fn no_file_is_long_and_no_line_is_wide() {
    let mut found = Vec::new();
    for source in files(".rs") {
        let lines = source.text.lines().count();
        let most = if source.is_product() { 400 } else { 500 };
        if lines > most {
            found.push(format!("{} has {lines} lines", source.path));
        }
        for (index, line) in source.text.lines().enumerate() {
            if line.chars().count() > 100 {
                found.push(format!("{}:{} is wider than 100 columns", source.path, index + 1));
            }
        }
    }
    assert_none(found, "too long, or too wide");
}

#[test]
fn no_work_is_left_unfinished_and_no_test_is_ignored_or_sleeps() {
    // The words are concatenated here, so that the test does not find itself.
    let later = [["TO", "DO"], ["FIX", "ME"], ["X", "XX"]].map(|parts| parts.concat());
    let off = ["#[ign", "ore"].concat();
    let nap = ["thread::sl", "eep"].concat();
    let mut found = Vec::new();
    for source in files(".rs") {
        let is_test = source.path.starts_with("tests/") || source.path.contains("/tests/");
        // The sleep in `child.rs` only limits the time of a model that never ends. It synchronises
        // nothing.
        let may_nap = !is_test || source.path == "tests/models/src/child.rs";
        for (index, line) in source.text.lines().enumerate() {
            let is_later = later.iter().any(|word| has_word(line, word));
            if is_later || line.contains(&off) || (line.contains(&nap) && !may_nap) {
                found.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    assert_none(found, "not in this repository");
}

#[test]
fn every_test_that_could_hang_is_watched() {
    // The tests in these files start no runtime: they check text and types, or drive a group by
    // hand.
    let types = ["tests/it/runtime/send_sync.rs", "tests/it/runtime/unwind_safe.rs"];
    let plain = ["tests/repository/", "tests/it/gather/", types[0], types[1]];
    let mut found = Vec::new();
    let mut watched = 0;
    for source in files(".rs") {
        let is_meant = source.is_under(&["tests/it/", "tests/beside-tokio/", "tests/leaks.rs"]);
        let is_plain = source.is_under(&plain) && !source.path.ends_with("on_runtime.rs");
        if !is_meant || is_plain {
            continue;
        }
        for test in source.text.split("#[test]\n").skip(1) {
            let body = test.split("\n}\n").next().unwrap();
            watched += 1;
            if !body.contains("watched(") {
                found.push(format!("{}: {}", source.path, body.lines().next().unwrap()));
            }
        }
    }
    assert!(watched > 150, "only {watched} tests were found");
    assert_none(found, "use `watched`");
}
