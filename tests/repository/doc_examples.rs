//! The examples in the documentation can be copied: they name `aside` alone, and hide nothing.

use crate::sources::{Source, files, has_word};
use crate::tidy::assert_none;
use crate::tidy::graph::PACKAGES;

/// This macro is for the four packages, and `aside` does not export it.
const NOT_EXPORTED: &str = "runtime-core/src/large.rs";

/// The beginnings of lines that an example may hide: the type of its result, a condition for
/// features, and an empty `main` beside items.
const HIDDEN: [&str; 5] =
    ["# Ok::<", "# std::io::Result::Ok(())", "# #[cfg(", "# }", "# fn main() {}"];

/// The lines of the compiled examples in a file's documentation, numbered from 1.
fn example_lines(source: &Source) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fence: Option<bool> = None;
    for (index, line) in source.text.lines().enumerate() {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(doc) = doc.map(str::trim_start) else {
            fence = None;
            continue;
        };
        if let Some(kind) = doc.strip_prefix("```") {
            let is_compiled = kind.is_empty() || kind == "no_run";
            fence = if fence.is_some() { None } else { Some(is_compiled) };
        } else if fence == Some(true) {
            found.push((index + 1, doc));
        }
    }
    found
}

/// The documented files of the packages.
fn documented() -> impl Iterator<Item = Source> {
    files(".rs").into_iter().filter(|source| source.is_product() && source.path != NOT_EXPORTED)
}

/// A user depends on `aside` alone, so an example must not name the packages below it. The examples
/// of `trace`, on which `aside` depends, need no runtime, and name that package alone.
#[test]
fn an_example_in_the_documentation_names_no_internal_package() {
    let mut lines = 0;
    let mut found = Vec::new();
    for source in documented() {
        for (number, line) in example_lines(&source) {
            lines += 1;
            let is_own = |folder: &str| folder == "trace/src/" && source.path.starts_with(folder);
            let inner = PACKAGES.iter().filter(|(_, folder)| !is_own(folder));
            let mut inner = inner.map(|(package, _)| *package).filter(|name| *name != "aside");
            if inner.any(|package| has_word(line, package)) {
                found.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    assert!(lines > 500, "only {lines} lines of examples were found");
    assert_none(found, "write the example with `aside::`");
}

/// A reader does not see hidden lines, so an example that needs one to work cannot be copied.
#[test]
fn an_example_in_the_documentation_hides_no_code() {
    let mut hidden = 0;
    let mut found = Vec::new();
    for source in documented() {
        for (number, line) in example_lines(&source) {
            let is_hidden = line == "#" || line.starts_with("# ");
            hidden += usize::from(is_hidden);
            if is_hidden && !HIDDEN.iter().any(|start| line.starts_with(start)) {
                found.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    assert!(hidden > 20, "only {hidden} hidden lines were found");
    assert_none(found, "an example hides code");
}

/// The packages below `aside` depend on it for their examples only.
#[test]
fn the_code_below_the_root_package_does_not_name_it() {
    let mut found = Vec::new();
    for source in files(".rs").iter().filter(|source| source.path.starts_with("runtime-")) {
        for (number, code) in source.code() {
            if has_word(&code, "aside::") || has_word(&code, "use aside") {
                found.push(format!("{}:{number}: {code}", source.path));
            }
        }
    }
    assert_none(found, "dependencies point down");
}

/// Names of tokio, smol and asyncio for which a user searches.
const ELSEWHERE: [&str; 24] = [
    "block_on",
    "spawn_local",
    "LocalSet",
    "JoinSet",
    "TaskGroup",
    "create_task",
    "join!",
    "try_join!",
    "select!",
    "as_completed",
    "wait_for",
    "to_thread",
    "Timer",
    "MissedTickBehavior",
    "ThreadPoolExecutor",
    "ProcessPoolExecutor",
    "CancelledError",
    "CancellationToken",
    "broadcast",
    "watch",
    "Notify",
    "tokio::sync",
    "tokio::main",
    "reqwest",
];

#[test]
fn the_search_of_the_documentation_finds_the_names_of_other_runtimes() {
    let sources: Vec<Source> = files(".rs").into_iter().filter(Source::is_product).collect();
    let aliases = sources.iter().flat_map(|source| source.text.lines());
    let aliases: Vec<&str> = aliases.filter(|line| line.contains("#[doc(alias")).collect();
    let is_missing = |name: &&str| {
        let quoted = format!("\"{name}\"");
        !aliases.iter().any(|line| line.contains(&quoted))
    };
    let missing = ELSEWHERE.iter().filter(|name| is_missing(name)).map(|name| name.to_string());
    assert_none(missing.collect(), "no item has the alias");
}

#[test]
fn lines_of_examples_are_found() {
    let text = "/// ```\n/// # Ok::<(), ()>(())\n/// let a = 1;\n/// ```\n/// ```text\n/// b\n";
    let source = Source { path: "a.rs".to_owned(), text: text.to_owned() };
    assert_eq!(example_lines(&source), [(2, "# Ok::<(), ()>(())"), (3, "let a = 1;")]);
}
