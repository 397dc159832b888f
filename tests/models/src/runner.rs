//! Runs the models and their mutants, as many at a time as there are processors.

use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;
use std::time::Duration;

use crate::model::{Model, Mutant};
use crate::model_process::{EXPLORING, HUNG, Ran, command, in_parallel};
use crate::{catalog, child, counterexample, film, film_checks, site, weakening};

/// The time limit of a model, which is far more than any model takes.
const MODEL_LIMIT: Duration = Duration::from_secs(1800);
/// The time limit of a mutant. A mutant that has not failed by then is killed.
const MUTANT_LIMIT: Duration = Duration::from_secs(120);

/// The number of failing models whose schedules are printed.
const SCHEDULES_MAX: usize = 5;

/// The request on the command line.
enum Request {
    /// Checks the models, then their mutants.
    Check(Vec<String>),
    /// Runs the models and prints their counts.
    Bless(Vec<String>),
    /// Weakens every ordering.
    Weaken(Vec<String>),
    /// Writes films.
    Film(Vec<String>),
    /// Runs one model, or one mutant of it, in this process. The second number is a bound that
    /// replaces the model's.
    Child(String, Option<usize>, Option<usize>),
    /// Traces the operations that a model executes, in this process.
    Trace(String),
}

pub(crate) fn main() -> ExitCode {
    if let Some((name, _)) = env::vars().find(|(name, _)| name.starts_with("LOOM_MAX_")) {
        eprintln!("{name} is set, which would end an exploration early and let it pass");
        return ExitCode::FAILURE;
    }
    match request() {
        Request::Check(words) => check(&words),
        Request::Bless(words) => bless(&words),
        Request::Child(name, mutant, bound) => {
            let model = named(&name);
            let limit = if mutant.is_some() { MUTANT_LIMIT } else { MODEL_LIMIT };
            child::run(model, mutant, bound.or(model.bound), limit)
        }
        Request::Film(names) => film::main(&names),
        Request::Weaken(words) => weakening::run(&words),
        Request::Trace(name) => child::trace(named(&name)),
    }
}

fn request() -> Request {
    let mut words: Vec<String> = env::args().skip(1).filter(|word| word != "--").collect();
    match words.first().map(String::as_str) {
        Some("--weaken") => Request::Weaken(words.split_off(1)),
        Some("--child") if words.get(2).is_some_and(|word| word == "--trace") => {
            Request::Trace(words.swap_remove(1))
        }
        Some("--child") => {
            let number = |word: &String| word.parse().expect("a mutant and a bound are numbers");
            let flag = words.iter().position(|word| word == "--bound");
            let bound = flag.map(|at| number(&words.split_off(at)[1]));
            let mutant = words.get(2).map(number);
            Request::Child(words.swap_remove(1), mutant, bound)
        }
        Some("--film") => Request::Film(words.split_off(1)),
        Some("--bless") => Request::Bless(words.split_off(1)),
        Some(_) | None => Request::Check(words),
    }
}

fn named(name: &str) -> &'static Model {
    let models = catalog::all().into_iter().chain([film_checks::EVERY_OPERATION]);
    models.into_iter().find(|model| model.name == name).expect("the runner names a model")
}

fn matches(name: &str, words: &[String]) -> bool {
    words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
}

fn matching(words: &[String]) -> Vec<&'static Model> {
    catalog::all().into_iter().filter(|model| matches(model.name, words)).collect()
}

fn check(words: &[String]) -> ExitCode {
    let models = matching(words);
    find_sites(&models);
    let mutants =
        models.iter().flat_map(|model| (0..model.mutants.len()).map(|i| (*model, Some(i))));
    let jobs: Vec<ModelRun> = models.iter().map(|model| (*model, None)).chain(mutants).collect();
    let mut passed = 0;
    let mut failed = 0;
    let mut wrong = Vec::new();
    in_parallel(jobs, run, |job, ran| {
        let verdict = match job {
            (model, None) => judge_model(model, &ran),
            (model, Some(mutant)) => judge_mutant(model, mutant, &ran),
        };
        match verdict {
            Ok(line) => {
                passed += 1;
                println!("{line}");
            }
            Err(reason) => {
                failed += 1;
                println!("{reason}\n{}", ran.first_errors());
                if let (model, None) = job
                    && ran.executions().is_none()
                    && ran.status != Some(HUNG)
                {
                    wrong.push(model);
                }
            }
        }
    });
    let checks = film_checks::all().into_iter().filter(|(name, _)| matches(name, words)).collect();
    in_parallel(
        checks,
        |(_, check)| check(),
        |(name, _), verdict| match verdict {
            Ok(()) => {
                passed += 1;
                println!("CHECK {name}");
            }
            Err(reason) => {
                failed += 1;
                println!("FAILED {name}: {reason}");
            }
        },
    );
    wrong.into_iter().take(SCHEDULES_MAX).for_each(print_schedule);
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a failing model again, and prints its schedule in words.
fn print_schedule(model: &Model) {
    println!("The schedule of {}:", model.name);
    match counterexample::words(model, None) {
        Some(words) => println!("{words}"),
        None => println!("    it has failed without a failing execution"),
    }
}

/// Finds the line of every mutant, before anything runs.
fn find_sites(models: &[&Model]) {
    for mutant in models.iter().flat_map(|model| model.mutants) {
        if let Mutant::Site { file, snippet, nth, .. } = mutant {
            let _line = site::line_of(file, snippet, *nth);
        }
    }
}

/// Prints the tables of `docs/verification/theorems.md`, and the counts that differ from the
/// committed ones.
fn bless(words: &[String]) -> ExitCode {
    let mut rows = BTreeMap::new();
    let mut changes = Vec::new();
    let models = matching(words);
    let jobs = models.iter().map(|model| (*model, None)).collect();
    in_parallel(jobs, run, |(model, _), ran| {
        let executions = ran.executions();
        let (count, is_sound) = match executions {
            Some(count) if ran.status == Some(0) => (count.to_string(), true),
            Some(_) | None => ("fails".to_owned(), false),
        };
        rows.insert(model.name, row(model, &count, ran.seconds));
        if !is_sound || executions != Some(model.executions) {
            let (name, errors) = (model.name, ran.first_errors());
            changes.push(format!("{name}: {}, now {count}\n{errors}", model.executions));
        }
    });
    let mut group = "";
    for model in models {
        let (module, _statement) = model.name.split_once("::").expect("a name has its module");
        if module != group {
            println!("\n## `{module}`\n\n| statement | bound | executions | s | fails on |");
            println!("|---|---|---|---|---|");
            group = module;
        }
        println!("{}", rows[model.name]);
    }
    println!("\n{} counts to change", changes.len());
    println!("{}", changes.join("\n"));
    ExitCode::SUCCESS
}

fn row(model: &Model, count: &str, seconds: f64) -> String {
    let (_module, statement) = model.name.split_once("::").expect("a name has its module");
    let mutants = model.mutants.iter().map(|mutant| match mutant {
        Mutant::Site { kind, file, snippet, .. } => {
            let (_, file) = file.rsplit_once('/').unwrap_or(("", file));
            format!("{} `{snippet}` ({file})", kind.name())
        }
        Mutant::Body { name, .. } => (*name).to_owned(),
    });
    let mutants: Vec<String> = mutants.collect();
    let (bound, mutants) = (bound(model), mutants.join("; "));
    format!("| `{statement}` | {bound} | {count} | {seconds:.1} | {mutants} |")
}

/// A model, or, with a number, that mutant of the model.
type ModelRun = (&'static Model, Option<usize>);

fn run(&(model, mutant): &ModelRun) -> Ran {
    let mut command = command(model);
    if let Some(index) = mutant {
        command.arg(index.to_string());
        if let Some(mutation) = counterexample::mutation(&model.mutants[index]) {
            command.env("RUNTIME_LOOM_MUTATION", mutation);
        }
    }
    Ran::of(&mut command)
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
            if executions.is_some() { ": a witness is missing or unknown" } else { "" }
        )),
    }
}

fn judge_mutant(model: &Model, index: usize, ran: &Ran) -> Result<String, String> {
    let mutant = &model.mutants[index];
    let (what, is_in_place) = match mutant {
        Mutant::Site { kind, file, snippet, nth } => {
            let line = site::line_of(file, snippet, *nth);
            let is_reached = ran.stderr.contains("mutation reached");
            (format!("{file}:{line} {}", kind.name()), is_reached)
        }
        Mutant::Body { name, .. } => ((*name).to_owned(), ran.stdout.contains(EXPLORING)),
    };
    let name = model.name;
    if !is_in_place {
        return Err(format!(
            "FAILED mutant of {name}: {what}: the mutated line was never executed"
        ));
    }
    match ran.status {
        Some(0) => Err(format!("FAILED mutant of {name}: {what}: it passes")),
        Some(HUNG) => Err(format!("FAILED mutant of {name}: {what}: it hangs")),
        _ => Ok(format!("MUTANT {name} {what} caught")),
    }
}
