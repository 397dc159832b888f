//! Films of models: the steps of one execution, in words and as a replay page.
//!
//! A model explores the interleavings of a few threads. If an execution fails, the models' side of
//! the sync facade (`runtime-core/src/sync/loom/film.rs`) writes the operations of that execution
//! to a file. [`Film::parse`] reads the file, [`FilmNames`] names threads, objects and values after
//! the source, [`Film::to_words`] tells the schedule as text, and [`film_document`] makes the
//! document of a [replay page](crate::replay).
//!
//! ```
//! use aside_trace::film::{Film, FilmNames, FilmSources};
//!
//! let text = "execution\t7\nthread\t0\tmain\n\
//!             step\t0\tswap\t1\tAcqRel\tfalse\ttrue\t-\tfalse\tsrc/waker.rs\t1\t13\n\
//!             end\tfailed\tsrc/main.rs\t9\tno message\n";
//! let film = Film::parse(text).expect("it is a film");
//! let mut sources = FilmSources::default();
//! sources.insert("src/waker.rs", "self.posted.swap(true, Ordering::AcqRel);");
//! let names = FilmNames::new(&film, sources);
//! assert!(film.to_words(&names).contains("swaps posted (false -> true)"));
//! ```

mod columns;
mod excerpts;
mod names;
mod scenes;
mod sources;
mod states;
#[cfg(test)]
mod tests;
mod words;

pub use excerpts::ChangedLine;
pub use names::{FilmNames, FilmNote};
pub use scenes::{FilmRun, film_document};
pub use sources::FilmSources;

/// The operations of one execution of a model.
#[derive(Clone, Debug, Default)]
pub struct Film {
    /// The number of the execution, from 1.
    pub execution: u64,
    /// The names of the threads, as the program gave them.
    pub threads: Vec<String>,
    /// The operations, in order.
    pub steps: Vec<FilmStep>,
    /// The end of the execution.
    pub end: FilmEnd,
}

/// One operation of one thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilmStep {
    /// The number of the thread.
    pub thread: usize,
    /// The operation: a method of the facade, or another verb, such as `sleep`.
    pub verb: String,
    /// The number of the atomic, the lock, the channel, or the other thread.
    pub object: Option<u64>,
    /// The ordering of an atomic operation.
    pub order: Option<String>,
    /// The value that the operation has read.
    pub before: Option<String>,
    /// The value that the operation has written.
    pub after: Option<String>,
    /// The value that was written last, if the operation has read an older one.
    pub latest: Option<String>,
    /// True if the operation is the one that a mutant breaks.
    pub is_mutated: bool,
    /// The call site.
    pub site: FilmSite,
}

/// A place in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilmSite {
    /// The path of the file in the repository. Absolute, if the file is not of the repository.
    pub file: String,
    /// The number of the line, from 1.
    pub line: usize,
    /// The number of the column, from 1.
    pub column: usize,
}

/// The end of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FilmEnd {
    /// The model passed.
    #[default]
    Passed,
    /// The model failed.
    Failed {
        /// The place of the panic.
        site: FilmSite,
        /// The message of the panic.
        message: String,
    },
}

impl Film {
    /// Reads a film.
    ///
    /// # Errors
    ///
    /// The first line that is not a record of a film, or the absence of an end.
    pub fn parse(text: &str) -> Result<Film, String> {
        let mut film = Film::default();
        let mut has_ended = false;
        for (line, number) in text.lines().zip(1..) {
            let fields: Vec<&str> = line.split('\t').collect();
            has_ended |= fields[0] == "end";
            film.read(&fields).ok_or_else(|| format!("line {number} is no record: {line:?}"))?;
        }
        if has_ended { Ok(film) } else { Err("the film has no end".into()) }
    }

    fn read(&mut self, fields: &[&str]) -> Option<()> {
        match *fields {
            ["execution", number] => self.execution = number.parse().ok()?,
            ["thread", number, name] => {
                (number.parse() == Ok(self.threads.len())).then_some(())?;
                self.threads.push(name.to_owned());
            }
            ["step", .., _, _, _] => self.steps.push(FilmStep::read(&fields[1..])?),
            ["end", "passed"] => self.end = FilmEnd::Passed,
            ["end", "failed", file, line, message] => {
                let site = FilmSite::read(file, line, "1")?;
                let message = message.replace("\\n", "\n").replace("\\\\", "\\");
                let message = without_times(&message);
                self.end = FilmEnd::Failed { site, message };
            }
            _ => return None,
        }
        Some(())
    }

    /// The files of the steps and of the end, without those that are not of the repository.
    pub fn files(&self) -> Vec<&str> {
        let sites = self.steps.iter().map(|step| &step.site);
        let end = match &self.end {
            FilmEnd::Failed { site, .. } => Some(site),
            FilmEnd::Passed => None,
        };
        let files = sites.chain(end).filter(|site| site.is_ours());
        let mut files: Vec<&str> = files.map(|site| site.file.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// Returns whether the execution ended because no thread could run.
    pub fn is_deadlock(&self) -> bool {
        matches!(&self.end, FilmEnd::Failed { message, .. } if message.starts_with("deadlock"))
    }
}

/// The path without `..`: a module of a model may be a file of another package.
fn resolved(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// The message without the fields of instants, which differ in each run.
fn without_times(message: &str) -> String {
    let mut parts = message.split("Instant {");
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |text, part| {
        let rest = part.find('}').map_or(part, |end| &part[end..]);
        text + "Instant { .. " + rest
    })
}

impl FilmStep {
    fn read(fields: &[&str]) -> Option<FilmStep> {
        let [thread, verb, object, order, before, after, latest, mutated, file, line, column] =
            fields[..]
        else {
            return None;
        };
        let text = |field: &str| (field != "-").then(|| field.to_owned());
        Some(FilmStep {
            thread: thread.parse().ok()?,
            verb: verb.to_owned(),
            object: match object {
                "-" => None,
                number => Some(number.parse().ok()?),
            },
            order: text(order),
            before: text(before),
            after: text(after),
            latest: text(latest),
            is_mutated: mutated.parse().ok()?,
            site: FilmSite::read(file, line, column)?,
        })
    }

    /// Returns whether the object is a thread.
    pub(crate) fn is_about_a_thread(&self) -> bool {
        let verbs = ["unpark", "expire", "wake_spuriously", "spawn", "join", "joined"];
        verbs.contains(&self.verb.as_str())
    }
}

impl FilmSite {
    fn read(file: &str, line: &str, column: &str) -> Option<FilmSite> {
        Some(FilmSite {
            file: resolved(file),
            line: line.parse().ok()?,
            column: column.parse().ok()?,
        })
    }

    /// Returns whether the other site is on the same line.
    pub(crate) fn is_line_of(&self, other: &FilmSite) -> bool {
        (&self.file, self.line) == (&other.file, other.line)
    }

    /// Returns whether the file is of the repository.
    pub fn is_ours(&self) -> bool {
        !self.file.starts_with('/') && self.file != "-"
    }

    /// The name of the file without its folder, and the line.
    pub(crate) fn short(&self) -> String {
        if !self.is_ours() {
            return String::new();
        }
        let (_, name) = self.file.rsplit_once('/').unwrap_or(("", &self.file));
        format!("{name}:{}", self.line)
    }
}
