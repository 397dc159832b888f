//! The public API of aside is the recorded one, so every change of it is meant.
//!
//! `BLESS=1 cargo test --package public-api` writes the record.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const RECORD: &str = "docs/public-api.txt";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Makes rustdoc describe the packages, and returns the folder of the descriptions.
fn describe() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    for package in ["runtime-core", "runtime-executor", "runtime-blocking", "aside"] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["rustdoc", "--quiet", "--lib", "--all-features", "--package", package]);
        cargo.arg("--target-dir").arg(target);
        cargo.args(["--", "-Zunstable-options", "--output-format", "json"]);
        cargo.current_dir(root()).env("RUSTDOC", root().join("tests/public-api/rustdoc"));
        let status = cargo.status().expect("cargo runs");
        assert!(status.success(), "{package} cannot be described");
    }
    target.join("doc")
}

#[test]
fn the_public_api_is_the_recorded_one() {
    let lines = public_api::lines(&describe()).expect("the descriptions are readable");
    assert!(lines.len() > 500, "only {} items were found", lines.len());
    let text = lines.join("\n") + "\n";
    let path = root().join(RECORD);
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    if text == recorded {
        return;
    }
    if env::var_os("BLESS").is_some() {
        fs::write(&path, text).expect("the record is writable");
        return;
    }
    let now: BTreeSet<&str> = lines.iter().map(String::as_str).collect();
    let then: BTreeSet<&str> = recorded.lines().collect();
    let removed = then.difference(&now).map(|line| format!("- {line}"));
    let added = now.difference(&then).map(|line| format!("+ {line}"));
    let changes: Vec<String> = removed.chain(added).collect();
    panic!(
        "the public API differs from {RECORD}. If that is meant, run\n\
         BLESS=1 cargo test --package public-api\n{}",
        changes.join("\n")
    );
}
