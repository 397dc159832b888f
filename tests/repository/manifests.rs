//! The manifests of the published packages agree with each other and with the checks of `.ci`.

use std::collections::BTreeMap;

use crate::sources::{file, has_word};
use crate::tidy::assert_none;

const MANIFESTS: [&str; 5] = [
    "Cargo.toml",
    "runtime-core/Cargo.toml",
    "runtime-executor/Cargo.toml",
    "runtime-blocking/Cargo.toml",
    "macros/Cargo.toml",
];

/// The bounds of each external package: the bound, and the manifest that states it.
fn bounds() -> BTreeMap<String, Vec<(String, &'static str)>> {
    let mut bounds = BTreeMap::<String, Vec<_>>::new();
    for path in MANIFESTS {
        let manifest = file(path).expect("the manifest exists");
        let mut lists_packages = false;
        for line in manifest.lines() {
            if line.starts_with('[') {
                lists_packages = line.trim_end_matches(']').ends_with("dependencies");
            } else if let (true, Some((name, rest))) = (lists_packages, line.split_once(" = ")) {
                let rest = rest.strip_prefix("{ version = ").unwrap_or(rest);
                let bound = rest.split('"').nth(1).filter(|_| rest.starts_with('"'));
                let Some(bound) = bound else { continue };
                bounds.entry(name.to_owned()).or_default().push((bound.to_owned(), path));
            }
        }
    }
    bounds
}

// P101: with two bounds, no lock contains the lesser one, so nothing is tested with it.
#[test]
fn a_package_has_the_same_lower_bound_wherever_it_is_named() {
    let bounds = bounds();
    assert!(bounds.len() > 20, "found only {} packages", bounds.len());
    let differing = bounds
        .iter()
        .filter(|(_, bounds)| bounds.iter().any(|(bound, _)| *bound != bounds[0].0))
        .map(|(name, bounds)| format!("{name}: {bounds:?}"));
    assert_none(differing.collect(), "a package has several lower bounds");
}

// P101.
#[test]
fn the_check_builds_with_the_lower_bounds_and_for_other_systems() {
    let run = file(".ci/run").expect("the check exists");
    for script in ["minimal-versions", "systems"] {
        assert!(run.contains(&format!("    step .ci/{script}\n")), "the check omits {script}");
    }
    let systems = file(".ci/systems").expect("the script exists");
    let page = file("docs/guide/hosts.md").expect("the page exists");
    for system in ["darwin", "freebsd", "illumos", "android", "powerpc", "windows", "wasip1"] {
        assert!(systems.contains(system), "{system} is not checked");
    }
    for system in ["macOS", "FreeBSD", "NetBSD", "illumos", "Android", "PowerPC", "Windows", "WASI"]
    {
        assert!(has_word(&page, system), "the page does not name {system}");
    }
}
