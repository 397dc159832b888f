//! Dependencies and shared state come from one place each, and atomic operations are justified.

use super::{assert_none, search};
use crate::sources::{Source, files, has_word};

const FACADE: &[&str] = &["runtime-core/src/sync/", "tests/models/"];

#[test]
fn the_packages_behind_a_facade_are_named_in_the_facade_alone() {
    let behind: [(&[&str], &[&str]); 3] = [
        (&["parking_lot", "crossbeam", "crossbeam_channel", "crossbeam_utils", "loom"], FACADE),
        (&["mio"], &["runtime-executor/src/reactor/"]),
        (
            &["nix"],
            &[
                "runtime-blocking/src/worker/cores.rs",
                "runtime-blocking/src/worker/cores/",
                "runtime-blocking/src/worker/signal_mask.rs",
                "src/io/unblock/would_block.rs",
                "src/net/peer_cred.rs",
            ],
        ),
    ];
    for (packages, facade) in behind {
        let is_named = |code: &str| packages.iter().any(|package| has_word(code, package));
        let found = search(|source| !source.is_under(facade), is_named);
        assert_none(found, &format!("{packages:?} are for {facade:?}"));
    }
}

#[test]
fn the_cfg_of_the_models_is_in_the_sync_facade_alone() {
    let is_cfg = |code: &str| has_word(code, "runtime_loom");
    assert_none(
        search(|source| !source.is_under(FACADE), is_cfg),
        "`runtime_loom` is for the sync facade",
    );
}

#[test]
fn shared_state_comes_from_the_sync_facade() {
    let is_meant = |source: &Source| source.is_product() && !source.is_under(FACADE);
    let is_std = |code: &str| {
        let items = ["Mutex", "RwLock", "Condvar", "Barrier", "atomic", "mpsc", "LazyLock"];
        code.contains("std::sync::") && items.iter().any(|item| has_word(code, item))
    };
    assert_none(search(is_meant, is_std), "use `runtime_core::sync`");
    let is_thread = |code: &str| {
        let items = ["spawn", "park", "park_timeout", "sleep", "Builder", "current", "scope"];
        code.contains("std::thread") && items.iter().any(|item| has_word(code, item))
    };
    assert_none(search(is_meant, is_thread), "use `runtime_core::sync::thread`");
}

#[test]
fn the_executor_starts_no_thread_and_the_pool_polls_no_future() {
    let starts = |code: &str| code.contains("thread::spawn");
    let executor = |source: &Source| source.path.starts_with("runtime-executor/src/");
    assert_none(search(executor, starts), "runtime-executor never starts a thread");
    let polls = |code: &str| {
        let is_cell = code.contains("self.completion.poll(");
        (code.contains(".poll(") && !is_cell) || code.contains("Context::from_waker")
    };
    // Only two parts of the pool poll futures: a worker drives the future on which its job blocks,
    // and a submitter awaits a permit.
    let drives = ["runtime-blocking/src/deadlock/", "runtime-blocking/src/pool/backpressure.rs"];
    let pool = |source: &Source| {
        let is_pool = source.is_product() && source.is_under(&["runtime-blocking/"]);
        is_pool && !source.is_under(&drives)
    };
    assert_none(search(pool, polls), "runtime-blocking polls no other future");
}

/// The border to C: the only package with unsafe code, and the files that may contain it.
const BORDER: (&str, &[&str]) = ("examples/hosts/c/", &["src/callback.rs", "src/exports.rs"]);

#[test]
fn there_is_no_unsafe_code_and_no_permission_for_any() {
    let (border, open) = BORDER;
    let is_open =
        |source: &Source| source.path.strip_prefix(border).is_some_and(|path| open.contains(&path));
    let is_unsafe = |code: &str| has_word(code, "unsafe");
    assert_none(search(|source| !is_open(source), is_unsafe), "no unsafe code");
    for manifest in files("Cargo.toml") {
        let lints = |level: &str| manifest.text.contains(&format!("unsafe_code = \"{level}\""));
        if manifest.path.starts_with(border) {
            let explains = manifest.text.contains("undocumented_unsafe_blocks = \"deny\"");
            assert!(lints("deny") && explains, "{} permits unsafe code", manifest.path);
            continue;
        }
        let inherits = manifest.text.contains("[lints]\nworkspace = true");
        assert!(inherits || lints("forbid"), "{} does not forbid unsafe code", manifest.path);
    }
}

const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// The orderings that a line of code names, in source order.
pub(crate) fn orderings(code: &str) -> Vec<&'static str> {
    let mut named = Vec::new();
    for name in ORDERINGS {
        let places = code.match_indices("Ordering::").map(|(at, start)| at + start.len());
        let places = places.filter(|&at| code[at..].starts_with(name));
        named.extend(places.map(|at| (at, name)));
    }
    named.sort_unstable();
    named.into_iter().map(|(_, name)| name).collect()
}

/// The shipped code, without the part of the sync facade that only the models use.
pub(crate) fn shipped() -> Vec<Source> {
    let mut sources = files(".rs");
    let model = ["runtime-core/src/sync/loom/"];
    sources.retain(|source| source.is_product() && !source.is_under(&model));
    sources
}

#[test]
fn every_atomic_operation_says_why_its_ordering_suffices() {
    let mut found = Vec::new();
    for source in shipped() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (number, code) in source.code() {
            if orderings(&code).is_empty() {
                continue;
            }
            // The `ORDERING:` comment is in the same function, at most twelve lines above the
            // operation.
            let above = lines[..number].iter().rev().take(12);
            let mut above = above.take_while(|line| !line.contains("fn "));
            if !above.any(|line| line.contains("ORDERING:")) {
                found.push(format!("{}:{number}: {}", source.path, code.trim()));
            }
        }
    }
    assert_none(found, "an `ORDERING:` comment is missing");
    let is_strongest = |code: &str| orderings(code).contains(&"SeqCst");
    assert_none(search(Source::is_product, is_strongest), "no `SeqCst`: a fence if ever needed");
}
