//! Runs the models and their twins, as many at a time as there are processors.

use std::env;
use std::num::NonZero;
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::child::{self, EXECUTIONS, EXPLORING, HUNG};
use crate::model::{self, End, Model, Wrong};
use crate::site;

/// Far more than any model takes.
const MODEL_LIMIT: Duration = Duration::from_secs(1800);
/// A twin fails soon, or it is killed.
const TWIN_LIMIT: Duration = Duration::from_secs(120);

/// What the command line asks for.
enum Request {
    /// Models, then twins.
    Check(Vec<String>),
    /// Models, for their counts.
    Bless(Vec<String>),
    /// One model, or one twin of it, in this process.
    Child(String, Option<usize>),
}

pub(crate) fn main() -> ExitCode {
    if let Some((name, _)) = env::vars().find(|(name, _)| name.starts_with("LOOM_MAX_")) {
        eprintln!("{name} is set: it would end an exploration early, and pass");
        return ExitCode::FAILURE;
    }
    match request() {
        Request::Check(words) => check(&words),
        Request::Bless(words) => bless(&words),
        Request::Child(name, twin) => {
            let model = named(&name);
            let limit = if twin.is_some() { TWIN_LIMIT } else { MODEL_LIMIT };
            child::run(model, twin, limit)
        }
    }
}

fn request() -> Request {
    let mut words: Vec<String> = env::args().skip(1).filter(|word| word != "--").collect();
    match words.first().map(String::as_str) {
        Some("--child") => {
            let twin = words.get(2).map(|index| index.parse().expect("a twin has a number"));
            Request::Child(words.swap_remove(1), twin)
        }
        Some("--bless") => Request::Bless(words.split_off(1)),
        Some(_) | None => Request::Check(words),
    }
}

fn named(name: &str) -> &'static Model {
    model::all().into_iter().find(|model| model.name == name).expect("the runner names a model")
}

fn matching(words: &[String]) -> Vec<&'static Model> {
    let matches = |model: &&Model| {
        words.is_empty() || words.iter().any(|word| model.name.contains(word.as_str()))
    };
    model::all().into_iter().filter(matches).collect()
}

fn check(words: &[String]) -> ExitCode {
    let models = matching(words);
    find_sites(&models);
    let twins = models.iter().flat_map(|model| (0..model.twins.len()).map(|i| (*model, Some(i))));
    let jobs: Vec<Job> = models.iter().map(|model| (*model, None)).chain(twins).collect();
    let mut passed = 0;
    let mut failed = 0;
    run_all(jobs, |job, ran| {
        let verdict = match job {
            (model, None) => judge_model(model, &ran),
            (model, Some(twin)) => judge_twin(model, twin, &ran),
        };
        match verdict {
            Ok(line) => {
                passed += 1;
                println!("{line}");
            }
            Err(complaint) => {
                failed += 1;
                println!("{complaint}\n{}", ran.complaint());
            }
        }
    });
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Finds every line that is to be broken, before anything runs.
fn find_sites(models: &[&Model]) {
    for twin in models.iter().flat_map(|model| model.twins) {
        if let Wrong::Site { file, snippet, nth, .. } = &twin.wrong {
            let _line = site::line_of(file, snippet, *nth);
        }
    }
}

/// Prints the table of `docs/theorems.md`, and the counts that are not what is written.
fn bless(words: &[String]) -> ExitCode {
    let mut rows = Vec::new();
    let mut changes = Vec::new();
    let jobs = matching(words).into_iter().map(|model| (model, None)).collect();
    run_all(jobs, |(model, _), ran| {
        let executions = ran.executions();
        let (name, bound, twins) = (model.name, bound(model), model.twins.len());
        let (count, is_sound) = match executions {
            Some(count) if ran.status == Some(0) => (count.to_string(), true),
            Some(_) | None => ("fails".to_owned(), false),
        };
        let seconds = ran.seconds;
        rows.push(format!("| `{name}` | {bound} | {count} | {seconds:.1} | {twins} |"));
        if !is_sound || executions != Some(model.executions) {
            changes.push(format!("{name}: {}, now {count}\n{}", model.executions, ran.complaint()));
        }
    });
    rows.sort();
    println!("| theorem | bound | executions | seconds | twins |\n|---|---|---|---|---|");
    println!("{}", rows.join("\n"));
    println!("\n{} counts to change", changes.len());
    println!("{}", changes.join("\n"));
    ExitCode::SUCCESS
}

/// A model, or its twin of that number.
type Job = (&'static Model, Option<usize>);

/// How a process ended.
struct Ran {
    /// `None` if a signal ended it.
    status: Option<i32>,
    stdout: String,
    stderr: String,
    seconds: f64,
}

/// Runs each job in a process, a few at a time, and reports each as it ends.
fn run_all(jobs: Vec<Job>, mut report: impl FnMut(Job, Ran)) {
    let lanes = thread::available_parallelism().map_or(1, NonZero::get);
    let (ended, ends) = mpsc::channel();
    let mut running = 0;
    for job in jobs {
        if running == lanes {
            let (job, ran) = ends.recv().expect("a lane reports");
            report(job, ran);
            running -= 1;
        }
        let ended = ended.clone();
        thread::spawn(move || ended.send((job, run(job))));
        running += 1;
    }
    drop(ended);
    for (job, ran) in ends {
        report(job, ran);
    }
}

fn run((model, twin): Job) -> Ran {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["--child", model.name]).env("RUST_BACKTRACE", "0");
    command.env_remove("RUNTIME_LOOM_SABOTAGE");
    if let Some(index) = twin {
        command.arg(index.to_string());
        if let Wrong::Site { kind, file, snippet, nth } = &model.twins[index].wrong {
            let line = site::line_of(file, snippet, *nth);
            command.env("RUNTIME_LOOM_SABOTAGE", format!("{} {file} {line}", kind.name()));
        }
    }
    let start = Instant::now();
    let output = command.output().expect("this program can be run again");
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        seconds: start.elapsed().as_secs_f64(),
    }
}

impl Ran {
    fn executions(&self) -> Option<u64> {
        self.stdout.lines().find_map(|line| line.strip_prefix(EXECUTIONS)?.parse().ok())
    }

    /// What it complained of first; what follows mostly comes of the threads that are torn down.
    fn complaint(&self) -> String {
        let said = self.stderr.lines().filter(|line| !line.trim().is_empty());
        said.take(12).map(|line| format!("    {line}\n")).collect()
    }
}

fn bound(model: &Model) -> String {
    model.bound.map_or("whole".to_owned(), |bound| bound.to_string())
}

fn judge_model(model: &Model, ran: &Ran) -> Result<String, String> {
    let (name, bound, seconds) = (model.name, bound(model), ran.seconds);
    match (ran.status, ran.executions()) {
        (Some(0), Some(executions)) if executions == model.executions => {
            Ok(format!("MODEL {name} {bound} {executions} {seconds:.2}"))
        }
        (Some(0), Some(executions)) => Err(format!(
            "FAILED {name}: {executions} executions in {seconds:.2} s, not {} (see --bless)",
            model.executions
        )),
        (Some(HUNG), _) => Err(format!("FAILED {name}: not done after {MODEL_LIMIT:?}")),
        (_, executions) => Err(format!(
            "FAILED {name} after {seconds:.2} s{}",
            if executions.is_some() { ": it did not see all it was to see" } else { "" }
        )),
    }
}

fn judge_twin(model: &Model, index: usize, ran: &Ran) -> Result<String, String> {
    let twin = &model.twins[index];
    let (what, is_in_place) = match &twin.wrong {
        Wrong::Site { kind, file, snippet, nth } => {
            let line = site::line_of(file, snippet, *nth);
            let is_reached = ran.stderr.contains("sabotage reached");
            (format!("{file}:{line} {}", kind.name()), is_reached)
        }
        Wrong::Body { name, .. } => ((*name).to_owned(), ran.stdout.contains(EXPLORING)),
    };
    let name = model.name;
    if !is_in_place {
        return Err(format!("FAILED twin of {name}: {what}: the wrong line was never run"));
    }
    match (ran.status, twin.end) {
        (Some(0), _) => Err(format!("FAILED twin of {name}: {what}: it passes")),
        (Some(HUNG), End::Fails) => Err(format!("FAILED twin of {name}: {what}: it hangs")),
        (Some(HUNG), End::Hangs) | (_, End::Fails) => Ok(format!("TWIN {name} {what} caught")),
        (_, End::Hangs) => Err(format!("FAILED twin of {name}: {what}: it does not hang")),
    }
}
