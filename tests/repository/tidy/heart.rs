//! The heart: the files to read from `spawn`, and from `spawn_blocking`, to the result.
//!
//! `docs/reading.txt` lists these files in sections. A section begins with a line that ends in a
//! colon. Each further line is a path and, behind two spaces, a text. The sections are:
//!
//! - `spawn` and `spawn_blocking`: the files in reading order, and what each shows;
//! - `beside`: modules that these files import and that are not on the way, and why;
//! - `calls`: the lines of these files on which another mechanism is called.

use std::collections::{BTreeMap, BTreeSet};

use super::assert_none;
use super::graph::Graph;
use crate::sources::{Source, file, files};

/// The lists, by section: a path and a text for each line.
pub(crate) type Reading = BTreeMap<String, Vec<(String, String)>>;

/// Reads `docs/reading.txt`.
pub(crate) fn reading() -> Reading {
    let mut reading = Reading::new();
    let mut section = String::new();
    for line in file("docs/reading.txt").expect("there is a reading list").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_suffix(':').filter(|name| !name.contains(' ')) {
            section = name.to_owned();
        } else {
            let (path, text) = line.split_once("  ").unwrap_or_else(|| panic!("no text: {line}"));
            let entry = (path.to_owned(), text.trim().to_owned());
            reading.entry(section.clone()).or_default().push(entry);
        }
    }
    reading
}

/// The sections that list the way from a call to its result.
pub(crate) const WAYS: [&str; 2] = ["spawn", "spawn_blocking"];

/// Counts the lines of these files, and the lines of code among them.
pub(crate) fn lines(entries: &[(String, String)]) -> (usize, usize) {
    let mut all = 0;
    let mut code = 0;
    for (path, _) in entries {
        let source = source(path);
        let own = source.text.lines().count();
        all += own;
        code += source.code().filter(|(_, line)| !line.trim().is_empty()).count();
    }
    (all, code)
}

fn source(path: &str) -> Source {
    let text = file(path).unwrap_or_else(|| panic!("docs/reading.txt: there is no {path}"));
    Source { path: path.to_owned(), text }
}

#[test]
fn the_ways_are_short() {
    let reading = reading();
    for (way, most_files, most_lines) in [("spawn", 10, 1200), ("spawn_blocking", 12, 1800)] {
        let entries = &reading[way];
        let (lines, _) = lines(entries);
        assert!(entries.len() <= most_files, "{way}: {} files", entries.len());
        assert!(lines <= most_lines, "{way}: {lines} lines");
    }
}

/// A file on a way imports only files on the same way, and modules listed as beside the ways.
#[test]
fn the_ways_are_complete() {
    let reading = reading();
    let graph = Graph::read();
    let is_beside = |path: &str| {
        let mut beside = reading.get("beside").into_iter().flatten();
        beside.any(|(entry, _)| path == entry || entry.ends_with('/') && path.starts_with(entry))
    };
    let mut found = BTreeSet::new();
    for way in WAYS {
        let is_listed = |path: &str| reading[way].iter().any(|(entry, _)| entry == path);
        for (module, edges) in graph.modules.iter().zip(&graph.edges) {
            if !is_listed(&module.file) {
                continue;
            }
            for target in edges.iter().map(|&target| graph.modules[target].file.as_str()) {
                if !is_listed(target) && !is_beside(target) {
                    found.insert(format!("{way}: {} imports {target}", module.file));
                }
            }
        }
    }
    assert_none(found.into_iter().collect(), "not in docs/reading.txt");
}

/// Each module listed as beside the ways is imported by a file on a way.
#[test]
fn nothing_is_beside_the_ways_in_vain() {
    let reading = reading();
    let graph = Graph::read();
    let mut imported = BTreeSet::new();
    for (module, edges) in graph.modules.iter().zip(&graph.edges) {
        if WAYS.iter().any(|way| reading[*way].iter().any(|(entry, _)| *entry == module.file)) {
            imported.extend(edges.iter().map(|&target| graph.modules[target].file.as_str()));
        }
    }
    let is_idle = |(entry, _): &&(String, String)| !imported.iter().any(|f| f.starts_with(entry));
    let idle = reading.get("beside").into_iter().flatten().filter(is_idle);
    assert_none(idle.map(|(entry, _)| entry.clone()).collect(), "imported by no file on a way");
}

/// Words that occur in the names of mechanisms beside the ways.
const MECHANISMS: &[&str] = &[
    "deadlock",
    "fork",
    "metric",
    "recycl",
    "socket",
    "statistic",
    "virtual",
    "wait_list",
    "wait list",
];

#[test]
fn other_mechanisms_are_one_call_each() {
    let reading = reading();
    let is_listed = |path: &str, code: &str| {
        let mut calls = reading.get("calls").into_iter().flatten();
        calls.any(|(entry, call)| entry == path && call == code)
    };
    let mut found = BTreeSet::new();
    let entries = WAYS.iter().flat_map(|way| &reading[*way]);
    for source in entries.map(|(path, _)| source(path)) {
        let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
        for (index, line) in lines.iter().enumerate() {
            let lower = line.to_lowercase();
            let Some(word) = MECHANISMS.iter().find(|word| lower.contains(**word)) else {
                continue;
            };
            // A comment belongs to the line of code below it.
            let mut below = lines[index..].iter();
            let code = below.find(|line| !line.starts_with("//")).copied().unwrap_or("");
            if !is_listed(&source.path, code) {
                found.insert(format!("{}:{}: {word}: {line}", source.path, index + 1));
            }
        }
    }
    assert_none(found.into_iter().collect(), "not as one call (docs/reading.txt, `calls:`)");
    let unused = reading
        .get("calls")
        .into_iter()
        .flatten()
        .filter(|(path, call)| !source(path).text.lines().any(|line| line.trim() == call));
    assert_none(unused.map(|(path, call)| format!("{path}: {call}")).collect(), "no such call");
}

/// Plain step numbers belong to the life of a task or of a job. Only files on the ways cite them.
#[test]
fn the_numbered_steps_are_those_of_the_heart() {
    let reading = reading();
    let entries: Vec<&str> =
        WAYS.iter().flat_map(|way| &reading[*way]).map(|(path, _)| path.as_str()).collect();
    let mut found = Vec::new();
    for source in files(".rs") {
        let is_heart = entries.contains(&source.path.as_str());
        // Three other files cite steps. The observer is called at some of the steps, and each event
        // of a trace is a step. A remote spawn makes step 1 in two parts.
        let is_told = matches!(
            source.path.as_str(),
            "runtime-core/src/record/event.rs"
                | "runtime-executor/src/scheduler/observer.rs"
                | "runtime-executor/src/scheduler/remote_spawn.rs"
        );
        let is_crate = source.path.ends_with("/lib.rs");
        if !source.is_product() || is_heart || is_told || is_crate {
            continue;
        }
        for paragraph in source.paragraphs() {
            let words: Vec<&str> = paragraph.text.split_whitespace().collect();
            let is_step = |pair: &[&str]| {
                let is_word = matches!(pair[0].to_lowercase().as_str(), "step" | "steps");
                is_word && pair[1].starts_with(|first: char| first.is_ascii_digit())
            };
            if words.windows(2).any(is_step) || is_numbered(words[0]) {
                let line = paragraph.text.lines().next().unwrap();
                found.push(format!("{}:{}: {line}", source.path, paragraph.first));
            }
        }
    }
    assert_none(found, "number the steps of other protocols with a letter: P1, R1");
}

/// Returns true for the number of a list item, such as `1.`.
fn is_numbered(word: &str) -> bool {
    word.strip_suffix('.').is_some_and(|number| number.parse::<u8>().is_ok())
}
