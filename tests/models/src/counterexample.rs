//! The counterexample of a failing model or mutant: the run again, with a film.
//!
//! The exploration is deterministic, so the model fails again. It first runs with few preemptions,
//! because a schedule with fewer of them is shorter and easier to read.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use aside_trace::film::{Film, FilmEnd, FilmNames, FilmSources};

use crate::model::{Model, Mutant};
use crate::model_process::{Ran, command};
use crate::site::{self, root};

/// The largest number of preemptions that is tried before the model's own bound.
const FEW: usize = 3;

/// A failing execution.
pub(crate) struct Counterexample {
    pub(crate) film: Film,
    /// The bound with which the model failed.
    bound: Option<usize>,
    text: String,
}

/// Runs the model, or a mutant of it, with a film. Returns `None` if no execution fails.
pub(crate) fn find(model: &Model, mutant: Option<usize>) -> Option<Counterexample> {
    let few = (0..=FEW).map(Some).filter(|few| model.bound.is_none() || *few < model.bound);
    few.chain([model.bound]).find_map(|bound| {
        let text = film(model, mutant, bound, None)?;
        let film = Film::parse(&text).expect("the facade writes films");
        let has_failed = matches!(film.end, FilmEnd::Failed { .. });
        has_failed.then_some(Counterexample { film, bound, text })
    })
}

impl Counterexample {
    /// The execution of a model that passes, and that agrees with this one for the most steps.
    pub(crate) fn beside(&self, model: &Model) -> Film {
        let text = film(model, None, self.bound, Some(&self.text)).expect("the model has passed");
        Film::parse(&text).expect("the facade writes films")
    }
}

/// The schedule of a failing model or mutant, in words.
pub(crate) fn words(model: &Model, mutant: Option<usize>) -> Option<String> {
    let film = find(model, mutant)?.film;
    Some(film.to_words(&names(&film)))
}

/// The names of a film, from the source of this repository.
pub(crate) fn names(film: &Film) -> FilmNames {
    let mut sources = FilmSources::default();
    for file in film.files() {
        if let Ok(text) = fs::read_to_string(root().join(file)) {
            sources.insert(file, &text);
        }
    }
    FilmNames::new(film, sources)
}

/// The environment of a mutant's process: the mutation of a line.
pub(crate) fn mutation(mutant: &Mutant) -> Option<String> {
    match mutant {
        Mutant::Site { kind, file, snippet, nth } => {
            let line = site::line_of(file, snippet, *nth);
            Some(format!("{} {file} {line}", kind.name()))
        }
        Mutant::Body { .. } => None,
    }
}

/// The text of the film that a process writes.
fn film(
    model: &Model,
    mutant: Option<usize>,
    bound: Option<usize>,
    beside: Option<&str>,
) -> Option<String> {
    let path = temporary("film");
    let mut command = command(model);
    if let Some(index) = mutant {
        command.arg(index.to_string());
        if let Some(mutation) = mutation(&model.mutants[index]) {
            command.env("RUNTIME_LOOM_MUTATION", mutation);
        }
    }
    if let Some(bound) = bound {
        command.args(["--bound", &bound.to_string()]);
    }
    let other = beside.map(|text| {
        let other = temporary("beside");
        fs::write(&other, text).expect("a temporary file can be written");
        command.env("RUNTIME_LOOM_FILM_BESIDE", &other);
        other
    });
    let _ran = Ran::of(command.env("RUNTIME_LOOM_FILM", &path));
    let text = fs::read_to_string(&path).ok();
    remove(&path);
    other.iter().for_each(|path| remove(path));
    text
}

fn temporary(kind: &str) -> PathBuf {
    let thread = std::thread::current().id();
    env::temp_dir().join(format!("aside-{kind}-{}-{thread:?}", process::id()))
}

fn remove(path: &Path) {
    // A process that does not fail leaves no film.
    let _ = fs::remove_file(path);
}
