//! The maps in the documents agree with the repository: code map, reading lists, paths.
//!
//! A block between `<!-- map: FOLDER -->`, or `<!-- reading: WAY -->`, and `<!-- end -->` is
//! computed. With `BLESS=1` in the environment the test writes the block instead of comparing it.

use std::collections::BTreeSet;

use super::assert_none;
use super::graph::PACKAGES;
use super::heart::{WAYS, lines, reading};
use crate::sources::{Source, file, files, grouped, quoted};

const ARCHITECTURE: &str = "docs/internals/architecture.md";

/// Compares the block after `<!-- NAME -->` in a page with the expected text.
fn check_block(page: &str, name: &str, expected: &str) {
    let text = file(page).unwrap_or_else(|| panic!("{page} is missing"));
    let start = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{page}: no {start}"));
    let (block, after) = rest.split_once("\n<!-- end -->").expect("the block has an end");
    if block == format!("\n{expected}") {
        return;
    }
    assert!(std::env::var_os("BLESS").is_some(), "{page}: {name} has to be:\n{expected}");
    let text = format!("{before}{start}\n{expected}\n<!-- end -->{after}");
    std::fs::write(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(page), text).unwrap();
}

/// The first sentence of a file's head, without links and without its full stop.
fn head(source: &Source) -> Option<String> {
    let paragraphs = source.paragraphs();
    let head = paragraphs.first().filter(|paragraph| paragraph.marker == "//!")?;
    let text = head.text.replace('\n', " ");
    let sentence = text.split(". ").next().unwrap().trim().trim_end_matches('.');
    // The target of a link may be a function: `crate::spawn()`.
    let sentence = sentence.replace("())", ")");
    let mut plain = String::new();
    let mut rest = &*sentence;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        // The bracket of an attribute, `#[main]`, belongs to the text.
        if before.ends_with('#') {
            plain.push('[');
            rest = link;
            continue;
        }
        let (name, after) = link.split_once(']')?;
        plain.push_str(name);
        rest = match after.strip_prefix('(') {
            Some(target) => target.split_once(')')?.1,
            None => after,
        };
    }
    Some(plain + rest)
}

#[test]
fn the_code_map_the_reading_lists_and_the_list_of_examples_are_up_to_date() {
    check_code_map();
    check_block("docs/guide/examples.md", "examples", &examples());
    for (page, root) in [("README.md", ""), (ARCHITECTURE, "../../")] {
        for way in WAYS {
            check_block(page, &format!("reading: {way}"), &list(way, root));
        }
    }
}

/// Checks that every file has its row, with the first sentence of its head.
fn check_code_map() {
    let sources = files(".rs");
    let mut found = Vec::new();
    for (_, folder) in PACKAGES {
        let mut table = "| file | what is in it |\n|---|---|\n".to_owned();
        for source in sources.iter().filter(|source| source.is_product()) {
            let Some(name) = source.path.strip_prefix(folder) else { continue };
            match head(source) {
                Some(head) => table.push_str(&format!("| `{name}` | {head} |\n")),
                None => found.push(source.path.clone()),
            }
        }
        check_block(ARCHITECTURE, &format!("map: {folder}"), &table);
    }
    assert_none(found, "no `//!` head");
}

/// The programs under `examples/`, each with the first sentence of its head.
fn examples() -> String {
    let mut table = "| example | what it shows |\n|---|---|\n".to_owned();
    for source in files(".rs") {
        if source.path.starts_with("examples/") && source.is_program() {
            let head = head(&source).unwrap_or_else(|| panic!("{} has no head", source.path));
            let (_, name) = source.path.split_once('/').unwrap();
            table.push_str(&format!("| [{name}](../../examples/{name}) | {head} |\n"));
        }
    }
    table
}

/// The files of a way as a list with links, and their length.
fn list(way: &str, root: &str) -> String {
    let entries = &reading()[way];
    let mut list = String::new();
    for (index, (path, text)) in entries.iter().enumerate() {
        let end = if index + 1 == entries.len() { '.' } else { ';' };
        list.push_str(&format!("{}. [{path}]({root}{path}): {text}{end}\n", index + 1));
    }
    let (all, code) = lines(entries);
    let (files, all, code) = (entries.len(), grouped(all), grouped(code));
    list + &format!("\n{files} files, {all} lines, of which {code} are code.\n")
}

#[test]
fn every_page_of_the_documents_is_linked_from_the_readme() {
    let readme = file("README.md").unwrap();
    let pages = files(".md").into_iter().map(|page| page.path);
    let pages = pages.filter(|path| path.starts_with("docs/"));
    let missing = pages.filter(|path| !readme.contains(&format!("]({path})")));
    assert_none(missing.collect(), "the README has no link to");
}

/// Paths in examples of other programs, and folders that a build makes.
const ELSEWHERE: &[&str] =
    &["src/main.rs", "target/", "target/loom", "src/bin/", "smallest/NAME.rs"];

/// Returns true if a code span looks like a path in this repository.
fn is_path(span: &str) -> bool {
    let roots = ["docs/", "tests/", "examples/", "benches/", "src/", "runtime-", ".ci/", ".cargo/"];
    let is_file = [".rs", ".md", "Cargo.toml"].iter().any(|ending| span.ends_with(ending));
    let is_rooted = roots.iter().any(|root| span.starts_with(root)) && span.contains('/');
    let is_plain = |character: char| character.is_alphanumeric() || "/._-{},*".contains(character);
    let is_absolute = span.starts_with('/') || span.starts_with("..");
    (is_file || is_rooted) && span.chars().all(is_plain) && !is_absolute && !span.starts_with('*')
}

/// The paths that `a/{b,c}/d` stands for.
fn expand(span: &str) -> Vec<String> {
    let parts = span.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?)));
    let Some((start, (names, end))) = parts else { return vec![span.to_owned()] };
    names.split(',').flat_map(|name| expand(&format!("{start}{}{end}", name.trim()))).collect()
}

#[test]
fn every_path_in_a_code_span_is_there() {
    let known: BTreeSet<String> = files("").into_iter().map(|source| source.path).collect();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_there = |path: &str| {
        let path = path.trim_end_matches('*').trim_end_matches('/');
        let inner = format!("/{path}");
        root.join(path).exists()
            || known.iter().any(|known| {
                let known = known.as_str();
                let without = known.trim_end_matches(".rs");
                let is_same = |known: &str| known == path || known.ends_with(&inner);
                is_same(known)
                    || is_same(without)
                    || known.starts_with(&format!("{path}/"))
                    || known.contains(&format!("{inner}/"))
            })
    };
    let mut found = Vec::new();
    for source in files(".rs").into_iter().chain(files(".md")) {
        if source.path == "tests/repository/tidy/maps.rs" {
            continue;
        }
        for paragraph in source.paragraphs() {
            for span in quoted(&paragraph.text).filter(|span| is_path(span)) {
                let missing = expand(span)
                    .into_iter()
                    .filter(|path| !is_there(path) && !ELSEWHERE.contains(&path.as_str()));
                let place = format!("{}:{}", source.path, paragraph.first);
                found.extend(missing.map(|path| format!("{place}: {path}")));
            }
        }
    }
    assert_none(found, "paths that are not there");
}

#[test]
fn heads_and_paths_are_read() {
    let text = "//! A [`Poller`](crate::Poller) of [`Events`],\n//! one for each loop. More.\n";
    let source = Source { path: "a.rs".to_owned(), text: text.to_owned() };
    assert_eq!(head(&source).unwrap(), "A `Poller` of `Events`, one for each loop");
    assert_eq!(expand("sync/{native,loom}/"), ["sync/native/", "sync/loom/"]);
    assert!(
        is_path("src/lib.rs") && is_path("docs/guide") && !is_path("a/b") && !is_path("x y.rs")
    );
}
