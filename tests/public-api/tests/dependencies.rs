//! The published packages and their dependencies: licences, sources, versions, and the fields that
//! a registry shows.
//!
//! cargo-deny checks the same and more, by `deny.toml`, where it is installed. This test needs
//! cargo alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The packages that are published, each after those that it depends on.
const PUBLISHED: [&str; 6] = [
    "runtime-core",
    "runtime-blocking",
    "runtime-executor",
    "aside-macros",
    "aside-trace",
    "aside",
];

/// Licences that permit what MIT permits.
const PERMISSIVE: [&str; 9] = [
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Packages with other licences, which only tests use.
const EXCEPTIONS: [(&str, &str); 1] = [("cooked-waker", "MPL-2.0")];

/// Runs cargo in the repository, and returns its output.
fn cargo(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root).output();
    let output = output.expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}:\n{errors}");
    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

fn metadata() -> Value {
    let arguments = ["metadata", "--format-version", "1", "--all-features", "--locked"];
    serde_json::from_str(&cargo(&arguments)).expect("the output is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_published(package: &Value) -> bool {
    package["source"].is_null() && PUBLISHED.contains(&text(&package["name"]))
}

/// Evaluates a licence expression: true if the user may choose allowed licences only.
fn permits(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let permitted = any(&tokens, &mut at, is_allowed);
    assert_eq!(at, tokens.len(), "`{expression}` is not a licence expression");
    permitted
}

/// Alternatives, separated by `OR`.
fn any(tokens: &[&str], at: &mut usize, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut permitted = all(tokens, at, is_allowed);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        permitted |= all(tokens, at, is_allowed);
    }
    permitted
}

/// Licences that all apply, separated by `AND`.
fn all(tokens: &[&str], at: &mut usize, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut permitted = one(tokens, at, is_allowed);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        permitted &= one(tokens, at, is_allowed);
    }
    permitted
}

fn one(tokens: &[&str], at: &mut usize, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let token = tokens.get(*at).expect("an expression has an operand");
    *at += 1;
    if *token == "(" {
        let permitted = any(tokens, at, is_allowed);
        assert_eq!(tokens.get(*at), Some(&")"));
        *at += 1;
        return permitted;
    }
    // An exception grants more than the licence does.
    if tokens.get(*at) == Some(&"WITH") {
        *at += 2;
    }
    is_allowed(token)
}

#[test]
fn every_licence_is_permissive() {
    let metadata = metadata();
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        let (name, licence) = (text(&package["name"]), text(&package["license"]));
        let is_allowed =
            |licence: &str| PERMISSIVE.contains(&licence) || EXCEPTIONS.contains(&(name, licence));
        if licence.is_empty() || !permits(licence, &is_allowed) {
            found.push(format!("{name}: {licence}"));
        }
    }
    assert!(list(&metadata["packages"]).len() > 100);
    assert!(found.is_empty(), "other licences: {found:#?}");
}

#[test]
fn licence_expressions_are_evaluated() {
    let is_mit = |licence: &str| licence == "MIT";
    for expression in ["MIT", "Apache-2.0/MIT", "(GPL-3.0 OR MIT) AND MIT", "MIT WITH X OR GPL-3.0"]
    {
        assert!(permits(expression, &is_mit), "{expression}");
    }
    for expression in ["GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR MIT) AND GPL-3.0"] {
        assert!(!permits(expression, &is_mit), "{expression}");
    }
}

#[test]
fn every_package_is_from_this_repository_or_from_the_registry() {
    let metadata = metadata();
    let members: Vec<&str> = list(&metadata["workspace_members"]).iter().map(text).collect();
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let is_known = |package: &&Value| match package["source"].as_str() {
        Some(source) => source == registry,
        None => members.contains(&text(&package["id"])),
    };
    let packages = list(&metadata["packages"]).iter();
    let found: Vec<&str> =
        packages.filter(|package| !is_known(package)).map(|package| text(&package["id"])).collect();
    assert!(found.is_empty(), "other sources: {found:#?}");
}

#[test]
fn a_program_builds_no_dependency_in_two_versions() {
    let edges = ["--edges", "normal,build", "--target", "all", "--prefix", "none"];
    let tree = cargo(
        &[&["tree", "--locked", "--package", "aside", "--all-features"], &edges[..]].concat(),
    );
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    assert!(versions.len() > 30, "only {} packages were found", versions.len());
    versions.retain(|_, versions| versions.len() > 1);
    assert!(versions.is_empty(), "in two versions: {versions:#?}");
}

#[test]
fn the_published_packages_are_described_and_the_others_are_not_published() {
    let metadata = metadata();
    let members: Vec<&str> = list(&metadata["workspace_members"]).iter().map(text).collect();
    let packages = list(&metadata["packages"]).iter();
    let mut published = BTreeSet::new();
    for package in packages.filter(|package| members.contains(&text(&package["id"]))) {
        let name = text(&package["name"]);
        if !is_published(package) {
            assert_eq!(package["publish"], Value::Array(Vec::new()), "{name} can be published");
            continue;
        }
        published.insert(name);
        for field in ["description", "documentation", "license", "readme", "rust_version"] {
            assert!(!text(&package[field]).is_empty(), "{name} has no {field}");
        }
        let keywords = list(&package["keywords"]);
        assert!(
            (1..=5).contains(&keywords.len()),
            "{name}: a registry takes five keywords at most"
        );
        assert!(keywords.iter().all(|keyword| text(keyword).len() <= 20), "{name}: {keywords:?}");
        assert!((1..=5).contains(&list(&package["categories"]).len()), "{name}: categories");
    }
    assert_eq!(published, BTreeSet::from(PUBLISHED));
}

/// The archives contain their licences and readmes, and what the documentation includes.
#[test]
fn the_archives_contain_what_they_need_and_no_tests() {
    for name in PUBLISHED {
        let files = cargo(&["package", "--list", "--allow-dirty", "--package", name]);
        let files: BTreeSet<&str> = files.lines().collect();
        for needed in ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"] {
            assert!(files.contains(needed), "{name} lacks {needed}");
        }
        let is_other = |file: &&&str| {
            ["tests/", "benches/", ".ci/", "target/"].iter().any(|folder| file.starts_with(folder))
        };
        let other: Vec<_> = files.iter().filter(is_other).collect();
        assert!(other.is_empty(), "{name} contains {other:?}");
        assert!(name != "aside" || files.contains("docs/guide/sockets.md"), "the guide is missing");
    }
}
