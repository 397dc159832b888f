//! Writes the films as replay pages, and compares the committed pages with the source.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use aside_trace::film::{ChangedLine, FilmRun, FilmSite, film_document};
use aside_trace::replay::Document;
use aside_trace::replay::frames::LineMark;

use crate::counterexample;
use crate::film_catalog::{FILMS, FilmSpec};
use crate::film_notes::notes;
use crate::model::{Mutant, MutationKind};
use crate::model_process::in_parallel;
use crate::site::{self, root};

/// The folder of the committed pages.
const FOLDER: &str = "docs/replays/films";

/// Lists the films, or writes the named ones; all, if none is named.
pub(crate) fn main(names: &[String]) -> ExitCode {
    if names.first().is_some_and(|name| name == "--list") {
        FILMS.iter().for_each(|film| println!("{:28}{}", film.name, film.title));
        return ExitCode::SUCCESS;
    }
    let is_wanted = |film: &&FilmSpec| names.is_empty() || names.iter().any(|n| n == film.name);
    let films: Vec<&FilmSpec> = FILMS.iter().filter(is_wanted).collect();
    if films.len() < names.len() || films.is_empty() {
        eprintln!("no such film: {names:?} (see --film --list)");
        return ExitCode::FAILURE;
    }
    fs::create_dir_all(root().join(FOLDER)).expect("the folder can be made");
    let mut failed = 0;
    in_parallel(
        films,
        |film| shoot(film),
        |film, made| match made {
            Ok((document, words)) => {
                fs::write(page(film), document.to_html()).expect("the page can be written");
                println!("{}: {}\n{words}", film.name, page(film).display());
            }
            Err(error) => {
                failed += 1;
                println!("{}: {error}", film.name);
            }
        },
    );
    fs::write(root().join(FOLDER).join("README.md"), index()).expect("the index can be written");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Compares the committed page with the counterexample of the mutant, apart from the numbers of
/// lines.
pub(crate) fn check(film: &FilmSpec) -> Result<(), String> {
    let (document, _) = shoot(film)?;
    let committed = fs::read_to_string(page(film)).map_err(|error| error.to_string())?;
    let is_current =
        without_line_numbers(&committed).contains(without_line_numbers(&document.to_json()).trim());
    if is_current { Ok(()) } else { Err(format!("run `cargo loom --film {}`", film.name)) }
}

/// Compares the committed list of the films with the catalog.
pub(crate) fn check_index() -> Result<(), String> {
    let committed = fs::read_to_string(root().join(FOLDER).join("README.md"));
    if committed.is_ok_and(|text| text == index()) {
        Ok(())
    } else {
        Err("run `cargo loom --film`".to_owned())
    }
}

fn page(film: &FilmSpec) -> PathBuf {
    root().join(FOLDER).join(format!("{}.html", film.name))
}

/// Makes the page of a film, and its schedule in words.
fn shoot(film: &FilmSpec) -> Result<(Document, String), String> {
    let (model, mutant) = (film.model(), film.mutant());
    let Some(counterexample) = counterexample::find(model, Some(mutant)) else {
        return Err("the mutant does not fail".to_owned());
    };
    let passing = counterexample.beside(film.beside());
    let named = |film_of_run| {
        let mut names = counterexample::names(film_of_run);
        names.rename_threads(film.threads);
        names.explain(notes());
        names
    };
    let (wrong, right) = (named(&counterexample.film), named(&passing));
    let changed = changed_lines(film, &model.mutants[mutant]);
    let called = film.called.map(|(file, snippet)| site_of(file, snippet));
    let mistake = film.mistake.map(|(file, snippet, _)| site_of(file, snippet));
    let of = |name, film, names| FilmRun { name, film, names, changed: &[], quoted_for: None };
    let quoted_for = called.as_ref().zip(mistake.as_ref());
    let mutant = of("the mutant", &counterexample.film, &wrong);
    let runs = [
        FilmRun { changed: &changed, quoted_for, ..mutant },
        of("the right program", &passing, &right),
    ];
    let about = format!("{} {}", film.claim, film.look_for);
    let document = film_document(film.title, &about, &runs);
    document.check()?;
    let shown = last_changed_frame(&document);
    if shown != Some(film.frame) {
        return Err(format!("the frame of its changed line is {shown:?}, not {}", film.frame));
    }
    Ok((document, counterexample.film.to_words(&wrong)))
}

/// The number of the last frame before the end that quotes the changed line.
fn last_changed_frame(document: &Document) -> Option<usize> {
    let is_changed = |quote: usize| {
        document.quotes[quote]
            .lines
            .iter()
            .any(|line| matches!(line.mark, LineMark::Added | LineMark::Wrong))
    };
    let (_end, steps) = document.runs[0].frames.split_last()?;
    let last = steps.iter().rposition(|frame| frame.quote.is_some_and(is_changed));
    last.map(|index| index + 1)
}

fn site_of(file: &str, snippet: &str) -> FilmSite {
    let line = site::line_of(file, snippet, None);
    FilmSite { file: file.to_owned(), line, column: 1 }
}

/// The lines that differ from the right program.
fn changed_lines(film: &FilmSpec, mutant: &Mutant) -> Vec<ChangedLine> {
    match mutant {
        Mutant::Site { kind, file, snippet, nth } => {
            let line = site::line_of(file, snippet, *nth);
            vec![broken(*kind, file, line)]
        }
        Mutant::Body { .. } => film.mistake.map_or_else(Vec::new, |(file, snippet, count)| {
            let first = site::line_of(file, snippet, None);
            let of = |line| ChangedLine { file: file.to_owned(), line, replacement: None };
            (first..first + count).map(of).collect()
        }),
    }
}

/// The text that the mutation of a line stands for.
fn broken(kind: MutationKind, file: &str, line: usize) -> ChangedLine {
    let source = fs::read_to_string(root().join(file)).expect("the source can be read");
    let lines: Vec<&str> = source.lines().collect();
    // A call may take several lines; its ordering is on one of them.
    let ordering = (line..line + 6).find(|n| lines[n - 1].contains("Ordering::"));
    let ordered = ordering.unwrap_or(line);
    let text = lines[ordered - 1];
    let indent = &text[..text.len() - text.trim_start().len()];
    let weakened = |to: &str| {
        let at = text.find("Ordering::").expect("the line has an ordering") + "Ordering::".len();
        let rest = text[at..].trim_start_matches(char::is_alphanumeric);
        vec![format!("{}{to}{rest}", &text[..at])]
    };
    let (line, replacement) = match kind {
        MutationKind::Relaxed => (ordered, weakened("Relaxed")),
        MutationKind::Acquire => (ordered, weakened("Acquire")),
        MutationKind::Release => (ordered, weakened("Release")),
        MutationKind::Split => {
            (line, vec![format!("{indent}// not one step: a load, and a later store")])
        }
        MutationKind::Lose => (line, vec![format!("{indent}// omitted")]),
    };
    ChangedLine { file: file.to_owned(), line, replacement: Some(replacement) }
}

/// Replaces the numbers of quoted lines, which change with every edit above them.
fn without_line_numbers(json: &str) -> String {
    let mut parts = json.split("\"line\":");
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |text, part| text + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The list of the films.
fn index() -> String {
    let mut text = String::from(
        "# Films\n\n\
         Each page is the counterexample of one mutant, found by a model on the source that ships \
         (or on a toy\npool with one mistake), step by step, beside the right program. The changed \
         line is red. `cargo loom\n--film` writes the pages and this list, and `cargo loom film` \
         compares them with the source.\n\n\
         | film | claim | the change | look for |\n|---|---|---|---|\n",
    );
    for film in FILMS {
        let FilmSpec { name, title, claim, look_for, frame, .. } = film;
        let change = match &film.model().mutants[film.mutant()] {
            Mutant::Site { kind, file, snippet, .. } => {
                let (_, file) = file.rsplit_once('/').unwrap_or(("", file));
                format!("{} `{snippet}` ({file})", kind.name())
            }
            Mutant::Body { name, .. } => (*name).to_owned(),
        };
        text += &format!("| [{title}]({name}.html#{frame}) | {claim} | {change} | {look_for} |\n");
    }
    text
}
