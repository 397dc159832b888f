//! Names of the threads, the objects and the values of a film.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::FilmSources;
use super::{Film, FilmStep};

/// The names of a film, taken from the source of its steps.
#[derive(Clone, Debug)]
pub struct FilmNames {
    pub(crate) sources: FilmSources,
    threads: Vec<String>,
    objects: BTreeMap<u64, ObjectName>,
    notes: Vec<FilmNote>,
}

/// One sentence about the steps of one line, which says why they matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilmNote {
    /// The path of the file in the repository.
    pub file: String,
    /// A piece of the line.
    pub snippet: String,
    /// The value that the step has read; without it, any value.
    pub before: Option<String>,
    /// The sentence.
    pub text: String,
}

#[derive(Clone, Debug)]
struct ObjectName {
    name: String,
    /// The names of values.
    values: BTreeMap<String, String>,
}

/// Names of fields that say little without their file.
const GENERIC: [&str; 8] = ["state", "word", "value", "cell", "lock", "inner", "self", "shared"];

impl FilmNames {
    /// The names of this film. Threads of one name are numbered, and so are objects.
    pub fn new(film: &Film, sources: FilmSources) -> FilmNames {
        let threads = numbered(film.threads.iter().map(String::as_str));
        let sites = sites(film);
        let names: Vec<String> = sites.values().map(|steps| object_name(&sources, steps)).collect();
        let names = numbered(names.iter().map(String::as_str));
        let objects = sites.iter().zip(names).map(|((object, steps), name)| {
            let values = value_names(&sources, steps);
            (*object, ObjectName { name, values })
        });
        let objects = objects.collect();
        FilmNames { sources, threads, objects, notes: Vec::new() }
    }

    /// Renames the first threads.
    pub fn rename_threads(&mut self, names: &[&str]) {
        for (thread, name) in self.threads.iter_mut().zip(names) {
            *thread = (*name).to_owned();
        }
    }

    /// Adds sentences about lines.
    pub fn explain(&mut self, notes: impl IntoIterator<Item = FilmNote>) {
        self.notes.extend(notes);
    }

    /// The names of all threads.
    pub(crate) fn threads(&self) -> &[String] {
        &self.threads
    }

    /// The name of a thread.
    pub(crate) fn thread(&self, number: usize) -> String {
        self.threads.get(number).cloned().unwrap_or_else(|| format!("thread {number}"))
    }

    /// The name of the step's object. Empty if there is none.
    pub(crate) fn object(&self, step: &FilmStep) -> String {
        match step.object {
            Some(number) if step.is_about_a_thread() => self.thread(number as usize),
            Some(number) => self.objects.get(&number).map_or_else(String::new, |o| o.name.clone()),
            // A mutant omits the operation, so the object was not accessed.
            None if step.is_mutated => short_name(&self.sources, step),
            None => String::new(),
        }
    }

    /// The name of a value of the step's object.
    pub(crate) fn value(&self, step: &FilmStep, value: &str) -> String {
        let object = step.object.and_then(|number| self.objects.get(&number));
        let name = object.and_then(|object| object.values.get(value)).cloned();
        name.unwrap_or_else(|| match value.parse::<u64>() {
            Ok(number) if number > 1 << 32 => format!("{number:#x}"),
            _ => value.to_owned(),
        })
    }

    /// The sentence about this step, if there is one.
    pub(crate) fn note(&self, step: &FilmStep) -> Option<&str> {
        let line = self.sources.line(&step.site);
        let before = step.before.as_deref();
        let is_about = |note: &&FilmNote| {
            note.file == step.site.file
                && line.contains(&note.snippet)
                && note.before.as_deref().is_none_or(|value| before == Some(value))
        };
        self.notes.iter().find(is_about).map(|note| note.text.as_str())
    }
}

/// The steps of each object, those of shipped source before those of models.
fn sites(film: &Film) -> BTreeMap<u64, Vec<&FilmStep>> {
    let mut sites: BTreeMap<u64, Vec<&FilmStep>> = BTreeMap::new();
    for step in film.steps.iter().filter(|step| !step.is_about_a_thread()) {
        if let Some(object) = step.object {
            sites.entry(object).or_default().push(step);
        }
    }
    for steps in sites.values_mut() {
        steps.sort_by_key(|step| (step.site.file.starts_with("tests/"), !step.site.is_ours()));
    }
    sites
}

fn object_name(sources: &FilmSources, steps: &[&FilmStep]) -> String {
    steps.first().map_or_else(String::new, |step| short_name(sources, step))
}

/// The last part of the expression: `posted` of `self.posted`. With the name of the file, if that
/// part says little.
fn short_name(sources: &FilmSources, step: &FilmStep) -> String {
    let receiver = sources.receiver(&step.site);
    let mut parts = receiver.split('.').filter(|part| part.parse::<u8>().is_err());
    let last = parts.next_back().filter(|part| !part.is_empty()).unwrap_or("self");
    let name = last.trim_end_matches("()").to_owned();
    if !GENERIC.contains(&name.as_str()) {
        return name;
    }
    let file = step.site.file.trim_end_matches(".rs").trim_end_matches("/mod");
    let (_, stem) = file.rsplit_once('/').unwrap_or(("", file));
    if name == "self" { stem.to_owned() } else { format!("{stem}.{name}") }
}

/// The constants of the file that stand for values of the object: if a step of the object names one
/// of them as an argument, all of them do.
fn value_names(sources: &FilmSources, steps: &[&FilmStep]) -> BTreeMap<String, String> {
    let files: BTreeSet<&str> = steps.iter().map(|step| step.site.file.as_str()).collect();
    for file in files {
        let constants = sources.constants(file);
        let is_argument = |step: &&&FilmStep| {
            let line = sources.line(&step.site);
            let arguments = line.chars().skip(step.site.column).collect::<String>();
            let words = arguments.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            step.site.file == file
                && words.into_iter().any(|word| constants.iter().any(|(name, _)| *name == word))
        };
        if steps.iter().any(|step| is_argument(&step)) {
            let pairs = constants.into_iter().rev();
            return pairs.map(|(name, value)| (value.to_owned(), name.to_owned())).collect();
        }
    }
    BTreeMap::new()
}

/// Numbers the names that occur more than once.
fn numbered<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names.clone() {
        *counts.entry(name).or_default() += 1;
    }
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    names
        .map(|name| {
            let number = used.entry(name).or_default();
            *number += 1;
            if counts[name] == 1 { name.to_owned() } else { format!("{name} {number}") }
        })
        .collect()
}
