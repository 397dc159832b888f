//! Checks of the code, the comments and the documents that no linter makes.
//!
//! `facades` checks where dependencies may be named, and `shape` the form of files. `graph` and
//! `circles` check which file imports which, and `heart` the length of the way from a call to its
//! result. `names` and `language` check names and sentences, and `maps` the maps in the documents.

use crate::sources::{Source, files};

mod circles;
pub(crate) mod facades;
pub(crate) mod graph;
mod heart;
mod language;
mod maps;
mod names;
mod shape;

/// Fails if anything was found, with one line for each finding.
#[track_caller]
pub(crate) fn assert_none(found: Vec<String>, rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

/// Finds each line of code for which `is_wrong` returns true, in the files that `is_meant` selects.
fn search(is_meant: impl Fn(&Source) -> bool, is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in files(".rs").iter().filter(|source| is_meant(source)) {
        for (number, code) in source.code() {
            if is_wrong(&code) {
                found.push(format!("{}:{number}: {}", source.path, code.trim()));
            }
        }
    }
    found
}
