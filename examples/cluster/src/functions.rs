//! The functions that this program can call by name, in its own process and in worker processes.

use std::sync::OnceLock;

use aside::process_pool::{Function, Registered, answer};

static FUNCTIONS: OnceLock<Vec<&'static dyn Registered>> = OnceLock::new();

/// The one function that worker processes run: it finds the function of a job by its name.
pub(crate) static RUN: Function<(String, Vec<u8>), Result<Vec<u8>, String>> =
    Function::new("cluster-run", |(name, arguments)| run_here(&name, &arguments));

/// Sets the functions of the program. Call it at the beginning of `main`: in a worker process it
/// runs jobs, and never returns. The workers of a process pool of the program know the functions,
/// too.
///
/// # Panics
/// If it is called twice.
pub fn init(functions: &[&'static dyn Registered]) {
    assert!(FUNCTIONS.set(functions.to_vec()).is_ok(), "`cluster::init` was called twice");
    let mut all: Vec<&dyn Registered> = vec![&RUN];
    all.extend(functions);
    aside::process_pool::init(&all);
}

/// Calls a function in this process.
pub(crate) fn run_here(name: &str, arguments: &[u8]) -> Result<Vec<u8>, String> {
    let functions = FUNCTIONS.get().ok_or("`cluster::init` was not called")?;
    let mut reply = Vec::new();
    answer(functions, name, arguments, &mut reply).map_err(|error| error.to_string())?;
    Ok(reply)
}
