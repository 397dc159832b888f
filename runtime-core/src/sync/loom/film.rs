//! The film of an execution: its operations, in order, with their call sites and values.
//!
//! If the environment variable `RUNTIME_LOOM_FILM` names a file, each operation of the facade is
//! noted as a [`Step`]. The film of an execution is dropped when the next execution begins. If an
//! execution fails (by an assertion, a deadlock, or because it spins), the hook of the panic writes
//! the film to the file, since a failing model often aborts its process. The exploration is
//! deterministic, so a second run with a film fails in the same execution as the first run without
//! one.
//!
//! If `RUNTIME_LOOM_FILM_BESIDE` names the film of a counterexample, too, the model is expected to
//! pass. The written film is then that of the execution which agrees with the counterexample for
//! the most steps; of several such executions, the first of the shortest ones.
//!
//! The file is text. Each line is a record, whose fields are separated by tabs; `-` is an absent
//! field. The package `aside-trace` reads it.
//!
//! ```text
//! execution  NUMBER
//! thread     NUMBER NAME
//! step       THREAD VERB OBJECT ORDERING BEFORE AFTER LATEST MUTATED FILE LINE COLUMN
//! end        passed | failed FILE LINE MESSAGE
//! ```
//!
//! Nothing here is an operation that loom sees. Without the variable, nothing is noted.

use std::cell::Cell;
use std::env;
use std::fmt::Write;
use std::fs;
use std::mem;
use std::panic::{self, Location, PanicHookInfo};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};

/// One operation of one thread.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) thread: usize,
    /// The name of a method of the facade, or another verb, such as `sleep`.
    pub(super) verb: &'static str,
    /// The number of the atomic, lock, channel or thread that the operation accesses.
    pub(super) object: Option<u64>,
    pub(super) order: Option<Ordering>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// The value that was written last, if the operation has read an older one.
    pub(super) latest: Option<String>,
    pub(super) is_mutated: bool,
    pub(super) site: &'static Location<'static>,
}

#[derive(Default)]
struct Film {
    execution: u64,
    /// Names by thread.
    threads: Vec<String>,
    steps: Vec<Step>,
    /// The number of objects that were accessed in this execution.
    objects: u64,
    is_written: bool,
    /// The best film beside a counterexample: the number of equal steps, and the text.
    best: Option<Best>,
}

struct Best {
    agreeing: usize,
    steps: usize,
    text: String,
}

struct Camera {
    path: String,
    /// The steps of the counterexample: thread, file and line.
    beside: Option<Vec<(usize, String, u32)>>,
    film: Mutex<Film>,
}

loom::thread_local! {
    /// The number of the thread.
    static NUMBER: Cell<Option<usize>> = Cell::new(None);
}

static CAMERA: OnceLock<Option<Camera>> = OnceLock::new();
static HOOK: Once = Once::new();

fn camera() -> Option<&'static Camera> {
    CAMERA.get_or_init(from_environment).as_ref()
}

fn from_environment() -> Option<Camera> {
    let path = env::var("RUNTIME_LOOM_FILM").ok()?;
    let beside = env::var("RUNTIME_LOOM_FILM_BESIDE").ok().map(|path| {
        let text = fs::read_to_string(&path).expect("RUNTIME_LOOM_FILM_BESIDE can be read");
        text.lines().filter_map(schedule_of).collect()
    });
    Some(Camera { path, beside, film: Mutex::default() })
}

/// The thread, file and line of a step in a film's text.
fn schedule_of(line: &str) -> Option<(usize, String, u32)> {
    let fields: Vec<&str> = line.strip_prefix("step\t")?.split('\t').collect();
    let [thread, .., file, line, _column] = fields[..] else { return None };
    Some((thread.parse().ok()?, file.to_owned(), line.parse().ok()?))
}

impl Camera {
    fn film(&self) -> MutexGuard<'_, Film> {
        self.film.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the film of an execution that has passed, if it is the best one so far.
    fn consider(&self, film: &mut Film) {
        let Some(beside) = self.beside.as_ref().filter(|_| !film.steps.is_empty()) else { return };
        let is_same = |(step, other): &(&Step, &(usize, String, u32))| {
            let (thread, file, line) = other;
            step.thread == *thread && step.site.line() == *line && step.site.file() == file
        };
        let agreeing = film.steps.iter().zip(beside).take_while(is_same).count();
        let steps = film.steps.len();
        let is_better = film.best.as_ref().is_none_or(|best| {
            (best.agreeing, std::cmp::Reverse(best.steps)) < (agreeing, std::cmp::Reverse(steps))
        });
        if is_better {
            film.best = Some(Best { agreeing, steps, text: film.text("end\tpassed\n") });
        }
    }

    /// Writes the film of the execution that has panicked. Later panics are those of threads that
    /// are being unwound.
    fn failed(&self, panic: &PanicHookInfo<'_>) {
        let mut film = self.film();
        if mem::replace(&mut film.is_written, true) {
            return;
        }
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let message = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        let message = message.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', " ");
        let (file, line) = panic.location().map_or(("-", 0), |at| (at.file(), at.line()));
        self.write(&film.text(&format!("end\tfailed\t{file}\t{line}\t{message}\n")));
    }

    fn write(&self, text: &str) {
        if let Err(error) = fs::write(&self.path, text) {
            eprintln!("{}: {error}", self.path);
        }
    }
}

impl Film {
    fn text(&self, end: &str) -> String {
        let mut text = format!("execution\t{}\n", self.execution);
        for (number, name) in self.threads.iter().enumerate() {
            let _ = writeln!(text, "thread\t{number}\t{name}");
        }
        for step in &self.steps {
            step.write_to(&mut text);
        }
        text + end
    }
}

impl Step {
    fn write_to(&self, text: &mut String) {
        let or_none = |field: &Option<String>| field.clone().unwrap_or("-".to_owned());
        let order = self.order.map_or("-".to_owned(), |order| format!("{order:?}"));
        let object = self.object.map_or("-".to_owned(), |object| object.to_string());
        let [before, after, latest] = [&self.before, &self.after, &self.latest].map(or_none);
        let _ = writeln!(
            text,
            "step\t{}\t{}\t{object}\t{order}\t{before}\t{after}\t{latest}\t{}\t{}\t{}\t{}",
            self.thread,
            self.verb,
            self.is_mutated,
            self.site.file(),
            self.site.line(),
            self.site.column(),
        );
    }
}

/// Sets the hook that writes the film of a failing execution.
pub(super) fn begin_exploration() {
    if let Some(camera) = camera() {
        HOOK.call_once(|| {
            let former = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                camera.failed(panic);
                former(panic);
            }));
        });
    }
}

/// Drops the film of the last execution.
pub(super) fn begin_execution() {
    if let Some(camera) = camera() {
        let mut film = camera.film();
        camera.consider(&mut film);
        film.execution += 1;
        film.threads.clear();
        film.steps.clear();
        film.objects = 0;
    }
}

/// Writes the film that a passing model leaves.
pub(super) fn end_exploration() {
    if let Some(camera) = camera() {
        let mut film = camera.film();
        camera.consider(&mut film);
        if let Some(best) = film.best.take() {
            camera.write(&best.text);
        }
    }
}

/// Gives the next thread its name.
pub(super) fn name_thread(name: &str) {
    if let Some(camera) = camera() {
        camera.film().threads.push(name.replace(['\t', '\n'], " "));
    }
}

/// Returns the number of the next object, unless there is no film.
pub(super) fn next_object() -> Option<u64> {
    let mut film = camera()?.film();
    film.objects += 1;
    Some(film.objects)
}

/// Gives the calling thread its number.
pub(super) fn number_thread(number: usize) {
    NUMBER.with(|here| here.set(Some(number)));
}

/// The number of the calling thread, unless its locals are being destroyed.
pub(super) fn current_number() -> Option<usize> {
    NUMBER.try_with(Cell::get).ok().flatten()
}

/// Notes an operation on a thread, or on nothing.
#[track_caller]
pub(super) fn note(verb: &'static str, thread: Option<usize>, after: Option<bool>) {
    note_at(Location::caller(), verb, thread, after);
}

/// Notes an operation at another site than that of the caller.
pub(super) fn note_at(
    site: &'static Location<'static>,
    verb: &'static str,
    thread: Option<usize>,
    after: Option<bool>,
) {
    let object = thread.map(|number| number as u64);
    push(|| Step { object, after: after.map(|after| after.to_string()), ..Step::at(site, verb) });
}

/// Notes an operation that a mutation omits.
#[track_caller]
pub(super) fn note_lost(verb: &'static str, thread: Option<usize>) {
    let (site, object) = (Location::caller(), thread.map(|number| number as u64));
    push(|| Step { object, is_mutated: true, ..Step::at(site, verb) });
}

/// Appends a step to the film, if there is one.
pub(super) fn push(step: impl FnOnce() -> Step) {
    if let Some(camera) = camera() {
        let step = step();
        camera.film().steps.push(step);
    }
}

impl Step {
    pub(super) fn at(site: &'static Location<'static>, verb: &'static str) -> Step {
        // A thread whose locals are being destroyed is the one that ran last.
        let last = || camera()?.film().steps.last().map(|step| step.thread);
        Step {
            thread: current_number().or_else(last).unwrap_or(0),
            verb,
            object: None,
            order: None,
            before: None,
            after: None,
            latest: None,
            is_mutated: false,
            site,
        }
    }
}
