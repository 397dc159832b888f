//! Runs one model, or one mutant, in this process, which was started for it.
//!
//! A failing model usually aborts its process, and a hanging model must be killed. So each runs in
//! its own process, and the [runner](crate::runner) reads the exit status and a few lines of
//! output.

use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use runtime_core::sync::explore::{Witness, explore};

use crate::model::{Body, Model, Mutant};
use crate::model_process::{EXECUTIONS, EXPLORING, HUNG};

static WITNESS: Witness = Witness::new();

/// Runs the model, or a mutant of it, within `limit`, with at most `bound` preemptions.
pub(crate) fn run(
    model: &Model,
    mutant: Option<usize>,
    bound: Option<usize>,
    limit: Duration,
) -> ExitCode {
    thread::spawn(move || {
        thread::sleep(limit);
        process::exit(HUNG);
    });
    println!("{EXPLORING}");
    // The body of a mutant must panic or deadlock, because the model's witnesses are not checked
    // for it.
    let (body, witnesses): (Body, _) = match mutant.map(|index| &model.mutants[index]) {
        Some(Mutant::Body { body, .. }) => (*body, None),
        Some(Mutant::Site { .. }) | None => (model.body, Some(model.witnesses)),
    };
    let executions = explore(bound, move || body(&WITNESS));
    println!("{EXECUTIONS}{executions}");
    if witnesses.is_none_or(were_seen) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the model with at most one preemption. The facade writes the executed operations to stdout.
pub(crate) fn trace(model: &Model) -> ExitCode {
    let body = model.body;
    let _executions = explore(Some(1), move || body(&WITNESS));
    ExitCode::SUCCESS
}

/// Returns whether the recorded events are exactly these.
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
