//! Type names and file names occur once, and the glossary stays short.

use std::collections::{BTreeMap, BTreeSet};

use super::assert_none;
use super::graph::PACKAGES;
use crate::sources::{Source, cells, file, files};

/// Names that may repeat, because the path of the public module distinguishes them.
const REPEATED: &[&str] = &["Builder", "Handle"];

/// Files that replace another one, so that a build contains only one of them.
const ALTERNATIVES: &[&str] =
    &["runtime-core/src/sync/loom/", "runtime-executor/src/reactor/disabled.rs"];

/// File names with a fixed role in a folder.
const STEMS: &[&str] = &["lib", "main", "mod"];

/// Fails if a name has two places, and lists the name with its places.
fn assert_once(places: BTreeMap<String, BTreeSet<String>>, rule: &str) {
    let twice = places.into_iter().filter(|(_, places)| places.len() > 1);
    let lines = twice.map(|(name, places)| {
        let places: Vec<String> = places.into_iter().collect();
        format!("{name}: {}", places.join(", "))
    });
    assert_none(lines.collect(), rule);
}

/// The name that a line of code declares as a type, outside of impls and traits.
fn declared(code: &str) -> Option<&str> {
    let mut words = code.trim_start().split(|character: char| {
        !(character.is_alphanumeric() || character == '_' || character == '(' || character == ')')
    });
    let mut word = words.next()?;
    if word == "pub" || word.starts_with("pub(") {
        word = words.next()?;
    }
    let is_alias = word == "type" && !code.starts_with(' ');
    let is_type = matches!(word, "struct" | "enum" | "trait" | "union") || is_alias;
    let name = words.next().filter(|_| is_type)?;
    name.split('(').next().filter(|name| !name.is_empty())
}

#[test]
fn a_type_has_a_name_of_its_own() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in files(".rs") {
        if !source.is_product() || source.is_under(ALTERNATIVES) {
            continue;
        }
        for (_, code) in source.code() {
            let is_meant = |name: &&str| !REPEATED.contains(name);
            if let Some(name) = declared(&code).filter(is_meant) {
                places.entry(name.to_owned()).or_default().insert(source.path.clone());
            }
        }
    }
    assert!(places.len() > 100, "only {} types were found", places.len());
    assert_once(places, "one name for two types");
}

#[test]
fn no_two_files_of_a_package_have_the_same_stem() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let is_meant = |source: &&Source| source.is_product() && !source.is_under(ALTERNATIVES);
    for source in files(".rs").iter().filter(is_meant) {
        let is_own = |(_, folder): &&(&str, &str)| source.path.starts_with(folder);
        let package = PACKAGES.iter().find(is_own).expect("it is a package's").0;
        let stem = source.path.rsplit('/').next().unwrap().trim_end_matches(".rs");
        if !STEMS.contains(&stem) {
            let name = format!("{package}: {stem}");
            places.entry(name).or_default().insert(source.path.clone());
        }
    }
    assert_once(places, "one stem for two files");
}

#[test]
fn the_glossary_is_short_and_says_what_others_call_it() {
    let text = file("docs/glossary.md").expect("there is a glossary");
    let rows = text.lines().filter_map(cells).filter(|cells| cells[0].starts_with("**"));
    let rows: Vec<_> = rows.collect();
    assert!((20..=35).contains(&rows.len()), "{} rows", rows.len());
    let mut names: Vec<&str> = rows.iter().map(|cells| cells[0]).collect();
    assert!(names.is_sorted(), "the rows are not in their order");
    names.dedup();
    assert_eq!(names.len(), rows.len(), "a word is explained twice");
    let is_alone = |cells: &&Vec<&str>| !cells.iter().any(|cell| cell.contains("elsewhere: "));
    let alone = rows.iter().filter(is_alone).map(|cells| cells[0].to_owned());
    assert_none(alone.collect(), "no `elsewhere: ` in the glossary");
}

#[test]
fn declarations_are_found() {
    assert_eq!(declared("pub(crate) struct State<T> {"), Some("State"));
    assert_eq!(declared("pub enum Side {"), Some("Side"));
    assert_eq!(declared("struct Key(u32);"), Some("Key"));
    assert_eq!(declared("    type Output = u32;"), None);
    assert_eq!(declared("let structure = 1;"), None);
}
