//! The error of a job that no thread would ever have run.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use runtime_core::debug_as_message;
use runtime_core::metadata::Metadata;

/// The reason why a job was refused: another job of its pool was blocking on it, and no thread
/// would ever have run it. This error is the [source](Error::source) of the
/// [`JoinError`](runtime_core::join::JoinError) that the refused job's handle yields.
///
/// All threads of the pool, or all running jobs that a lane allows, were waiting for jobs of the
/// same pool. The error names the waiting jobs. Give the pool more
/// [threads](crate::PoolBuilder::threads_max), or the lane [more running
/// jobs](crate::LaneBuilder::running_max), than the number of jobs that can wait at the same time.
/// Or *await* the inner job in a task, instead of blocking on it in a job.
#[derive(Clone)]
pub struct Deadlock {
    pub(crate) pool: Cow<'static, str>,
    /// The lane whose limit is reached; `None` if all threads are taken.
    pub(crate) lane: Option<Cow<'static, str>>,
    pub(crate) waiting: Vec<Metadata>,
}

impl Deadlock {
    /// Returns the running jobs that wait, including the job that gets this error.
    pub fn waiting(&self) -> &[Metadata] {
        &self.waiting
    }

    /// Returns the lane whose limit is reached; `None` if all threads of the pool are taken.
    pub fn lane(&self) -> Option<&str> {
        self.lane.as_deref()
    }
}

/// The maximum number of jobs that the message names. Hundreds of jobs may wait.
const NAMED_MAX: usize = 8;

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pool = &self.pool;
        let setting = match &self.lane {
            None => {
                write!(f, "every thread of pool `{pool}`")?;
                "threads_max"
            }
            Some(lane) => {
                write!(f, "every place of lane `{lane}` of pool `{pool}`")?;
                "running_max"
            }
        };
        f.write_str(
            " is taken by a job that waits for a job of the same pool, so no thread is left to ",
        )?;
        f.write_str("run this one; those that wait are ")?;
        for (index, job) in self.waiting.iter().take(NAMED_MAX).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{job}")?;
        }
        if let more @ 1.. = self.waiting.len().saturating_sub(NAMED_MAX) {
            write!(f, " and {more} more")?;
        }
        write!(f, ": raise `{setting}`, or await the job in a task instead of blocking on it")
    }
}

debug_as_message!(Deadlock);

impl Error for Deadlock {}
