//! The report of a runtime's shutdown.

use std::fmt;

use runtime_blocking::PoolReport;
use runtime_core::metadata::Metadata;

/// The tasks and jobs that a [`shutdown`](crate::Runtime::shutdown) has cancelled, and those that
/// it left running.
#[derive(Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// The tasks that had not finished.
    pub tasks_cancelled: Vec<Metadata>,
    /// The jobs that were cancelled before they began, and those that still run.
    pub jobs: PoolReport,
    /// The types of the pinned states whose last handles were dropped on the loop, and which still
    /// ran calls or were not dropped when the shutdown returned. Their threads finish later.
    pub states_left: Vec<&'static str>,
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tasks_cancelled.len() {
            1 => writeln!(f, "1 task cancelled")?,
            tasks => writeln!(f, "{tasks} tasks cancelled")?,
        }
        for task in &self.tasks_cancelled {
            writeln!(f, "  {task}")?;
        }
        for state in &self.states_left {
            writeln!(f, "a pinned state is still in use: {state}")?;
        }
        fmt::Display::fmt(&self.jobs, f)
    }
}
