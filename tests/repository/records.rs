//! The documents agree with the code: pitfalls, orderings, theorems, dependencies, links.

use std::collections::BTreeMap;

use crate::sources::{Source, cells, file, files, grouped, has_word, quoted};
use crate::tidy::assert_none;
use crate::tidy::facades::{orderings, shipped};

const PITFALLS: &str = "docs/verification/pitfalls.md";
const ORDERINGS: &str = "docs/verification/orderings.md";
const THEOREMS: &str = "docs/verification/theorems.md";

fn document(path: &str) -> String {
    file(path).unwrap_or_else(|| panic!("{path} is missing"))
}

/// Searches the file that must contain `package::module::test`.
///
/// A module is a file, or a folder, under the package's `tests` or `src`.
fn home_of_test<'a>(sources: &'a [Source], name: &str) -> Option<&'a Source> {
    let parts: Vec<&str> = name.split("::").collect();
    let [package, modules @ .., test] = &parts[..] else { unreachable!("it has a `::`") };
    let folder = match *package {
        "aside" => String::new(),
        "beside_tokio" => "tests/beside-tokio/".to_owned(),
        package => format!("{}/", package.replace('_', "-")),
    };
    let is_there = |source: &&Source| {
        let Some(path) = source.path.strip_prefix(&folder) else { return false };
        let path = path.trim_end_matches(".rs");
        let is_own = path.starts_with("tests/") || path.starts_with("src/");
        is_own && modules.iter().all(|module| path.split('/').any(|part| part == *module))
    };
    let function = format!("fn {test}(");
    sources.iter().filter(is_there).find(|source| source.text.contains(&function))
}

/// Checks that a test exists, and that its file names the row.
fn finds_test(sources: &[Source], name: &str, row: &str) -> Result<(), String> {
    let Some(home) = home_of_test(sources, name) else {
        return Err(format!("{row}: there is no test `{name}`"));
    };
    let test = name.rsplit("::").next().unwrap_or(name);
    let cited = has_word(&home.text, row) || test.contains(&format!("_{}", row.to_lowercase()));
    if cited { Ok(()) } else { Err(format!("{row}: {} does not name the row", home.path)) }
}

/// The names of all models.
fn models() -> Vec<String> {
    let sources = files(".rs");
    let sources = sources.iter().filter(|source| source.is_under(&["tests/models/src/"]));
    let strings = sources.flat_map(|source| source.text.split('"').skip(1).step_by(2));
    strings.filter(|string| string.contains("::")).map(str::to_owned).collect()
}

#[test]
fn every_pitfall_has_an_answer_and_what_the_answer_names_exists() {
    let text = document(PITFALLS);
    let sources = files(".rs");
    let models = models();
    let mut found = Vec::new();
    let mut rows = Vec::new();
    for cells in text.lines().filter_map(cells) {
        let Some(number) = cells[0].strip_prefix('P').and_then(|row| row.parse::<u32>().ok())
        else {
            continue;
        };
        rows.push(number);
        let answer = cells[cells.len() - 1];
        if cells.len() != 3 || answer.len() < 10 {
            found.push(format!("{}: no answer", cells[0]));
        }
        for name in quoted(answer).filter(|name| name.contains("::")) {
            let place = answer.find(&format!("`{name}`")).unwrap();
            if answer[..place].ends_with("model ") {
                if !models.iter().any(|model| model == name) {
                    found.push(format!("{}: there is no model `{name}`", cells[0]));
                }
            } else if let Err(why) = finds_test(&sources, name, cells[0]) {
                found.push(why);
            }
        }
    }
    let mut once = rows.clone();
    once.sort_unstable();
    once.dedup();
    if once.len() != rows.len() || !(1..=90).all(|row| once.contains(&row)) {
        found.push(format!("a row is missing or occurs twice: {rows:?}"));
    }
    assert_none(found, PITFALLS);
}

/// The rows of the page of pitfalls.
fn pitfalls() -> Vec<u32> {
    let text = document(PITFALLS);
    let rows = text.lines().filter_map(cells);
    rows.filter_map(|cells| cells[0].strip_prefix('P')?.parse().ok()).collect()
}

/// The front page states the promises, and names tests of each.
#[test]
fn every_promise_names_tests_that_exist() {
    let page = document("src/lib.rs");
    let (_, promises) = page.split_once("//! # Promises\n").expect("the page has promises");
    let (promises, _) = promises.split_once("//! # Limits\n").expect("the limits follow");
    let mut items: Vec<String> = Vec::new();
    for line in promises.lines() {
        let text = line.strip_prefix("//! ").unwrap_or_default();
        if text.starts_with(char::is_numeric) {
            items.push(text.to_owned());
        } else if let Some(item) = items.last_mut() {
            item.push_str(text);
        }
    }
    let sources = files(".rs");
    let mut found = Vec::new();
    for item in &items {
        let number = item.split('.').next().unwrap();
        let tests: Vec<&str> = quoted(item).filter(|name| name.matches("::").count() > 1).collect();
        if tests.is_empty() {
            found.push(format!("{number}: no test"));
        }
        let missing = tests.iter().filter(|name| home_of_test(&sources, name).is_none());
        found.extend(missing.map(|name| format!("{number}: there is no test `{name}`")));
    }
    assert_none(found, "the promises");
    let are_numbered = items.iter().zip(1..).all(|(item, n)| item.starts_with(&format!("{n}. ")));
    assert!(are_numbered && items.len() == 11, "the promises are {items:?}");
}

/// Each row that a test cites exists.
#[test]
fn no_test_cites_a_pitfall_that_does_not_exist() {
    let mut cited = Vec::new();
    for source in files(".rs").iter().filter(|source| source.path.contains("tests/")) {
        for line in source.text.lines().filter(|line| line.trim_start().starts_with("//")) {
            let words = line.split(|character: char| !character.is_alphanumeric());
            let rows = words.filter_map(|word| word.strip_prefix('P')?.parse::<u32>().ok());
            cited.extend(rows);
        }
    }
    assert!(cited.len() > 100);
    let rows = pitfalls();
    let unknown: Vec<&u32> = cited.iter().filter(|row| !rows.contains(row)).collect();
    assert!(unknown.is_empty(), "rows that do not exist: {unknown:?}");
}

/// The orderings of the atomic operations, in source order, by file and function.
type Operations = BTreeMap<(String, String), Vec<String>>;

fn operations_in_code() -> Operations {
    let mut operations = Operations::new();
    for source in shipped() {
        let mut function = String::new();
        for (_, code) in source.code() {
            if let Some((_, rest)) = code.split_once("fn ") {
                let is_name = |character: &char| character.is_alphanumeric() || *character == '_';
                function = rest.chars().take_while(is_name).collect();
            }
            let named = orderings(&code);
            if !named.is_empty() {
                let place = (source.path.clone(), function.clone());
                operations.entry(place).or_default().push(named.join(", "));
            }
        }
    }
    operations
}

#[test]
fn every_atomic_operation_has_its_row() {
    let mut rows = Operations::new();
    for cells in document(ORDERINGS).lines().filter_map(cells) {
        if !cells[0].starts_with('`') {
            continue;
        }
        assert_eq!(cells.len(), 5, "{cells:?}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{cells:?}");
        let file = cells[0].trim_matches('`').to_owned();
        let function = quoted(cells[1]).next().expect("a function").to_owned();
        rows.entry((file, function)).or_default().push(cells[2].to_owned());
    }
    let code = operations_in_code();
    let differ = |(place, own): (&(String, String), &Vec<String>), other: &Operations| {
        (other.get(place) != Some(own)).then(|| format!("{} {}: {own:?}", place.0, place.1))
    };
    let missing = code.iter().filter_map(|entry| differ(entry, &rows)).collect();
    assert_none(missing, "in the code and not so in the table of orderings");
    let stale = rows.iter().filter_map(|entry| differ(entry, &code)).collect();
    assert_none(stale, "in the table of orderings and not so in the code");
}

/// Each theorem in the document names a model that exists.
#[test]
fn every_theorem_has_its_model() {
    let Some(text) = file(THEOREMS) else { return };
    let models = models();
    let modules: Vec<&str> = models.iter().filter_map(|name| name.split("::").next()).collect();
    let named = quoted(&text)
        .filter(|name| name.split_once("::").is_some_and(|(module, _)| modules.contains(&module)));
    let missing = named.filter(|name| !models.iter().any(|model| model == name));
    assert_none(missing.map(str::to_owned).collect(), "the theorems name models that do not exist");
}

/// The numbers in the prose agree with those of the tables.
#[test]
fn the_models_executions_and_mutants_are_as_many_as_is_said() {
    let text = document(THEOREMS);
    let prose = text.replace('\n', " ");
    let (mut models, mut executions, mut mutants) = (0, 0, 0);
    for row in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row[2..row.len() - 1].splitn(5, " | ").collect();
        models += 1;
        executions += cells[2].trim().parse::<usize>().unwrap();
        // Removes the code spans, which may contain semicolons.
        let words: String = cells[4].split('`').step_by(2).collect();
        mutants += if words.trim().is_empty() { 0 } else { words.matches("; ").count() + 1 };
    }
    assert!(prose.contains(&format!("all {models} models")), "{models} models");
    assert!(
        text.contains(&format!("{} executions", grouped(executions))),
        "{executions} executions"
    );
    assert!(prose.contains(&format!("{mutants} *mutants*")), "{mutants} mutants");
    let readme = document("README.md").replace('\n', " ");
    assert!(readme.contains(&format!("{models} models")), "the README names {models} models");
    assert!(readme.contains(&format!("{mutants} copies")), "the README names {mutants} mutants");
}

/// The external packages of a default build, as the four manifests list them.
fn dependencies() -> Vec<String> {
    let mut names = Vec::new();
    for path in ["", "runtime-core/", "runtime-executor/", "runtime-blocking/"] {
        let manifest = document(&format!("{path}Cargo.toml"));
        let mut is_meant = false;
        for line in manifest.lines() {
            if line.starts_with('[') {
                let is_model = line.contains("cfg(runtime_loom)");
                is_meant = line.trim_end_matches(']').ends_with("dependencies")
                    && !is_model
                    && !line.contains("dev-dependencies")
                    && !line.contains("workspace");
            } else if let (true, Some((name, _))) = (is_meant, line.split_once(['.', ' ', '='])) {
                names.push((path, name.to_owned()));
            }
        }
    }
    names.retain(|(_, name)| !name.starts_with("runtime-") && !name.starts_with('#'));
    // An optional dependency of the root counts only if a default feature enables it.
    let root = document("Cargo.toml");
    let defaults = root.lines().find_map(|line| line.strip_prefix("default = ")).unwrap();
    let is_default = |line: &str| {
        let feature = line.split_once(" = ").map_or("", |(feature, _)| feature);
        defaults.contains(&format!("\"{feature}\""))
    };
    names.retain(|(path, name)| {
        let name = format!("\"dep:{name}\"");
        let mut features = root.lines().filter(|line| line.contains(&name)).peekable();
        !path.is_empty() || features.peek().is_none() || features.any(is_default)
    });
    let mut names: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn the_readme_names_exactly_the_dependencies() {
    let readme = document("README.md").replace('\n', " ");
    let (_, rest) = readme.split_once(" that are named (").expect("the README names them");
    let (list, _) = rest.split_once(')').unwrap();
    let mut named: Vec<&str> = list.split(", ").collect();
    named.sort_unstable();
    assert_eq!(named, dependencies());
    let manifest = document("Cargo.toml");
    let (_, version) = manifest.split_once("rust-version = \"").unwrap();
    let version = version.split('"').next().unwrap();
    assert!(readme.contains(&format!("Rust {version}")), "the README says another Rust version");
}

#[test]
fn every_link_in_a_document_has_a_target() {
    let mut found = Vec::new();
    let mut links = 0;
    for page in files(".md") {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in page.text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            links += 1;
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            if !root.join(folder).join(target).exists() {
                found.push(format!("{}: {target}", page.path));
            }
        }
    }
    assert!(links > 0);
    assert_none(found, "links to files that are not there");
}
