//! One model, or one mutant, in a process of its own.
//!
//! A failing model often takes its process along, and a hanging one has to be killed; what is left
//! for the [runner](crate::runner) to read is the exit status and a few lines.

use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use runtime_core::sync::explore::{Witness, explore};

use crate::model::{Body, Model, Wrong};

/// Told on stdout before the first execution: what fails after it fails by the model.
pub(crate) const EXPLORING: &str = "exploring";
/// Told on stdout at the end, before the number.
pub(crate) const EXECUTIONS: &str = "executions ";
/// The exit status of a process that took too long.
pub(crate) const HUNG: i32 = 124;

static WITNESS: Witness = Witness::new();

/// Runs the model, or a mutant of it, within `limit`.
pub(crate) fn run(model: &Model, mutant: Option<usize>, limit: Duration) -> ExitCode {
    thread::spawn(move || {
        thread::sleep(limit);
        process::exit(HUNG);
    });
    println!("{EXPLORING}");
    // Another body has to fail by itself: the model's witnesses are not its own.
    let (body, witnesses): (Body, _) = match mutant.map(|index| &model.mutants[index].wrong) {
        Some(Wrong::Body { body, .. }) => (*body, None),
        Some(Wrong::Site { .. }) | None => (model.body, Some(model.witnesses)),
    };
    let executions = explore(model.bound, move || body(&WITNESS));
    println!("{EXECUTIONS}{executions}");
    if witnesses.is_none_or(were_seen) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the model with one preemption at most, for the operations that it executes: they are told
/// on stdout as they are reached.
pub(crate) fn trace(model: &Model) -> ExitCode {
    let body = model.body;
    let _executions = explore(Some(1), move || body(&WITNESS));
    ExitCode::SUCCESS
}

/// Whether each of these was seen, and nothing else.
fn were_seen(witnesses: &[&str]) -> bool {
    let seen = WITNESS.seen();
    let mut complete = true;
    for name in witnesses.iter().filter(|name| !seen.contains_key(*name)) {
        eprintln!("in no execution: {name}");
        complete = false;
    }
    for name in seen.keys().filter(|name| !witnesses.contains(name)) {
        eprintln!("not among the witnesses: {name}");
        complete = false;
    }
    complete
}
