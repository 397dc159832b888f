//! Mutation testing of the orderings. The run takes each ordering of the shipped code that is
//! stronger than Relaxed, and weakens it alone. The models that execute the operation then run
//! until one of them fails.
//!
//! An `AcqRel` is weakened three times: to Relaxed, to Acquire and to Release. A weakening on which
//! no model fails is a *survivor*; [`survivors`](crate::survivors) has the reason for each. A
//! survivor without a reason fails the run, and so does a reason without a survivor.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::catalog;
use crate::model::{Model, MutationKind};
use crate::model_process::{Ran, command, in_parallel};
use crate::site::root;
use crate::survivors::{reason, survivors};

/// An atomic operation of the source, with the line that the compiler reports for its call.
struct AtomicSite {
    file: String,
    line: usize,
    /// The text of the line.
    text: String,
}

/// One weakening of one site.
struct Weakening {
    site: usize,
    kind: MutationKind,
}

/// The result of a weakening.
enum WeakeningOutcome {
    Caught(&'static str),
    Survives,
}

/// Weakens every ordering and prints the table. Fails if a survivor has no reason.
pub(crate) fn run(words: &[String]) -> ExitCode {
    let sites: Vec<AtomicSite> = sites()
        .into_iter()
        .filter(|site| words.is_empty() || words.iter().any(|word| site.file.contains(word)))
        .collect();
    let models = models_by_site(&sites);
    let weakenings: Vec<Weakening> = (0..sites.len())
        .flat_map(|site| kinds(&sites[site].text).iter().map(move |&kind| Weakening { site, kind }))
        .collect();
    let mut rows = BTreeMap::new();
    let (mut caught, mut kept, mut unexplained) = (0, 0, unused(&sites, words));
    in_parallel(
        weakenings,
        |weakening| outcome(&sites[weakening.site], weakening, &models),
        |Weakening { site: place, kind }, outcome| {
            let AtomicSite { file, line, text } = &sites[place];
            let verdict = match (outcome, reason(file, text, kind)) {
                (WeakeningOutcome::Caught(model), None) => {
                    caught += 1;
                    format!("caught by `{model}`")
                }
                (WeakeningOutcome::Survives, Some(reason)) => {
                    kept += 1;
                    format!("survives: {reason}")
                }
                (WeakeningOutcome::Caught(model), Some(_)) => {
                    unexplained += 1;
                    format!("CAUGHT by `{model}`, and has a reason to survive")
                }
                (WeakeningOutcome::Survives, None) => {
                    unexplained += 1;
                    "SURVIVES without a reason".to_owned()
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

/// Counts the reasons whose operation does not exist.
fn unused(sites: &[AtomicSite], words: &[String]) -> usize {
    let stale = survivors().filter(|(file, snippet)| {
        let is_here = |site: &AtomicSite| site.file == *file && site.text.contains(snippet);
        words.is_empty() && !sites.iter().any(is_here)
    });
    stale.inspect(|(file, snippet)| eprintln!("no operation: {file} `{snippet}`")).count()
}

/// The ways to weaken the operation on a line with this text.
fn kinds(text: &str) -> &'static [MutationKind] {
    if text.contains("Ordering::AcqRel") {
        &[MutationKind::Relaxed, MutationKind::Acquire, MutationKind::Release]
    } else {
        &[MutationKind::Relaxed]
    }
}

fn outcome(
    site: &AtomicSite,
    weakening: &Weakening,
    models: &BTreeMap<(String, usize), Vec<&'static Model>>,
) -> WeakeningOutcome {
    let mut executing = models.get(&(site.file.clone(), site.line)).cloned().unwrap_or_default();
    executing.sort_by_key(|model| model.executions);
    let broken = format!("{} {} {}", weakening.kind.name(), site.file, site.line);
    let fails = |model: &&Model| {
        let ran = Ran::of(command(model).env("RUNTIME_LOOM_MUTATION", &broken));
        ran.status != Some(0) && ran.executions().is_none()
    };
    match executing.into_iter().find(fails) {
        Some(model) => WeakeningOutcome::Caught(model.name),
        None => WeakeningOutcome::Survives,
    }
}

/// Finds the models that execute each site in executions with at most one preemption.
fn models_by_site(sites: &[AtomicSite]) -> BTreeMap<(String, usize), Vec<&'static Model>> {
    let mut by_site: BTreeMap<_, Vec<&'static Model>> = BTreeMap::new();
    in_parallel(
        catalog::all(),
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

/// Finds every operation above the facade whose ordering is stronger than Relaxed.
fn sites() -> Vec<AtomicSite> {
    let mut files = Vec::new();
    for package in ["runtime-core", "runtime-executor", "runtime-blocking", "."] {
        collect(&root().join(package).join("src"), &mut files);
    }
    files.sort();
    files.iter().flat_map(|path| sites_of(path)).collect()
}

/// Collects the sources below a folder, without the facade and without tests.
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

fn sites_of(path: &Path) -> Vec<AtomicSite> {
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
        // The compiler reports the line of the method's name as the line of the call.
        let is_call = |at: &usize| calls.iter().any(|call| lines[*at].contains(call));
        let call = (0..=index).rev().find(is_call).expect("an ordering belongs to a call");
        sites.push(AtomicSite {
            file: file.clone(),
            line: call + 1,
            text: lines[index].to_owned(),
        });
    }
    sites
}
