//! `ASIDE_RECORD`: the trace of a program that is not changed.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use runtime_core::sync::counter::Counter;

use super::print_line::print_line;
use super::trace::Trace;
use super::trace_file::TraceFormat;

/// The name of the environment variable.
const VARIABLE: &str = "ASIDE_RECORD";

/// The number of runtimes of this process that the variable has recorded.
static RUNS: Counter = Counter::new();

/// The trace of one runtime, and the file that it is saved to.
///
/// # Drop
/// Saves the trace. If that fails, prints one line on stderr.
pub(crate) struct TracedRun {
    trace: Trace,
    path: PathBuf,
}

impl TracedRun {
    /// If the variable is set, makes a trace unless there is one, and returns its run. If the
    /// variable names a file of another kind, prints one line on stderr.
    pub(crate) fn from_env(trace: &mut Option<Trace>) -> Option<TracedRun> {
        let path = PathBuf::from(env::var_os(VARIABLE)?);
        if let Err(error) = TraceFormat::of(&path) {
            print_line(format_args!("nothing is recorded: {VARIABLE}: {error}"));
            return None;
        }
        let trace = trace.get_or_insert_default().clone();
        Some(TracedRun { trace, path: numbered(&path, RUNS.next() + 1) })
    }
}

/// The file of the run with this number: `trace.svg`, `trace-2.svg`, `trace-3.svg`.
fn numbered(path: &Path, run: u64) -> PathBuf {
    if run == 1 {
        return path.to_owned();
    }
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push(format!("-{run}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

impl Drop for TracedRun {
    fn drop(&mut self) {
        if let Err(error) = self.trace.save(&self.path) {
            print_line(format_args!("the trace was not saved to {:?}: {error}", self.path));
        }
    }
}
