//! The repository checks itself, where no linter does: code, comments and documents.
//!
//! In this order: where things may be named (`facades`), how a file looks (`shape`), which file
//! imports which (`graph`, `circles`), how far it is from a call to its result (`heart`), names and
//! sentences (`names`, `language`), and the maps in the documents (`maps`).

use crate::repository::sources::{Source, files};

mod circles;
pub(crate) mod facades;
mod graph;
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

/// Finds each line of code that `is_wrong`, in the files that `is_meant` selects.
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
