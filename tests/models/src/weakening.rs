//! What each ordering is worth: every one stronger than Relaxed in the code that ships is weakened
//! alone, and the models that execute it are run until one fails.
//!
//! An `AcqRel` is weakened three times: to nothing, to its Acquire and to its Release. What no
//! model fails on is a *survivor*, and has its reason in [`survivors`](crate::survivors); a
//! survivor without one fails the run, and so does a reason without a survivor.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::model::{self, Kind, Model};
use crate::process::{Ran, command, in_lanes};
use crate::site::root;
use crate::survivors::{reason, survivors};

/// An atomic operation of the source, where the compiler says its call is.
struct Site {
    file: String,
    line: usize,
    /// The line, as it is written.
    text: String,
}

/// One ordering of one site, weakened.
struct Weakening {
    site: usize,
    kind: Kind,
}

/// What became of a weakening.
enum Outcome {
    Caught(&'static str),
    Survives,
}

/// Weakens every ordering, prints the table, and says whether every survivor has its reason.
pub(crate) fn run(words: &[String]) -> ExitCode {
    let sites: Vec<Site> = sites()
        .into_iter()
        .filter(|site| words.is_empty() || words.iter().any(|word| site.file.contains(word)))
        .collect();
    let models = models_by_site(&sites);
    let weakenings: Vec<Weakening> = (0..sites.len())
        .flat_map(|site| kinds(&sites[site].text).iter().map(move |&kind| Weakening { site, kind }))
        .collect();
    let mut rows = BTreeMap::new();
    let (mut caught, mut kept, mut unexplained) = (0, 0, unused(&sites, words));
    in_lanes(
        weakenings,
        |weakening| outcome(&sites[weakening.site], weakening, &models),
        |Weakening { site: place, kind }, outcome| {
            let Site { file, line, text } = &sites[place];
            let verdict = match (outcome, reason(file, text, kind)) {
                (Outcome::Caught(model), None) => {
                    caught += 1;
                    format!("caught by `{model}`")
                }
                (Outcome::Survives, Some(reason)) => {
                    kept += 1;
                    format!("survives: {reason}")
                }
                (Outcome::Caught(model), Some(_)) => {
                    unexplained += 1;
                    format!("CAUGHT by `{model}`, and has a reason to survive")
                }
                (Outcome::Survives, None) => {
                    unexplained += 1;
                    "SURVIVES for no reason".to_owned()
                }
            };
            let left = kind.name();
            eprintln!("{file}:{line} {left}: {verdict}");
            rows.insert(
                (place, left),
                format!("| {file}:{line} | `{text}` | {left} | {verdict} |"),
            );
        },
    );
    println!("| where | operation | left of it | |\n|---|---|---|---|");
    rows.values().for_each(|row| println!("{row}"));
    println!("\n{caught} weakenings caught, {kept} survive with a reason");
    if unexplained == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many reasons belong to no operation any more.
fn unused(sites: &[Site], words: &[String]) -> usize {
    let stale = survivors().filter(|(file, snippet)| {
        let is_here = |site: &Site| site.file == *file && site.text.contains(snippet);
        words.is_empty() && !sites.iter().any(is_here)
    });
    stale.inspect(|(file, snippet)| eprintln!("no operation: {file} `{snippet}`")).count()
}

/// What can be left of an operation.
fn kinds(text: &str) -> &'static [Kind] {
    if text.contains("Ordering::AcqRel") {
        &[Kind::Relaxed, Kind::Acquire, Kind::Release]
    } else {
        &[Kind::Relaxed]
    }
}

fn outcome(
    site: &Site,
    weakening: &Weakening,
    models: &BTreeMap<(String, usize), Vec<&'static Model>>,
) -> Outcome {
    let mut executing = models.get(&(site.file.clone(), site.line)).cloned().unwrap_or_default();
    executing.sort_by_key(|model| model.executions);
    let broken = format!("{} {} {}", weakening.kind.name(), site.file, site.line);
    let fails = |model: &&Model| {
        let ran = Ran::of(command(model).env("RUNTIME_LOOM_MUTATION", &broken));
        ran.status != Some(0) && ran.executions().is_none()
    };
    match executing.into_iter().find(fails) {
        Some(model) => Outcome::Caught(model.name),
        None => Outcome::Survives,
    }
}

/// Which models execute which sites, in the executions with one preemption at most.
fn models_by_site(sites: &[Site]) -> BTreeMap<(String, usize), Vec<&'static Model>> {
    let mut by_site: BTreeMap<_, Vec<&'static Model>> = BTreeMap::new();
    in_lanes(
        model::all(),
        |model| Ran::of(command(model).arg("--trace").env("RUNTIME_LOOM_TRACE", "1")),
        |model, ran| {
            for reached in ran.stdout.lines().filter_map(|line| line.strip_prefix("site ")) {
                let Some((file, line)) = reached.rsplit_once(' ') else { continue };
                let line: usize = line.parse().expect("a line has a number");
                for site in sites.iter().filter(|site| site.line == line) {
                    if file.ends_with(&site.file) {
                        let models = by_site.entry((site.file.clone(), line)).or_default();
                        models.push(model);
                    }
                }
            }
        },
    );
    by_site
}

/// Every operation above the facade with an ordering stronger than Relaxed.
fn sites() -> Vec<Site> {
    let mut files = Vec::new();
    for package in ["runtime-core", "runtime-executor", "runtime-blocking", "."] {
        collect(&root().join(package).join("src"), &mut files);
    }
    files.sort();
    files.iter().flat_map(|path| sites_of(path)).collect()
}

/// The sources below a folder, but for what is behind the facade, and for tests.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a package has sources") {
        let path = entry.expect("a folder can be read").path();
        if path.ends_with("sync") || path.ends_with("tests") || path.ends_with("tests.rs") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn sites_of(path: &Path) -> Vec<Site> {
    let source = fs::read_to_string(path).expect("a source can be read");
    let file = path.strip_prefix(root()).expect("it is of this repository");
    let file = file.to_string_lossy().trim_start_matches("./").to_owned();
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_strong = |line: &str| {
        let strong = ["AcqRel", "Acquire", "Release", "SeqCst"];
        !line.starts_with("//")
            && strong.iter().any(|order| line.contains(&format!("Ordering::{order}")))
    };
    let calls = [".load(", ".store(", ".swap(", ".fetch_", ".compare_exchange"];
    let mut sites = Vec::new();
    for index in (0..lines.len()).filter(|&index| is_strong(lines[index])) {
        // The compiler's line of a call is the line of the method's name.
        let is_call = |at: &usize| calls.iter().any(|call| lines[*at].contains(call));
        let call = (0..=index).rev().find(is_call).expect("an ordering belongs to a call");
        sites.push(Site { file: file.clone(), line: call + 1, text: lines[index].to_owned() });
    }
    sites
}
